"""The rows that recipes read.

- a `Lesson`: a prompt and the response to learn, `{"prompt", "response"}`;
- a `GoldGroup`: a group, as `records.py` reads it, and the gold `"scores"` of its candidates;
- a `Pair`: a prompt, a better and a worse reply, `{"prompt", "chosen", "rejected"}`, each a text
  or a list with one message, as `dragoman preferences` writes them; with `"chat": false` the
  prompt is the beginning of a text, and no message;
- a `Sentence`: a text that nobody has translated, `{"lang", "text"}`.

Other keys of a row are left alone: where it came from, what an annotator said.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, cast

from dragoman.errors import UnknownLanguage
from dragoman.languages import language_name
from dragoman.records import group_from_row, group_to_row
from dragoman.row_files import Row
from dragoman.types import Group


@dataclass(frozen=True, slots=True)
class Lesson:
    """One user message, and the response to learn."""

    prompt: str
    response: str


@dataclass(frozen=True, slots=True)
class GoldGroup:
    """A group and what its candidates are worth."""

    group: Group
    scores: tuple[float, ...]

    def pick(self, indices: tuple[int, ...]) -> GoldGroup:
        """These candidates with their scores, in this order."""
        return GoldGroup(self.group.pick(indices), tuple(self.scores[i] for i in indices))


@dataclass(frozen=True, slots=True)
class Pair:
    """One user message, and two replies of which the first is to be preferred. Without `chat`
    they are the raw beginning of a text and what follows it."""

    prompt: str
    chosen: str
    rejected: str
    chat: bool = True


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text in one language."""

    text: str
    lang: str
    id: str = ""


def lesson_from_row(row: Row) -> Lesson:
    """A lesson from one row; ValueError says what is wrong."""
    prompt, response = row.get("prompt"), row.get("response")
    if not isinstance(prompt, str) or not isinstance(response, str) or not response:
        raise ValueError("a lesson is {prompt, response}, two texts")
    return Lesson(prompt, response)


def lesson_to_row(lesson: Lesson) -> dict[str, Any]:
    return {"prompt": lesson.prompt, "response": lesson.response}


def gold_group_from_row(row: Row) -> GoldGroup:
    """A gold group from one row; ValueError says what is wrong."""
    group = group_from_row(row)
    scores = row.get("scores")
    if not isinstance(scores, list) or len(cast(list[object], scores)) != len(group):
        raise ValueError(f"'scores' must be a list of {len(group)} numbers, one a candidate")
    return GoldGroup(group, tuple(map(_number, cast(list[object], scores))))


def gold_group_to_row(gold: GoldGroup) -> dict[str, Any]:
    return {**group_to_row(gold.group), "scores": list(gold.scores)}


def pair_from_row(row: Row) -> Pair:
    """A pair from one row; ValueError says what is wrong."""
    prompt, chosen, rejected = (_said(row, key) for key in ("prompt", "chosen", "rejected"))
    if chosen == rejected:
        raise ValueError("'chosen' and 'rejected' are the same")
    chat = row.get("chat", True)
    if not isinstance(chat, bool):
        raise ValueError("'chat' is true or false")
    return Pair(prompt, chosen, rejected, chat)


def sentence_from_row(row: Row) -> Sentence:
    """A sentence from one row; ValueError says what is wrong."""
    text, lang = row.get("text"), row.get("lang")
    if not isinstance(text, str) or not text.strip() or not isinstance(lang, str):
        raise ValueError("a sentence is {lang, text}, two texts that are not empty")
    try:
        language_name(lang)
    except UnknownLanguage as error:
        raise ValueError(f"'lang': {error}") from None
    return Sentence(text, lang, str(row.get("id", "")))


def _said(row: Row, key: str) -> str:
    """The text under a key, or that of the one message there."""
    said: object = row.get(key)
    if isinstance(said, list) and len(cast(list[object], said)) == 1:
        message = cast(list[object], said)[0]
        said = cast(dict[str, object], message).get("content") if isinstance(message, dict) else 0
    if not isinstance(said, str) or not said:
        raise ValueError(f"{key!r} is a text, or a list with one message")
    return said


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"'scores' holds {value!r}, which is no number")
    return value
