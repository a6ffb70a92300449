"""`dragoman evaluate ranking`: a judge, or its verdicts, beside human scores."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cyclopts import Parameter

from dragoman.asking import ReplyCache
from dragoman.cli.options import EngineOptions, JudgeOptions
from dragoman.cli.running import Job, RunOptions, Text
from dragoman.engines import Engine
from dragoman.errors import UserError
from dragoman.evaluation.groups import HumanGroup, check_references, read_human_groups
from dragoman.evaluation.judge_report import judge_report, pair_rows
from dragoman.evaluation.page import page
from dragoman.evaluation.tables import Table, latex, markdown, parts, signatures, summary
from dragoman.evaluation.verdicts import read_verdicts
from dragoman.ranker import group_key, judging
from dragoman.row_files import STDIN, to_line, write_lines
from dragoman.runs import Progress, Worker
from dragoman.types import Group, Judgement


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Where reports go; what is there is replaced."""

    json: Text | None = None
    """Every figure as JSON; - for standard output."""
    markdown: Text | None = None
    """The tables as Markdown."""
    latex: Text | None = None
    """The summary table as LaTeX."""

    def check(self, inputs: Iterable[str | None], others: Iterable[str | None] = ()) -> None:
        """Before anything is paid for: nothing that is read is replaced, no report replaces
        another (`others` are written too), and every folder is there."""
        taken = {Path(place).resolve() for place in inputs if place}
        for place in (self.json, self.markdown, self.latex, *others):
            if place is None or place == STDIN:
                continue
            path = Path(place).resolve()
            if path in taken:
                raise UserError(f"{place} is read or written already; name another file")
            if not path.parent.is_dir():
                raise UserError(f"{place}: there is no folder {path.parent}")
            taken.add(path)

    def write(
        self, report: Mapping[str, Any], tables: Sequence[Table], signatures: Sequence[str]
    ) -> None:
        """Write what was asked for."""
        if self.json:
            with write_lines(self.json) as write:
                write(json.dumps(report, ensure_ascii=False, allow_nan=False, indent=1))
        if self.markdown:
            with write_lines(self.markdown) as write:
                told = [f"`{signature}`\n" for signature in signatures]
                write("\n".join([*map(markdown, tables), *told]))
        if self.latex:
            with write_lines(self.latex) as write:
                write(latex(tables[0]) + "".join(f"% {one}\n" for one in signatures))


def ranking(
    groups: Text | None = None,
    /,
    *,
    suite: Text | None = None,
    verdicts: Text | None = None,
    against: Text | None = None,
    pairs: Text | None = None,
    html: Text | None = None,
    report: ReportOptions = ReportOptions(),
    judge: JudgeOptions = JudgeOptions(),
    engine: EngineOptions = EngineOptions(),
    run: RunOptions = RunOptions(),
) -> int:
    """Hold a judge against human scores.

    With a --judge or an --engine the groups are judged first, as `dragoman rank` does it, and the
    verdicts are kept in --verdicts, or beside --json. Without, --verdicts are read. Groups that
    the judge failed on are counted, and are in no figure.

    Parameters
    ----------
    groups
        Groups with human scores: {id, src_lang, tgt_lang, source, reference?, candidates,
        human_scores, doc_id?} (.jsonl or .parquet).
    suite
        A TOML file that names sets of groups and judges, instead of groups: the table of all
        judges on all sets; see docs/evaluating.md. Budgets are for each judge.
    verdicts
        Lines of `dragoman rank`, or {id, scores}; with --suite the folder of all verdicts,
        SUITE.verdicts if not given.
    against
        The same of another judge; says whether the difference could be chance.
    pairs
        Where a JSON line for each pair goes.
    html
        Where the report goes as a page, with a browser of the groups.
    """
    from dragoman.cli.evaluation_tables import show_ranking

    if suite is not None:
        from dragoman.cli.evaluate_suite import run_suite

        if groups or against or pairs or judge != JudgeOptions() or engine != EngineOptions():
            raise UserError("--suite names all groups and judges; leave what names them here out")
        return run_suite(suite, verdicts, html, report, run)
    if groups is None or groups == STDIN:
        raise UserError("give a file of groups (it is read more than once), or a --suite")
    asked = judge.judge is not None or engine.engine is not None
    if not asked and verdicts is None:
        raise UserError("say who judges (--judge, --engine), or where its --verdicts are")
    report.check((groups, verdicts, against), (pairs, html))
    human = read_human_groups(groups)
    check_metric(groups, human, judge.judge)
    others = read_verdicts(against, human) if against else None
    code = 0
    with verdict_place(verdicts, report.json) as place:
        if asked:
            code = judge_groups(groups, human, place, judge, engine, run)
        said = read_verdicts(place, human)
    made = judge_report(human, said, others)
    report.write(made, [summary(made), *parts(made)], signatures(made))
    if pairs:
        _write(pairs, map(to_line, pair_rows(human, said)))
    if html:
        _write(html, page(made, human, said))
    if report.json != STDIN:
        show_ranking(made)
    return code


def judge_groups(
    file: str,
    human: list[HumanGroup],
    place: str,
    judge: JudgeOptions,
    engine: EngineOptions,
    run: RunOptions,
) -> int:
    """Judge the groups into a file of verdict lines, with its ledger beside it."""
    run = for_place(run, file, place)

    def hire(opened: Engine | None, cache: ReplyCache | None) -> Worker[Group, Judgement]:
        made = judge.make(opened, engine.sampling, cache)
        return Worker(made.fields, judging(made))

    job = Job(
        lambda: (one.group for one in human), Progress(len(human)), False, engine, run, hire,
        group_key, lambda judgement: None, noun="groups", lacking="unjudged",
    )  # fmt: skip
    return job.do(place)


def check_metric(path: str, human: list[HumanGroup], judge: str | None) -> None:
    """Refuse groups that lack the reference that this metric needs."""
    from dragoman.metrics import make_metric

    kind, _, name = (judge or "").partition(":")
    if judge and kind == "metric" and make_metric(name or "chrf").needs_reference:
        check_references(path, human, judge)


PASSING = "dragoman-verdicts-"


@contextmanager
def verdict_place(verdicts: str | None, report: str | None) -> Generator[str]:
    """Where the verdicts lie: as named, beside the report, or for the time being."""
    if verdicts:
        yield verdicts
    elif report and report != STDIN:
        yield f"{Path(report).with_suffix('')}.verdicts.jsonl"
    else:
        with TemporaryDirectory(prefix=PASSING) as folder:
            yield str(Path(folder) / "verdicts.jsonl")


def for_place(run: RunOptions, file: str, place: str) -> RunOptions:
    """How a run that writes there goes; verdicts that pass away need no ledger."""
    if Path(place).parent.name.startswith(PASSING):
        run = replace(run, no_ledger=run.ledger is None)
    run.check_places(file, place)
    return run


def _write(path: str, lines: Iterable[str]) -> None:
    with write_lines(path) as write:
        for line in lines:
            write(line)
