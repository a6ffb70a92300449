"""`dragoman data annotate`: gold scores from a judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from cyclopts import Parameter

from dragoman.asking import ReplyCache
from dragoman.cli.data.running import PaidStep
from dragoman.cli.options import EngineOptions, JudgeOptions
from dragoman.cli.running import RunOptions, Text
from dragoman.data.annotate import Annotator, Said
from dragoman.data.sources import read_items
from dragoman.engines import Engine
from dragoman.errors import UserError
from dragoman.ranker import group_key
from dragoman.records import group_from_row
from dragoman.runs import Worker
from dragoman.types import Group


def annotate(
    file: Text,
    /,
    *,
    output: Annotated[Text, Parameter(name=["--output", "-o"])],
    orders: int = 2,
    judge: JudgeOptions = JudgeOptions(),
    engine: EngineOptions = EngineOptions(),
    run: RunOptions = RunOptions(),
) -> int:
    """Have a judge score groups: each comes out with scores, an analysis and a confidence.

    The judge sees each group in its own order and in others. The confidence is the share of
    pairs on which two of its answers say the same. A group that could not be judged comes out
    with status failed and a reason.

    Parameters
    ----------
    file
        Groups, whose own scores are not looked at: .jsonl, .tsv, .parquet, a folder, or - for
        JSONL from standard input.
    output
        A JSONL file, beside which OUTPUT.provenance.json says where the rows came from; - for
        standard output.
    orders
        How many orders each group is shown in; a pointwise judge is asked so often. A judge that
        asks no model is asked once.
    """
    alone = judge.judge == "pointwise"
    asked = orders if engine.engine else 1
    if judge.permute or judge.votes != 1 or judge.slots:
        raise UserError("annotations are told in the group's own order; give --orders instead")
    if alone and asked > 1 and engine.temperature == 0:
        raise UserError("a pointwise judge says the same again at temperature 0; --orders 1")

    def hire(opened: Engine | None, cache: ReplyCache | None) -> Worker[Group, Said]:
        made = judge.make(opened, engine.sampling, cache)
        annotator = Annotator(made, asked, alone, engine.seed)
        return Worker(annotator.fields, annotator.annotate)

    def groups() -> Iterator[Group]:
        return (group for _, _, group in read_items(file, group_from_row))

    step = PaidStep(
        "annotate", [file], group_from_row, groups, group_key, hire, "groups", "not annotated",
        failures=True,
    )  # fmt: skip
    return step.do(output, engine, run)
