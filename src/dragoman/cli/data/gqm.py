"""`dragoman data gqm`: training sets for group judges."""

from __future__ import annotations

from typing import Literal

from dragoman.cli.data.options import OutputOptions
from dragoman.cli.running import Text
from dragoman.data.augment import Augmentation
from dragoman.data.gqm import comparisons, lessons
from dragoman.data.step import Step
from dragoman.errors import UserError
from dragoman.formats.gqm import GQM, GQMRanking, GQMScore
from dragoman.formats.sqm import SQM

FORMS = {"gqm": GQM, "gqm-ranking": GQMRanking, "gqm-score": GQMScore, "sqm": SQM}

# The published recipe's.
SHUFFLES = 4
SUBGROUPS = 4


def gqm(
    kind: Literal["sft", "rl"],
    file: Text,
    /,
    *,
    output: OutputOptions,
    form: Literal["gqm", "gqm-ranking", "gqm-score", "sqm"] = "gqm",
    min_confidence: float = 0.0,
    shuffles: int = SHUFFLES,
    subgroups: int = SUBGROUPS,
    seed: int = 0,
) -> None:
    """Make a training set for a group judge, from groups with gold scores.

    sft writes lessons {prompt, response}: what a judge is asked, and its reply to the byte. The
    groups need an analysis, as `dragoman data annotate` writes it. rl writes gold groups in other
    orders and as smaller groups, each row once, the best candidate equally often in each slot.

    Parameters
    ----------
    kind
        sft or rl.
    file
        Groups with scores: .jsonl, .tsv, .parquet, or a folder of such files.
    form
        sft: the answer's form; sqm for a judge of candidates one by one, from the analyses of a
        pointwise annotator.
    min_confidence
        sft: leave out groups on which the annotator agreed less with itself.
    shuffles
        rl: other orders of each group, and of each smaller one; as many as there are.
    subgroups
        rl: smaller groups out of each group.
    seed
        rl: another seed draws other orders and smaller groups.
    """
    if kind == "sft":
        settings: dict[str, object] = {"form": form, "min_confidence": min_confidence}
        format = FORMS[form]()
        step = Step("gqm-sft", [file], settings)
        output.write(step, lambda tally: lessons(file, format, tally, min_confidence))
        return
    if form != "gqm" or min_confidence:
        raise UserError("--form and --min-confidence are for sft")
    how = Augmentation(shuffles, subgroups)
    step = Step("gqm-rl", [file], {"shuffles": shuffles, "subgroups": subgroups, "seed": seed})
    output.write(step, lambda tally: comparisons(file, how, seed, tally))
