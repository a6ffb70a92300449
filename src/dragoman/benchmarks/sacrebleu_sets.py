"""The test sets that sacrebleu knows by name, such as wmt22.

sacrebleu fetches a set when it is first asked for, and keeps it in ~/.sacrebleu, or where
$SACREBLEU says. Texts are as it gives them; of several references the first counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dragoman.benchmarks.files import same_length, texts_of
from dragoman.errors import UnknownName, UserError
from dragoman.records import segment_to_row
from dragoman.row_files import Row
from dragoman.types import Segment

DOCUMENT = "docid"


def segments(name: str, pair: Sequence[str] = ()) -> Iterator[tuple[str, Row]]:
    """All language pairs, where none are named."""
    from sacrebleu.dataset import DATASETS

    if name not in DATASETS:
        known = ", ".join(DATASETS)
        raise UnknownName(f"sacrebleu has no test set called {name!r}; there are {known}")
    told: Any = DATASETS[name]
    for one in pair or [*told.langpairs]:
        if one not in told.langpairs:
            known = ", ".join(told.langpairs)
            raise UserError(f"sacrebleu's {name} has no pair {one}; there are {known}")
        yield from _language_pair(name, one, told)


def _language_pair(name: str, pair: str, told: Any) -> Iterator[tuple[str, Row]]:
    source, reference, document = _fetched(name, pair, told)
    sources = texts_of(source)
    references = same_length(reference, len(sources))
    documents = same_length(document, len(sources)) if document else [""] * len(sources)
    languages = pair.split("-", 1)
    for place, text in enumerate(sources):
        id = f"{name}.{pair}.{place + 1}"
        segment = Segment(id, text, languages[0], languages[1], references[place])
        yield pair, {**segment_to_row(segment), "doc_id": documents[place] or id}


def _fetched(name: str, pair: str, told: Any) -> tuple[Path, Path, Path | None]:
    """The files of sources, of the first reference, and of documents where these are told."""
    from sacrebleu.utils import SACREBLEU_DIR

    try:
        by_field = dict(zip(told.fieldnames(pair), told.get_files(pair), strict=True))
        source, reference = told.get_source_file(pair), told.get_reference_files(pair)[0]
    # It ends the program where a file is not what was published, and lets everything else through.
    except (Exception, SystemExit) as error:
        reason = "see above" if isinstance(error, SystemExit) else error
        raise UserError(
            f"sacrebleu cannot give {name} {pair}: {reason}. It fetches a test set once and keeps "
            f"it in {SACREBLEU_DIR}; copy {SACREBLEU_DIR}/{name} here from a machine that has it"
        ) from error
    document = by_field.get(DOCUMENT)
    return Path(source), Path(reference), Path(document) if document else None
