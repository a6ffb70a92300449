"""`dragoman data policy`: training sets for translators by reinforcement."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from dragoman.cli.data.options import OutputOptions
from dragoman.cli.running import Flag, Text
from dragoman.data.policy import TOWER_LANGUAGES, CrossLingual, policy_rows
from dragoman.data.step import Step
from dragoman.language_check import NONE, make_language_check

Several = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())]


def policy(
    file: Text,
    /,
    *,
    output: OutputOptions,
    cross_lingual: Flag = False,
    languages: Several = TOWER_LANGUAGES,
    language_check: str = NONE,
    seed: int = 0,
) -> None:
    """Make a training set for a translator, from segments: what `dragoman train policy` reads.

    With --cross-lingual every segment is also to be translated into another language, drawn
    evenly, and has no reference there.

    Parameters
    ----------
    file
        Segments {id, src_lang, tgt_lang, source, reference?}: .jsonl, .tsv, .parquet, or a folder.
    cross_lingual
        Also translate each segment into one of --languages.
    languages
        What to draw from; the segment's own two are left out.
    language_check
        Drop references in another language than theirs: langid, module:Name or none.
    seed
        Another seed draws other languages.
    """
    check = make_language_check(language_check)
    settings: dict[str, object] = {"language_check": check.name}
    if cross_lingual:
        settings |= {"cross_lingual": " ".join(languages), "seed": seed}
    augment = CrossLingual(languages, seed) if cross_lingual else None
    step = Step("policy", [file], settings)
    output.write(step, lambda tally: policy_rows(file, augment, check, tally))
