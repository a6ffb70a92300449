"""One line of an answer: labels with scores, or labels with signs between them.

A line is taken whole or not at all, item after item from its first character to its last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from dragoman.formats import headings, plain
from dragoman.formats.refusal import refuse

_LABEL = (
    r"(?:(?:translation|candidate|option|version|system|response|output|score|rating|"
    r"译文|翻译|译本|候选译文|候选|选项|版本|系统) ?)?([A-Za-z])(?![A-Za-z])"
)
_ITEM = re.compile(
    _LABEL + r" ?(?:(?:[:=] ?)?(\() ?|[:=] ?|- | )((?:0|[1-9]\d{0,2})(?:\.\d{1,2})?)"
    r"(?: ?/ ?10(?!\d)| out of 10(?!\d)| ?(?:points?|pts?)(?![A-Za-z])| ?分| ?점| ?点)?"
    r"(?![0-9A-Za-z_%*/^°~-]|\.\d)(?(2) ?\)| ?(?!\)))",
    re.I | re.A,
)
_BETWEEN_ITEMS = re.compile(r" ?([,;>=]?) ?(?:and )?", re.I)
_RANKED = re.compile(_LABEL, re.I | re.A)
_BETWEEN_RANKED = re.compile(r" ?(>+|=+|,) ?")
_ENDING = re.compile(r"[ .,;]*")


@dataclass(frozen=True, slots=True)
class Scored:
    """A line of labelled scores, the ranking that its signs draw, as in `B (9) > A (4)`, and
    the heading in front of them."""

    items: tuple[tuple[str, str], ...]
    ranked: Ranked | None
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A line that ranks labels. `listed` is a plain list, which leaves ties open."""

    tiers: tuple[tuple[str, ...], ...]
    listed: bool = False


def parse(line: str) -> Scored | Ranked | None:
    """What a plain line answers, with or without a heading in front."""
    if len(line) > plain.LONGEST:
        return None
    prefix = plain.PREFIX.match(line)
    start = prefix.end() if prefix else 0
    answer = _scored(line, start) or _ranked(line, start)
    if answer:
        return answer
    start, heading = headings.head(line, start)
    if not heading:
        return None
    scored = None if headings.kind(heading) == "ranks" else _scored(line, start)
    return replace(scored, heading=heading) if scored else _ranked(line, start)


def _scored(line: str, at: int) -> Scored | None:
    items: list[tuple[str, str]] = []
    signs: list[str] = []
    while match := _ITEM.match(line, at):
        items.append((match[1].upper(), match[3]))
        at = match.end()
        if _ENDING.fullmatch(line, at):
            return Scored(tuple(items), _drawn(items, signs))
        between = _BETWEEN_ITEMS.match(line, at)
        if between is None or between.end() == at:
            return None
        signs.append(between[1])
        at = between.end()
    return None


def _drawn(items: list[tuple[str, str]], signs: list[str]) -> Ranked | None:
    """The ranking that the signs between scored labels draw, if they are such signs."""
    if not signs or not set(signs) & {">", "="}:
        return None
    if not set(signs) <= {">", "="}:
        raise refuse("bad-ranking", "some scores are joined by > or =, some are not")
    return Ranked(_tiers([label for label, _ in items], signs))


def _ranked(line: str, at: int) -> Ranked | None:
    labels: list[str] = []
    signs: list[str] = []
    while match := _RANKED.match(line, at):
        labels.append(match[1].upper())
        at = match.end()
        if _ENDING.fullmatch(line, at):
            break
        between = _BETWEEN_RANKED.match(line, at)
        if between is None:
            return None
        signs.append(between[1][0])
        at = between.end()
    else:
        return None
    if not signs or ("," in signs and set(signs) != {","}):
        return None
    if "," in signs:
        return Ranked(tuple((label,) for label in labels), listed=True)
    return Ranked(_tiers(labels, signs))


def _tiers(labels: list[str], signs: list[str]) -> tuple[tuple[str, ...], ...]:
    tiers = [[labels[0]]]
    for label, sign in zip(labels[1:], signs, strict=True):
        if sign == ">":
            tiers.append([])
        tiers[-1].append(label)
    return tuple(map(tuple, tiers))
