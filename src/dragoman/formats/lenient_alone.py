"""The lenient reader of a pointwise answer: `**Score: 8/10**`, `评分：8.5分`, `8 points`.

The last line with a number decides, when it holds nothing but a score and perhaps a
heading, the line above it announces nothing else, and only known closings follow. Two
different scores one below the other are refused, and so is a range, a fraction of another
scale, or the score of one criterion.
"""

from __future__ import annotations

import re
from functools import cache

from dragoman.errors import UnreadableReply
from dragoman.formats import headings, plain, strict
from dragoman.formats.alone import Score
from dragoman.formats.refusal import refuse


def read_alone(reply: str, highest: int, *, whole: bool = True) -> Score:
    """The score that the last line with a number gives."""
    try:
        return strict.read_alone(reply, highest, whole=whole)
    except UnreadableReply:
        text = plain.after_thinking(plain.drop_end_tokens(reply))
    raw = plain.split_lines(text)
    at, value = _last_score(raw, highest)
    _check_above(raw, at - 1, highest)
    while (at := at - 1) >= 0:
        line = plain.plain(raw[at])
        if plain.blank(line) or headings.answer_heading(line, highest):
            continue
        earlier = _score(line, highest)
        if earlier is None:
            break
        if earlier != value:
            raise refuse("contradiction", f"both {earlier} and {value}")
        _check_above(raw, at - 1, highest)
    return Score(value, "\n".join(raw[: at + 1]).strip())


def _last_score(raw: list[str], highest: int) -> tuple[int, float]:
    for at in range(len(raw) - 1, -1, -1):
        line = plain.plain(raw[at])
        if plain.blank(line):
            continue
        value = _score(line, highest)
        if value is None:
            if not headings.closes(line):
                raise refuse("no-scores", f"no score that can be read: {line}")
            continue
        if value > highest:
            raise refuse("out-of-range", f"{value} is not within 0–{highest}")
        if 0 < value < 1:
            raise refuse("other-scale", f"{value} is of a scale from 0 to 1")
        return at, value
    raise refuse("no-scores" if any(map(str.strip, raw)) else "empty", "no line with a score")


def _check_above(raw: list[str], at: int, highest: int) -> None:
    kind = headings.above(
        raw, at, lambda line: _score(line, highest) is not None, highest, lettered=False
    )
    if kind in ("ranks", "both", "unclear"):
        raise refuse("other-heading", "the heading speaks of ranks")


def _score(line: str, highest: int) -> float | None:
    """The score that a plain line gives. A bare `1.` may begin a list, so it is none."""
    if len(line) > plain.LONGEST:
        return None
    line = line.replace(f"(0-{highest})", "")  # the scale asked for, named once more
    start, heading = headings.head(line, _after_decoration(line))
    match = _number(highest).fullmatch(line, start)
    if match is None or (heading and headings.kind(heading) != "scores"):
        return None
    if match["dot"] and not (heading or match["unit"]):
        return None
    number = match["number"]
    return float(number) if "." in number else int(number)


def _after_decoration(line: str) -> int:
    match = re.match(r"(?:#+ ?)?(?:[-•·] (?=\D))?(?:\\[a-z]{1,12} ?)?", line)
    return match.end() if match else 0


@cache
def _number(highest: int) -> re.Pattern[str]:
    unit = rf"/ ?{highest}|out of {highest}|points?|pts?|分|点|점"
    return re.compile(
        rf"(?P<number>(?:0|[1-9]\d{{0,2}})(?:\.\d{{1,4}})?)(?: ?(?P<unit>{unit}))?(?P<dot>[.]?)",
        re.I | re.A,
    )
