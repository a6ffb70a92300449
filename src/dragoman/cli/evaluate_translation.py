"""`dragoman evaluate translation`: systems beside references."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from cyclopts import Parameter

from dragoman.cli.evaluate_ranking import ReportOptions
from dragoman.cli.running import Text
from dragoman.errors import UserError
from dragoman.evaluation.tables import signatures, translation_tables
from dragoman.evaluation.translation_report import Paired, translation_report
from dragoman.evaluation.translations import read_referenced, read_system
from dragoman.row_files import STDIN

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
    report: ReportOptions = ReportOptions(),
) -> None:
    """Hold translations against references: BLEU, chrF and TER, as sacrebleu gives them.

    Systems are compared on the segments that all of them translated; failures are counted.

    Parameters
    ----------
    segments
        {id, src_lang, tgt_lang, source, reference} (.jsonl, .tsv or .parquet).
    system
        What `dragoman translate` wrote, or a .txt with a line a segment; one -s for each system,
        the baseline first.
    paired
        Test the difference to the baseline: bs is paired bootstrap, ar approximate randomisation.
    """
    from dragoman.cli.evaluation_tables import show_translation

    if len({*system}) != len(system):
        raise UserError("a --system is named twice")
    report.check((segments, *system))
    wanted = read_referenced(segments)
    systems = [read_system(path, wanted) for path in system]
    if len({one.name for one in systems}) != len(systems):
        raise UserError("two systems have one file name; rename one of them")
    made = translation_report(wanted, systems, TESTS[paired])
    report.write(made, translation_tables(made), signatures(made))
    if report.json != STDIN:
        show_translation(made)
