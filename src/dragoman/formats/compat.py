"""The published implementation's own readers, for reproducing its numbers.

They keep its faults: scores off the scale are taken, the ranking line is never looked at,
score lists are read by position, and a one-line pointwise reply is read by its last
character. Each refuses with the one reason `reference-refuses`, because the reference
gives none. Where it crashed (a number of more than 4300 digits), this refuses too.
"""

from __future__ import annotations

import re

from dragoman.errors import UnreadableReply
from dragoman.formats.alone import Score
from dragoman.formats.letters import letters
from dragoman.formats.strict import Form
from dragoman.ranking import rank_scores
from dragoman.reference import parse_scores, places_as_scores, ranks_each_once, split_last_line
from dragoman.types import Verdict

_DIGITS = re.compile(r"\d+")


def read_group(reply: str, n: int, form: Form) -> Verdict:
    """The judge's answer as `extract_score` of the reference reads it."""
    analysis, line = split_last_line(reply) or ("", reply.strip())
    if form == "score":
        scores = _by_position(line)
    elif form == "ranking":
        scores = _by_place(line, n)
    else:
        scores = _by_label(parse_scores(line), n)
    if scores is None or len(scores) != n:
        raise _refused()
    ranking = rank_scores(scores)
    return Verdict(ranking, None if form == "ranking" else tuple(scores), analysis)


def read_api_group(reply: str, n: int, analysed: bool) -> Verdict:
    """The API judge's answer: labels at rising positions of the last line, n integers."""
    split = split_last_line(reply)
    if split is None and analysed:
        raise _refused()
    analysis, line = split or ("", reply.strip())
    places = [line.rfind(label) for label in letters(n)]
    numbers = _DIGITS.findall(line)
    if places[0] < 0 or sorted(set(places)) != places or len(numbers) != n:
        raise _refused()
    scores = tuple(_integer(number) for number in numbers)
    return Verdict(rank_scores(scores), scores, analysis)


def read_alone(reply: str) -> Score:
    """The pointwise judge's answer: `int` of the last line, or of a lone line's last character."""
    text = reply.strip()
    analysis, line = split_last_line(text) or (text[:-1], text[-1:])
    return Score(_integer(line), analysis)


def read_api_alone(reply: str) -> Score:
    """The API pointwise judge's answer: the first integer of the last of several lines."""
    split = split_last_line(reply)
    numbers = _DIGITS.findall(split[1]) if split else []
    if split is None or not numbers:
        raise _refused()
    return Score(_integer(numbers[0]), split[0])


def read_gemba(reply: str) -> Score:
    """The one integer of the last line, or the first of two when the second is 100."""
    analysis, line = split_last_line(reply) or ("", reply.strip())
    numbers = [_integer(number) for number in _DIGITS.findall(line)]
    if len(numbers) == 1 or (len(numbers) == 2 and numbers[1] == 100):
        return Score(numbers[0], analysis)
    raise _refused()


def evaluation_block(reply: str) -> str:
    """The text between the last two fences of a reply that ends in one."""
    text = reply.strip()
    _, fence, inside = text[:-3].rpartition("```")
    if not text.endswith("```") or not fence or not inside.strip():
        raise _refused()
    return inside.strip()


def training_block(reply: str) -> str:
    """The same for the reader used in training: the reply has exactly two fences."""
    if reply.count("```") != 2:
        raise _refused()
    return evaluation_block(reply)


def answer_tag(reply: str) -> str:
    """The text of the first `<answer>`, even of one that was only thought about."""
    _, opened, rest = reply.strip().partition("<answer>")
    inside, closed, _ = rest.partition("</answer>")
    if not opened or not closed or not inside.strip():
        raise _refused()
    return inside.strip()


def before_explanation(reply: str) -> str:
    """The text before the first `[COT]`; empty when it comes first."""
    text = reply.strip()
    if not text:
        raise _refused()
    return text.partition("[COT]")[0].strip()


def last_line(reply: str) -> str:
    """The last line; empty for an empty reply."""
    return reply.strip().split("\n")[-1].strip()


def _by_position(line: str) -> list[int] | None:
    try:
        return [int(item.strip().split(":")[-1]) for item in line.split(",")]
    except ValueError:
        return None


def _by_place(line: str, n: int) -> list[int] | None:
    return _by_label(places_as_scores(line), n) if ranks_each_once(line, letters(n)) else None


def _by_label(scores: dict[str, int] | None, n: int) -> list[int] | None:
    if scores is None or len(scores) != n:
        return None
    values = [scores.get(label) for label in letters(n)]
    return None if None in values else [value for value in values if value is not None]


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _refused() from None


def _refused() -> UnreadableReply:
    return UnreadableReply("reference-refuses", "the reference reader finds no answer")
