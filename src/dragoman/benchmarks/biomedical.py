"""The biomedical set: a JSON file a system, errors in every entry, several annotators a segment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, cast

from dragoman.benchmarks.rated import Rated, rated
from dragoman.errors import BadRecord, UserError
from dragoman.types import Segment

FOLDER = Path("data/v2/target/main_phase/round_two")
REFERENCE = "reference"


def weight(error: Mapping[str, Any]) -> float:
    """Minor 1, major and critical 5, minor punctuation 0.1, unintelligible 25, neutral nothing."""
    severity = error["severity"]
    if severity == "Minor":
        return 0.1 if error["error_subcategory"] == "Punctuation" else 1
    if severity in ("Major", "Critical"):
        return 25 if error["error_category"] == "Unintelligible" else 5
    return 0


def bio21(repo: Path) -> Iterator[Rated]:
    folders = sorted(path for path in (repo / FOLDER).glob("??2??") if path.is_dir())
    if not folders:
        raise UserError(f"{repo / FOLDER}: no language pairs; is this a checkout of the set?")
    for folder in folders:
        yield from _language_pair(folder)


def _language_pair(folder: Path) -> Iterator[Rated]:
    source_lang, _, target_lang = folder.name.partition("2")
    texts: dict[tuple[str, str], dict[str, str]] = {}
    costs: dict[tuple[str, str], dict[str, list[float]]] = {}
    for file in sorted(folder.glob("*.json")):
        for number, entry in enumerate(_entries(file), 1):
            try:
                # Numbers of segments differ between files; what they are of does not.
                key = str(entry["DOC_ID"]), " ".join(str(entry["source"]).split())
                cost = sum(map(weight, entry["target_errors"]))
                texts.setdefault(key, {}).setdefault(file.stem, str(entry["target"]))
            except (KeyError, TypeError):
                raise BadRecord(file, number, "no entry of this set") from None
            costs.setdefault(key, {}).setdefault(file.stem, []).append(cost)
    numbers: dict[str, int] = {}
    for key, told in texts.items():
        document, source = key
        numbers[document] = numbers.get(document, 0) + 1
        id = f"bio21.{source_lang}-{target_lang}.{document}.{numbers[document]}"
        segment = Segment(id, source, source_lang, target_lang, told.get(REFERENCE))
        scores = {name: -fmean(each) for name, each in costs[key].items()}
        if group := rated(segment, document, "biomedical", told, scores, (REFERENCE,)):
            yield group


def _entries(file: Path) -> Sequence[Mapping[str, Any]]:
    try:
        entries: object = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{file}: cannot read: {error.strerror}") from None
    except ValueError as error:
        raise UserError(f"{file}: not JSON: {error}") from None
    if not isinstance(entries, list):
        raise UserError(f"{file}: must be a list of entries")
    return cast(list[Mapping[str, Any]], entries)
