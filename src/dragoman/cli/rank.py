"""`dragoman rank`: judge one group given by flags, or every group of a file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

from cyclopts import Parameter

from dragoman.asking import ReplyCache
from dragoman.cli.options import EngineOptions, JudgeOptions
from dragoman.cli.running import Job, RunOptions, Text
from dragoman.engines import Engine
from dragoman.errors import UserError
from dragoman.languages import language_name
from dragoman.ranker import group_key, judging
from dragoman.records import check_groups, read_groups
from dragoman.row_files import STDIN
from dragoman.runs import Progress, Worker
from dragoman.types import Candidate, Group, Judgement, Segment


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class GroupOptions:
    """One group, written out on the command line."""

    source: Text | None = None
    """The text that was translated."""
    from_: Annotated[str | None, Parameter(name="--from")] = None
    """Its language, as a code (de, pt-BR) or an English name."""
    to: str | None = None
    """The language of the translations."""
    candidate: Annotated[
        tuple[Text, ...],
        Parameter(
            name=["--candidate", "-c"],
            negative=(),
            show_default=False,
            allow_leading_hyphen=True,
        ),
    ] = ()
    """A translation; give one -c for each."""
    reference: Text | None = None
    """A translation known to be good, for judges that compare with one."""

    def group(self) -> Group:
        """The group, if everything needed is given."""
        if self.source is None or not self.from_ or not self.to or not self.candidate:
            raise UserError(
                "nothing to rank: give a file of groups, "
                "or --source TEXT --from de --to en -c TEXT -c TEXT"
            )
        for language in (self.from_, self.to):
            language_name(language)
        segment = Segment("1", self.source, self.from_, self.to, self.reference)
        return Group(segment, tuple(map(Candidate, self.candidate)))


def rank(
    file: Text | None = None,
    /,
    *,
    output: Annotated[Text | None, Parameter(name=["--output", "-o"])] = None,
    group: GroupOptions = GroupOptions(),
    judge: JudgeOptions = JudgeOptions(),
    engine: EngineOptions = EngineOptions(),
    run: RunOptions = RunOptions(),
) -> int:
    """Rank candidate translations.

    Give one group by flags, or a FILE of groups (.jsonl, .tsv, .parquet, or - for JSONL from
    standard input). Without --output the verdicts are shown as tables; with it they are
    written as JSON lines, - for standard output.

    Parameters
    ----------
    file
        Groups: {id, src_lang, tgt_lang, source, reference?, candidates: [{text, system?}]}.
    output
        Where the verdicts go, one JSON line a group, in input order.
    """
    if file is not None and group != GroupOptions():
        raise UserError("give a file or one group by flags, not both")
    judge = _choose_judge(judge, engine)
    run.check_places(file, output)
    one = group.group() if file is None else None
    total = 1 if file is None else None if file == STDIN else check_groups(file)

    def hire(opened: Engine | None, cache: ReplyCache | None) -> Worker[Group, Judgement]:
        made = judge.make(opened, engine.sampling, cache)
        return Worker(made.fields, judging(made))

    job = Job(
        lambda: [one] if one else read_groups(str(file)), Progress(total), file == STDIN,
        engine, run, hire, group_key, _shown(),
        noun="groups", lacking="unjudged",
    )  # fmt: skip
    return job.do(output)


def _choose_judge(judge: JudgeOptions, engine: EngineOptions) -> JudgeOptions:
    """Without a word on who judges: the engine's group judge, or else chrF, and say so."""
    if judge.judge is None and engine.engine is None:
        print(
            "dragoman: no --engine, so chrF against the reference judges (--judge metric:chrf)",
            file=sys.stderr,
        )
        return replace(judge, judge="metric:chrf")
    return judge


def _shown() -> Callable[[Judgement], None]:
    """Shows judgements as tables, with a line between them."""
    from dragoman.cli.tables import show_judgement

    first = True

    def show(judgement: Judgement) -> None:
        nonlocal first
        if not first:
            print()
        first = False
        show_judgement(judgement)

    return show
