"""`dragoman evaluate audit`: looks for a judge's faults."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from dragoman.asking import ReplyCache
from dragoman.cli.evaluate_ranking import ReportOptions, check_metric, for_place, verdict_place
from dragoman.cli.options import EngineOptions, JudgeOptions
from dragoman.cli.running import Job, RunOptions, Text
from dragoman.engines import Engine
from dragoman.errors import UserError
from dragoman.evaluation.audits import audit_report
from dragoman.evaluation.groups import read_human_groups
from dragoman.evaluation.probes import AUDITS, DRAWS, Audit, Probe, probes, probing
from dragoman.evaluation.tables import audit_tables, signatures
from dragoman.evaluation.verdicts import read_in_order
from dragoman.judges import Orders
from dragoman.row_files import STDIN
from dragoman.runs import Progress, Worker
from dragoman.types import Judgement


def audit(
    groups: Text,
    /,
    *,
    only: Annotated[
        tuple[Audit, ...], Parameter(consume_multiple=True, negative=(), show_default=False)
    ] = AUDITS,
    opinions: int = 4,
    orders: Orders = "all",
    verdicts: Text | None = None,
    report: ReportOptions = ReportOptions(),
    judge: JudgeOptions = JudgeOptions(),
    engine: EngineOptions = EngineOptions(),
    run: RunOptions = RunOptions(),
) -> int:
    """Look for a judge's faults on groups with human scores.

    Does it favour a slot, contradict itself, give everything one score, prefer the longer, favour
    a system, or fall for tricks? Each is a number with an interval, and a fault where the interval
    leaves no doubt.

    Parameters
    ----------
    groups
        Groups with human scores, as for `dragoman evaluate ranking`.
    only
        Some audits: position, consistency, saturation, length, systems, attacks.
    opinions
        How often each group is judged for its consistency; wants a --temperature.
    orders
        The orders of groups of up to 4: all, or balanced. Larger groups are balanced.
    verdicts
        Where what the judge says is kept; beside --json if not given.
    """
    from dragoman.cli.evaluation_tables import show_audit

    if groups == STDIN:
        raise UserError("give a file of groups; it is read more than once")
    if not 2 <= opinions <= DRAWS:
        raise UserError(f"--opinions {opinions}: from 2 to {DRAWS}")
    if judge.judge is None and engine.engine is None:
        raise UserError("say who is audited: --judge or --engine")
    report.check((groups, verdicts))
    human = read_human_groups(groups)
    check_metric(groups, human, judge.judge)
    audits: list[Audit] = [audit for audit in AUDITS if audit in only]
    if engine.engine and engine.temperature == 0 and "consistency" in audits:
        print("dragoman: no --temperature, so no audit of consistency", file=sys.stderr)
        audits.remove("consistency")
    asked = list(probes(human, audits, opinions, orders))

    def hire(opened: Engine | None, cache: ReplyCache | None) -> Worker[Probe, Judgement]:
        made = judge.make(opened, engine.sampling, cache)
        return Worker({"audit": 1, **made.fields}, probing(made))

    with verdict_place(verdicts, report.json) as place:
        job = Job(
            lambda: asked, Progress(len(asked)), False, engine, for_place(run, groups, place), hire,
            lambda probe: probe.key, lambda judgement: None, noun="probes", lacking="unjudged",
        )  # fmt: skip
        code = job.do(place)
        said = list(read_in_order(place, (len(probe.group) for probe in asked)))
    made = audit_report(human, list(zip(asked, said, strict=True)), audits)
    report.write(made, audit_tables(made), signatures(made))
    if report.json != STDIN:
        show_audit(made)
    return code
