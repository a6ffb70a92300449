"""Training sets for judges, from groups with gold scores.

`lessons` are for supervised training: the prompt of a group, or of each candidate alone, and the
reply that a judge should give, analysis first. An analysis speaks of candidates by letter, so it
is told in its own order only. `comparisons` are for reinforcement: gold groups in other orders and
as smaller groups.

Nothing twice, and nothing that contradicts itself: what is left out is counted by reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

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
from dragoman.formats.alone import Score
from dragoman.formats.gqm import GQM
from dragoman.formats.sqm import SQM
from dragoman.judges.distinct import distinct
from dragoman.ranking import rank_scores
from dragoman.records import group_from_row, group_to_row
from dragoman.row_files import Row
from dragoman.types import Group, Verdict

Answer = TypeVar("Answer")


def lessons(
    path: str, format: GQM | SQM, tally: Tally, least_confidence: float = 0.0
) -> Iterator[dict[str, Any]]:
    """The lessons of each annotated group: one about the group, or one about each candidate."""
    seen = Seen()
    for number, row, gold in _golds(path, tally, least_confidence):
        where = f"{path}:{number}"
        try:
            made = _made(gold, row, format)
        except TypeError as error:
            raise BadRecord(path, number, str(error)) from None
        except ValueError as problem:
            tally.leave_out(str(problem), where)
            continue
        for lesson in made:
            if seen.add(lesson.prompt):
                yield {**lesson_to_row(lesson), "origin": {"row": number}}
            else:
                tally.leave_out("the same prompt as before", where)


def _made(gold: GoldGroup, row: Row, format: GQM | SQM) -> list[Lesson]:
    """ValueError says why there can be no lesson, TypeError what is wrong with the row."""
    if isinstance(format, GQM):
        analysis = row.get("analysis")
        if not isinstance(analysis, str):
            raise TypeError("'analysis' must be the annotator's text")
        return [make_lesson(gold, analysis, format)]
    analyses: object = row.get("analyses")
    texts = [
        analysis
        for analysis in (cast(list[object], analyses) if isinstance(analyses, list) else [])
        if isinstance(analysis, str)
    ]
    if len(texts) != len(gold.scores):
        raise TypeError(f"'analyses' must be {len(gold.scores)} texts, one a candidate")
    return [make_lesson_alone(gold.pick((i,)), text, format) for i, text in enumerate(texts)]


def make_lesson(gold: GoldGroup, analysis: str, format: GQM) -> Lesson:
    """The prompt of a group and its target reply; ValueError says why there can be none."""
    _check_scores(gold)
    verdict = Verdict(rank_scores(gold.scores), gold.scores, analysis)
    reply = format.respond(verdict)
    if _read(format.read, reply, gold).ranking != verdict.ranking:
        raise ValueError("its reply would be read as something else")
    return Lesson(format.write(gold.group).text, reply)


def make_lesson_alone(gold: GoldGroup, analysis: str, format: SQM) -> Lesson:
    """The same for a single candidate."""
    _check_scores(gold)
    reply = format.respond(Score(gold.scores[0], analysis))
    if _read(format.read, reply, gold).value != gold.scores[0]:
        raise ValueError("its reply would be read as something else")
    return Lesson(format.write(gold.group).text, reply)


def _check_scores(gold: GoldGroup) -> None:
    if any(not 0 <= score <= 10 for score in gold.scores):
        raise ValueError("scores beyond 0 to 10")
    if any(score != int(score) for score in gold.scores):
        raise ValueError("scores that are not whole")


def _read(read: Callable[[str, Group], Answer], reply: str, gold: GoldGroup) -> Answer:
    try:
        return read(reply, gold.group)
    except UnreadableReply as problem:
        raise ValueError(f"its reply could not be read: {problem.reason}") from None


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
        if least_confidence and "confidence" not in row:
            raise BadRecord(path, number, "no 'confidence'; leave out --min-confidence")
        if least_confidence and not _reaches(confidence, least_confidence):
            tally.leave_out("too little confidence", where)
        elif len(_firsts(gold)) < 2:
            tally.leave_out("fewer than two different texts", where)
        elif _contradicts_itself(gold):
            tally.leave_out("one text with two scores", where)
        else:
            yield number, row, gold


def _reaches(confidence: object, least: float) -> bool:
    return isinstance(confidence, int | float) and confidence >= least


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
