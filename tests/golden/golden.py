"""Golden folders: what a format writes for `input.json`, and how it reads `reply.txt`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dragoman.formats import Format, make_format
from dragoman.formats.alone import Score
from dragoman.types import Candidate, Group, Segment, Verdict

FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/input.json"))


def load(folder: Path) -> tuple[Format[Any, Any], Any, str]:
    """The format of a golden folder, the item it is about, and the reply to it."""
    row = json.loads((folder / "input.json").read_text("utf-8"))
    format = make_format(row["format"], **row.get("options", {}))
    segment = Segment(**row["segment"])
    reply = (folder / "reply.txt").read_bytes().decode()
    if format.takes == "segment":
        return format, segment, reply
    return format, Group(segment, tuple(map(Candidate, row["candidates"]))), reply


def answer_row(answer: Verdict | Score | str) -> str:
    """An answer as `answer.json` holds it."""
    if isinstance(answer, Verdict):
        row: Any = {"tiers": answer.ranking.tiers, "scores": answer.scores}
        row["analysis"] = answer.analysis
    elif isinstance(answer, Score):
        row = {"value": answer.value, "analysis": answer.analysis}
    else:
        row = {"translation": answer}
    return json.dumps(row, ensure_ascii=False) + "\n"
