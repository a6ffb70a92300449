"""Training sets for group judges, from groups with gold scores.

`lessons` are for supervised training: the prompt of a group, and the reply that a judge should
give, analysis first. An analysis speaks of candidates by letter, so it is told in its own order
only. `comparisons` are for reinforcement: gold groups in other orders and as smaller groups.

Nothing twice, and nothing that contradicts itself: what is left out is counted by reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dragoman.data.augment import Augmentation, forms
from dragoman.data.rows import (
    GoldGroup,
    Lesson,
    gold_group_from_row,
    gold_group_to_row,
    lesson_to_row,
)
from dragoman.data.sources import read_items
from dragoman.data.step import Seen, Tally
from dragoman.errors import BadRecord, UnreadableReply
from dragoman.formats.gqm import GQM
from dragoman.judges.distinct import distinct
from dragoman.ranking import rank_scores
from dragoman.records import group_from_row, group_to_row
from dragoman.row_files import Row
from dragoman.types import Verdict


def lessons(
    path: str, format: GQM, tally: Tally, least_confidence: float = 0.0
) -> Iterator[dict[str, Any]]:
    """A lesson from each annotated group."""
    seen = Seen()
    for number, row, gold in _golds(path, tally, least_confidence):
        analysis = row.get("analysis")
        if not isinstance(analysis, str):
            raise BadRecord(path, number, "'analysis' must be the annotator's text")
        try:
            lesson = make_lesson(gold, analysis, format)
        except ValueError as problem:
            tally.leave_out(str(problem), f"{path}:{number}")
            continue
        if not seen.add(lesson.prompt):
            tally.leave_out("the same prompt as before", f"{path}:{number}")
            continue
        yield {**lesson_to_row(lesson), "origin": {"row": number}}


def make_lesson(gold: GoldGroup, analysis: str, format: GQM) -> Lesson:
    """The prompt of a group and its target reply; ValueError says why there can be none."""
    if any(not 0 <= score <= 10 for score in gold.scores):
        raise ValueError("scores beyond 0 to 10")
    if any(score != int(score) for score in gold.scores):
        raise ValueError("scores that are not whole")
    verdict = Verdict(rank_scores(gold.scores), gold.scores, analysis)
    reply = format.respond(verdict)
    try:
        read = format.read(reply, gold.group)
    except UnreadableReply as problem:
        raise ValueError(f"its reply could not be read: {problem.reason}") from None
    if read.ranking != verdict.ranking:
        raise ValueError("its reply would be read as something else")
    return Lesson(format.write(gold.group).text, reply)


def comparisons(path: str, how: Augmentation, seed: int, tally: Tally) -> Iterator[dict[str, Any]]:
    """Each gold group in all its forms."""
    seen = Seen()
    for number, _, gold in _golds(path, tally):
        firsts = _firsts(gold)
        for places in forms(gold.pick(firsts), how, seed):
            order = tuple(firsts[place] for place in places)
            form = gold.pick(order)
            if seen.add(_comparison(form)):
                yield {**gold_group_to_row(form), "origin": {"row": number, "order": list(order)}}
            else:
                tally.leave_out("the same comparison as before", f"{path}:{number}")


def _golds(
    path: str, tally: Tally, least_confidence: float = 0.0
) -> Iterator[tuple[int, Row, GoldGroup]]:
    """The groups that can be compared, and that their annotator was sure enough of."""
    for number, row, _ in read_items(path, group_from_row):
        tally.read += 1
        where = f"{path}:{number}"
        if row.get("status") == "failed":
            tally.leave_out("not annotated", where)
            continue
        try:
            gold = gold_group_from_row(row)
        except ValueError as error:
            raise BadRecord(path, number, str(error)) from None
        confidence = row.get("confidence")
        if least_confidence and not isinstance(confidence, int | float):
            raise BadRecord(path, number, "'confidence' must be a number from 0 to 1")
        if isinstance(confidence, int | float) and confidence < least_confidence:
            tally.leave_out("too little confidence", where)
        elif len(_firsts(gold)) < 2:
            tally.leave_out("fewer than two different texts", where)
        elif _contradicts_itself(gold):
            tally.leave_out("one text with two scores", where)
        else:
            yield number, row, gold


def _firsts(gold: GoldGroup) -> tuple[int, ...]:
    """The first candidate of each text."""
    _, slots = distinct(gold.group)
    return tuple(slots.index(slot) for slot in range(max(slots) + 1))


def _contradicts_itself(gold: GoldGroup) -> bool:
    texts = [candidate.text for candidate in gold.group.candidates]
    return len(set(zip(texts, gold.scores, strict=True))) > len(set(texts))


def _comparison(gold: GoldGroup) -> dict[str, Any]:
    """What a judge is shown, whatever the group is called and whoever made its texts."""
    row = group_to_row(gold.group)
    shown = {key: row[key] for key in ("src_lang", "tgt_lang", "source")}
    return {**shown, "candidates": [candidate.text for candidate in gold.group.candidates]}
