"""`dragoman evaluate translation`: systems beside references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Literal

from cyclopts import Parameter

from dragoman.asking import ReplyCache
from dragoman.cli.evaluate_ranking import ReportOptions, for_place, verdict_place
from dragoman.cli.options import EngineOptions, JudgeOptions
from dragoman.cli.running import Job, RunOptions, Text, Worker
from dragoman.engines import Engine
from dragoman.errors import UserError
from dragoman.evaluation.opinions import Opinion, metric_opinion
from dragoman.evaluation.probes import DRAWS, Probe, probing
from dragoman.evaluation.rewards_used import rewards_of
from dragoman.evaluation.tables import signatures, translation_tables
from dragoman.evaluation.translation_report import Paired, translation_report
from dragoman.evaluation.translations import System, read_referenced, read_system
from dragoman.evaluation.verdicts import read_in_order
from dragoman.metrics import make_metric
from dragoman.row_files import STDIN
from dragoman.runs import Progress
from dragoman.types import Candidate, Group, Judgement, Segment

TESTS: Mapping[str, tuple[Paired, ...]] = MappingProxyType(
    {"none": (), "bs": ("bs",), "ar": ("ar",), "both": ("bs", "ar")}
)


def translation(
    segments: Text,
    /,
    *,
    system: Annotated[
        tuple[Text, ...], Parameter(name=["--system", "-s"], negative=(), show_default=False)
    ],
    paired: Literal["none", "bs", "ar", "both"] = "none",
    metric: Annotated[tuple[Text, ...], Parameter(negative=(), show_default=False)] = (),
    runs: int = 1,
    reward_was: Annotated[tuple[Text, ...], Parameter(negative=(), show_default=False)] = (),
    verdicts: Text | None = None,
    report: ReportOptions = ReportOptions(),
    judge: JudgeOptions = JudgeOptions(),
    engine: EngineOptions = EngineOptions(),
    run: RunOptions = RunOptions(),
) -> int:
    """Hold translations against references: BLEU, chrF and TER, as sacrebleu gives them.

    Systems are compared on the segments that all of them translated; failures are counted. With
    an --engine a judge also scores every translation alone, with the reference and the comment of
    its segment in sight where its format shows them: gemba-sqm if no --format is given.

    Parameters
    ----------
    segments
        {id, src_lang, tgt_lang, source, reference, comment?}, or the columns of published test
        sets (src_text, trg_text, …): .jsonl, .tsv, .parquet, or a folder of them.
    system
        What `dragoman translate` wrote, or a .txt with a line a segment; one -s for each system,
        the baseline first.
    paired
        Test the difference to the baseline: bs is paired bootstrap, ar approximate randomisation.
    metric
        Another metric of `dragoman metrics`, such as comet or comet:FOLDER.
    runs
        How often the judge is asked about each translation; wants a --temperature.
    reward_was
        What a system was trained towards: a metric, an engine, or the folder of its training run.
        Such numbers are marked.
    verdicts
        Where what the judge says is kept; beside --json if not given.
    """
    from dragoman.cli.evaluation_tables import show_translation

    if len({*system}) != len(system):
        raise UserError("a --system is named twice")
    report.check((segments, *system), (verdicts,))
    rewards = {reward for told in reward_was for reward in rewards_of(told)}
    asked = judge.judge is not None or engine.engine is not None
    if asked:
        judge = alone(judge, engine, runs)
    wanted = read_referenced(segments)
    systems = [read_system(path, wanted) for path in system]
    if len({one.name for one in systems}) != len(systems):
        raise UserError("two systems have one file name; rename one of them")
    texts = [one.texts for one in systems]
    opinions = [metric_opinion(make_metric(name), wanted, texts) for name in metric]
    code = 0
    if asked:
        with verdict_place(verdicts, report.json) as place:
            options = for_place(run, segments, place)
            code, said = judge_alone(wanted, systems, runs, place, judge, engine, options)
            opinions.append(said)
    made = translation_report(wanted, systems, TESTS[paired], opinions, rewards)
    report.write(made, translation_tables(made), signatures(made))
    if report.json != STDIN:
        show_translation(made)
    return code


def alone(judge: JudgeOptions, engine: EngineOptions, runs: int) -> JudgeOptions:
    """The judge as one that scores a translation alone, or why it cannot."""
    kind = (judge.judge or "pointwise").partition(":")[0]
    if kind in ("group", "metric") or judge.permute or judge.slots or judge.votes != 1:
        raise UserError(
            "here a judge scores each translation alone, such as --judge pointwise; metrics go "
            "with --metric, and --runs says how often it is asked"
        )
    if not 1 <= runs <= DRAWS:
        raise UserError(f"--runs {runs}: from 1 to {DRAWS}")
    if runs > 1 and engine.temperature == 0:
        raise UserError("runs at temperature 0 are all the same; set it to 0.4, say")
    usual = "gemba-sqm" if kind == "pointwise" else None
    return replace(judge, judge=judge.judge or "pointwise", format=judge.format or usual)


def judge_alone(
    segments: Sequence[Segment],
    systems: Sequence[System],
    runs: int,
    place: str,
    judge: JudgeOptions,
    engine: EngineOptions,
    run: RunOptions,
) -> tuple[int, Opinion]:
    """Every translation, judged so often. A text that several systems have is asked about once."""
    asked = [
        (draw, number, Probe("run", where, Group(segments[where], (Candidate(text),)), draw))
        for draw in range(runs)
        for number, one in enumerate(systems)
        for where, text in enumerate(one.texts)
        if text is not None
    ]

    def hire(opened: Engine | None, cache: ReplyCache | None) -> Worker[Probe, Judgement]:
        made = judge.make(opened, engine.sampling, cache)
        return Worker({"translations": 1, **made.fields}, probing(made))

    job = Job(
        lambda: [probe for _, _, probe in asked], Progress(len(asked)), False, engine, run, hire,
        lambda probe: probe.key, lambda judgement: None, noun="translations", lacking="unjudged",
    )  # fmt: skip
    code = job.do(place)
    scores: list[list[list[float | None]]]
    scores = [[[None] * len(segments) for _ in systems] for _ in range(runs)]
    signed = ""
    for (draw, number, probe), said in zip(
        asked, read_in_order(place, (1 for _ in asked)), strict=True
    ):
        scores[draw][number][probe.number] = said.scores[0] if said.scores else None
        signed = signed or said.signature
    return code, Opinion(engine.engine or judge.judge or "", signed, scores)
