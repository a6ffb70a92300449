"""The translation line: how a translation is written to a file.

`{id, status, translation, samples?, reason?, details?, signature}`, where `samples` lists all
texts if there are several, the translation first. A failed translation has status `failed`,
a `reason`, and null for the text.
"""

from __future__ import annotations

from typing import Any

from dragoman.types import Translation


def translation_row(translation: Translation) -> dict[str, Any]:
    """The row of one translation; equal translations give equal rows."""
    texts, failure = translation.texts, translation.failure
    row: dict[str, Any] = {
        "id": translation.segment.id,
        "status": "failed" if failure else "ok",
        "translation": None if failure else texts[0],
    }
    if len(texts) > 1:
        row["samples"] = list(texts)
    if failure:
        row["reason"] = f"{failure.reason}: {failure.detail}" if failure.detail else failure.reason
    if translation.details:
        row["details"] = dict(translation.details)
    return {**row, "signature": translation.signature}
