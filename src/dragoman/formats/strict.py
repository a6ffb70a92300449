"""The strict readers: a reply is taken only in the shape that its prompt asks for.

A group's answer stands at the very end of the reply:

    ### Final Ranking:        `Final`, the #s, the colon and blank lines are free
    B > A = C
    ### Scores:
    B: 9, A: 7, C: 7          every letter once, whole numbers from 0 to 10

Every candidate stands once in both lines, in any order in the second, and the lines agree.
The analysis above may be anything, even nothing; only thoughts that never end are refused.
`ranking` ends after the first two lines; `score` is the last line alone, which no ranking
above it may contradict. A pointwise answer is a last line that is a number. Above these two
no line may say that the numbers are something else than scores.
"""

from __future__ import annotations

import re
from typing import Literal, TypeVar

from dragoman.formats import headings, plain
from dragoman.formats.alone import Score
from dragoman.formats.letters import letters
from dragoman.formats.refusal import refuse
from dragoman.ranking import agree, rank_scores, read_ranking
from dragoman.types import Ranking, Verdict

Form = Literal["ranking_score", "ranking", "score"]
"""What a group's answer consists of."""

SCALE = 10

Number = TypeVar("Number", int, float)

_RANKING_HEADER = re.compile(r"#*[ \t]*(?:Final )?Ranking:?")
_SCORES_HEADER = re.compile(r"#*[ \t]*(?:Final )?Scores:?")
_ITEM = re.compile(r"[ \t]*([A-Z])[ \t]*:[ \t]*(-?[0-9]+)[ \t]*")
_WHOLE = re.compile(r"0|[1-9][0-9]{0,2}")
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,4})?")


def read_group(reply: str, n: int, form: Form) -> Verdict:
    """The verdict at the end of a reply about n candidates."""
    plain.check_thinking_ended(reply)
    rest, scores, ranking = reply, None, None
    if form != "ranking":
        rest, line = split_last_line(rest)
        scores = _scores(line, n)
    if form == "ranking_score":
        rest = _without_header(rest, _SCORES_HEADER, "Scores")
    if form != "score":
        rest, line = split_last_line(rest)
        ranking = _ranking(line, n)
        rest = _without_header(rest, _RANKING_HEADER, "Final Ranking")
    if form == "score":
        ranking = _ranking_by_the_way(rest, n)
    if scores is not None and ranking is not None and not agree(ranking, scores):
        raise refuse("contradiction", "the ranking is not the order of the scores")
    return Verdict(ranking or rank_scores(scores or ()), scores, rest.strip())


def read_alone(reply: str, highest: int, *, whole: bool = True) -> Score:
    """The number that is the last line of a reply about one candidate."""
    plain.check_thinking_ended(reply)
    analysis, line = split_last_line(reply)
    if not line:
        raise refuse("empty", "the reply is empty")
    if not (_WHOLE if whole else _NUMBER).fullmatch(line):
        off_scale = re.fullmatch(r"-?[0-9]+", line)
        raise refuse("out-of-range" if off_scale else "bad-scores", line)
    value = int(line) if line.isdigit() else float(line)
    if value > highest:
        raise refuse("out-of-range", f"{value} is not within 0–{highest}")
    lines = _lines_after_thinking(analysis)
    above = headings.above(lines, len(lines) - 1, lambda line: False, highest, lettered=False)
    _check_heading(above)
    return Score(value, analysis.strip())


def split_last_line(text: str) -> tuple[str, str]:
    """What stands before the last line that is not blank, and that line."""
    text = text.rstrip()
    cut = text.rfind("\n")
    return text[: max(cut, 0)], text[cut + 1 :].strip()


def _without_header(text: str, header: re.Pattern[str], name: str) -> str:
    rest, line = split_last_line(text)
    if not header.fullmatch(line):
        raise refuse("no-header", f"{name} expected, not {line!r}")
    return rest


def _ranking(line: str, n: int) -> Ranking:
    try:
        return read_ranking(line, letters(n))
    except ValueError as error:
        raise refuse("bad-ranking", str(error)) from None


def _ranking_by_the_way(text: str, n: int) -> Ranking | None:
    """The last line above the scores that ranks all candidates, where none was asked for."""
    lines = _lines_after_thinking(text)
    _check_heading(headings.above(lines, len(lines) - 1, lambda line: _is_ranking(line, n)))
    for at in range(len(lines) - 1, -1, -1):
        if (">" in lines[at] or "=" in lines[at]) and _is_ranking(lines[at], n):
            headings.above(lines, at - 1, lambda line: False)
            return _ranking(lines[at], n)
    return None


def _is_ranking(line: str, n: int) -> bool:
    try:
        read_ranking(line.strip(), letters(n))
    except ValueError:
        return False
    return True


def _check_heading(kind: str) -> None:
    if kind not in ("scores", "text", "nothing"):
        raise refuse("other-heading", "the heading above does not speak of scores alone")


def _lines_after_thinking(text: str) -> list[str]:
    return plain.split_lines(text.rpartition("</think>")[2])


def _scores(line: str, n: int) -> tuple[int, ...]:
    if not line:
        raise refuse("empty", "the reply is empty")
    found: dict[str, int] = {}
    for item in line.split(","):
        match = _ITEM.fullmatch(item)
        if not match:
            raise refuse("bad-scores", f"{item!r} is not a letter and its score")
        letter, number = match[1], match[2]
        if not _WHOLE.fullmatch(number) or int(number) > SCALE:
            raise refuse("out-of-range", f"{letter}: {number} is not within 0–{SCALE}")
        if letter in found:
            raise refuse("duplicate-label", f"{letter} is scored twice")
        found[letter] = int(number)
    return by_index(found, n)


def by_index(found: dict[str, Number], n: int) -> tuple[Number, ...]:
    """Scores by letter as scores by index; each of the n letters and no other."""
    names = letters(n)
    for letter in found:
        if letter not in names:
            raise refuse("extra-label", f"there is no candidate {letter}")
    for name in names:
        if name not in found:
            raise refuse("missing-label", f"{name} has no score")
    return tuple(found[name] for name in names)
