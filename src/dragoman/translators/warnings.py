"""What is doubtful about a translation that nevertheless is one: kept beside it, and counted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dragoman.types import Translation

KEY = "warnings"


def warned(translation: Translation, warnings: Mapping[str, str]) -> Translation:
    """The translation with further warnings in its details: a kind each, and words for it."""
    if not warnings:
        return translation
    before: Mapping[str, str] = translation.details.get(KEY, {})
    return replace(translation, details={**translation.details, KEY: {**before, **warnings}})


def warnings_in(line: str) -> list[str]:
    """The kinds of warnings in a translation line, to be counted."""
    row: dict[str, Any] = json.loads(line)
    return list(row.get("details", {}).get(KEY, {}))
