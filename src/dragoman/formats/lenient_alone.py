"""The lenient reader of a pointwise answer: `**Score: 8/10**`, `评分：8.5分`, `8 points`.

The last line with a number decides, when it holds nothing but a score and perhaps a
heading. Two different scores one below the other are refused, and so is a range, a
fraction of another scale, or the score of one criterion.
"""

from __future__ import annotations

import re
from functools import cache

from dragoman.errors import UnreadableReply
from dragoman.formats import plain, strict
from dragoman.formats.alone import Score
from dragoman.formats.strict import refuse


def read_alone(reply: str, highest: int, *, whole: bool = True) -> Score:
    """The score that the last line with a number gives."""
    try:
        return strict.read_alone(reply, highest, whole=whole)
    except UnreadableReply:
        text = plain.after_thinking(plain.drop_end_tokens(reply))
    raw = plain.split_lines(text)
    at, value = _last_score(raw, highest)
    while (at := at - 1) >= 0:
        line = plain.plain(raw[at])
        if plain.blank(line) or (plain.answer_heading(line) and not plain.ranks_only(line)):
            continue
        above = _score(line, highest)
        if above is None and plain.looks_like_heading(raw[at], line):
            raise refuse("other-heading", f"not a heading of the score: {line}")
        if above is None:
            break
        if above[0] != value:
            raise refuse("contradiction", f"both {above[0]} and {value}")
    return Score(value, "\n".join(raw[: at + 1]).strip())


def _last_score(raw: list[str], highest: int) -> tuple[int, float]:
    below = 0
    for at in range(len(raw) - 1, -1, -1):
        line = plain.plain(raw[at])
        if plain.blank(line):
            continue
        score = _score(line, highest)
        if score is None:
            below += 1
            if below > plain.MOST_BELOW or plain.may_change_the_answer(line, 0):
                raise refuse("no-scores", f"no score that can be read: {line}")
            continue
        value, named = score
        if value > highest:
            raise refuse("out-of-range", f"{value} is not within 0–{highest}")
        if 0 < value < 1:
            raise refuse("other-scale", f"{value} is of a scale from 0 to 1")
        if below and not named:
            raise refuse("trailing-text", f"{line} may be any number: text follows it")
        return at, value
    raise refuse("no-scores" if any(map(str.strip, raw)) else "empty", "no line with a score")


def _score(line: str, highest: int) -> tuple[float, bool] | None:
    """The score that a plain line gives, and whether it says that it is one.

    A bare `1.` may begin a list, so it is none.
    """
    if len(line) > plain.LONGEST:
        return None
    line = line.replace(f"(0-{highest})", "")  # the scale asked for, named once more
    start, heading = plain.head(line, _after_decoration(line))
    match = _number(highest).fullmatch(line, start)
    if match is None or plain.ranks_only(heading):
        return None
    named = bool(heading or match["unit"])
    if match["dot"] and not named:
        return None
    number = match["number"]
    return (float(number) if "." in number else int(number)), named


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
