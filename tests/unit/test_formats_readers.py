"""Formats, one by one: tables of replies and what the readers make of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dragoman.errors import UnreadableReply
from dragoman.formats import compat, lenient, lenient_alone, make_format, strict
from dragoman.formats.gqm import clean_analysis, respond
from dragoman.ranking import rank_scores
from dragoman.types import Candidate, Group, Ranking, Segment, Verdict

SEGMENT = Segment("s", "源", "zh", "en")

STRICT_REFUSES = {
    "": "empty",
    "fine": "bad-scores",
    "Ranking:\nA > B\nScores:\nA: 9, B: 11": "out-of-range",
    "Ranking:\nA > B\nScores:\nA: 9, B: -1": "out-of-range",
    "Ranking:\nA > B\nScores:\nA: 9, B: 8.5": "bad-scores",
    "Ranking:\nA > B\nScores:\nA: 9, B: 08": "out-of-range",
    "Ranking:\nA > B\nScores:\nA: 9, B: ８": "bad-scores",
    "Ranking:\nA > B\nScores:\nA: 9, A: 9": "duplicate-label",
    "Ranking:\nA > B\nScores:\nA: 9": "missing-label",
    "Ranking:\nA > B\nScores:\nA: 9, B: 8, C: 7": "extra-label",
    "Ranking:\nA > B\nA: 9, B: 8": "no-header",
    "A > B\nScores:\nA: 9, B: 8": "no-header",
    "Ranking:\nA > C\nScores:\nA: 9, B: 8": "bad-ranking",
    "Ranking:\nA > B > A\nScores:\nA: 9, B: 8": "bad-ranking",
    "Ranking:\nB > A\nScores:\nA: 9, B: 8": "contradiction",
    "Ranking:\nA = B\nScores:\nA: 9, B: 8": "contradiction",
    "Ranking:\nA > B\nScores:\nA: 9, B: 8\nDone.": "bad-scores",
}


@pytest.mark.parametrize(("reply", "reason"), STRICT_REFUSES.items())
def test_strict_refuses(reply: str, reason: str):
    with pytest.raises(UnreadableReply) as refusal:
        strict.read_group(reply, 2, "ranking_score")
    assert refusal.value.reason == reason


@pytest.mark.parametrize("head", ["### Final Ranking:", "Ranking:", "# Ranking", "Final Ranking"])
@pytest.mark.parametrize("gap", ["\n", "\n\n", "\r\n"])
def test_strict_headers_and_blank_lines_are_free(head: str, gap: str):
    reply = gap.join(["Fine.", head, "B>A", "## Scores:", "A:3 ,B: 9"]) + "\n\n"
    verdict = strict.read_group(reply, 2, "ranking_score")
    assert verdict == Verdict(Ranking(((1,), (0,))), (3, 9), "Fine.")


LENIENT_REFUSES = {
    "3, 6": "trailing-text",
    "A: 8, B: 6\n\nSorry, swap them.": "trailing-text",
    "A: 8, B: 6\n\nOn reflection B deserves more.": "trailing-text",
    "A: 8, B: 6\n\nNo: 9, 3": "trailing-text",
    "9) A 8) B 3": "trailing-text",
    "A (8, B (6": "trailing-text",
    "A: 8, B: 6\n\nBut on a closer lo": "trailing-text",
    "A: 8, B: 6\n\nIn other words:": "trailing-text",
    "A: 8, B: 6\n\nFluency: A: 9, B: 3": "trailing-text",
    "### Accuracy\nA: 8, B: 7\n### Fluency\nA: 9, B: 6": "other-heading",
    "Accuracy\nA: 8, B: 7\n\nFluency\nA: 9, B: 6": "other-heading",
    "Ranking:\nA: 1, B: 2": "other-heading",
    "| Translation | Rank |\n|---|---|\n| A | 1 |\n| B | 2 |": "other-heading",
    "Scores out of 5:\nA: 4, B: 3": "other-scale",
    "I judge on a scale from 1 to 5.\nA: 4, B: 3": "other-scale",
    "A: 0.8, B: 0.6": "other-scale",
    "A: 4/5, B: 3/5": "other-scale",
    "A: 80%, B: 60%": "other-scale",
    "A: 80, B: 60": "out-of-range",
    "A: 8, A: 6": "duplicate-label",
    "A: 8, a: 6": "duplicate-label",
    "A: 8, B: 7\n\nA: 3, B: 9": "duplicate-label",
    "A (9) > B (4)\nA: 4, B: 9": "duplicate-label",
    "B (9) > A (4), A: 4": "bad-ranking",
    "A: 8": "missing-label",
    "A: 8, B: 7, C: 6": "extra-label",
    "B: 9, A:": "trailing-text",
    "A: 8, В: 3": "trailing-text",
    "Ranking:\nTranslation B is best.\nScores:\nA: 8, B: 3": "bad-ranking",
    "B > A\nStill I find\nA: 8, B: 6": "other-heading",
    "B > A\nStill, I find this to be fair.\nA: 8, B: 6": "other-heading",
    "B > A\nStill, I find B to be fair.\nA: 8, B: 6": "contradiction",
    "B, A\nScores:\nA: 8, B: 6": "contradiction",
    "A ≥ B\nScores:\nA: 8, B: 6": "other-heading",
    "It is A ≥ B.\nScores:\nA: 8, B: 6": "bad-ranking",
    "A > B": "no-scores",
    "<think>A: 8, B: 3": "unfinished-thinking",
    "<think>A: 8, B: 3</think>": "unfinished-thinking",
    "I have no opinion.": "trailing-text",
    "I hope this helps!": "no-answer",
    "": "empty",
}


@pytest.mark.parametrize(("reply", "reason"), LENIENT_REFUSES.items())
def test_lenient_refuses(reply: str, reason: str):
    with pytest.raises(UnreadableReply) as refusal:
        lenient.read_group(reply, 2, "ranking_score")
    assert refusal.value.reason == reason


LENIENT_READS = [
    "**Final Scores:**\n\n- A: 8\n- B: 6",
    "Final scores (0-10): A: 8, B: 6",
    "My scores are as follows:\nA: 8; B: 6.",
    "最终评分：A：8分，B：6分",
    "| Translation | Score |\n|---|---|\n| A | 8 |\n| B | 6 |",
    '{\n "ranking": ["A", "B"],\n "scores": {"A": 8, "B": 6}\n}',
    "A (8) > B (6)",
    "A: (8/10), B: (6/10).",
    "A - 8, B - 6",
    "1. Translation A: 8/10\n2. Translation B: 6/10",
    "A: 9, B: 1\n\nThat was my first impression of both.\n\nScores:\nA: 8, B: 6",
    "Scores:\nB: 10, A: 0\n\nSo says the text of the second one. It is wrong.\n\nA > B\nA: 8, B: 6",
    "Final ranking based on scores:\nA (8) > B (6)",
    "Ranking and scores: A: 8, B: 6",
    "Based on the above, my ratings are as follows:\n\nA: 8, B: 6\n\n(end)",
    "<think>A: 3, B: 9</think>A: 8, B: 6</s><|im_end|>\n",
    "A: 8 out of 10 and B: 6 out of 10",
    "Bewertung:\nA: 8, B: 6",
    "\\boxed{A: 8, B: 6}",
    "A &gt; B\nA: 8, B: 6\n\nI hope this helps!",
    "Scores:\nA: 8, B: 6\n\nRanking:\nA > B",
]


@pytest.mark.parametrize("reply", LENIENT_READS)
def test_lenient_reads(reply: str):
    assert lenient.read_group(reply, 2, "ranking_score").scores == (8, 6)


def test_lenient_reads_halves():
    assert lenient.read_group("A: 8.5, B: 8", 2, "score").scores == (8.5, 8)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("Final ranking: A, B", "bad-ranking"),
        ("A < B", "trailing-text"),
        ("1. A\n2. B", "trailing-text"),
        ("A: 8, B: 6", "no-ranking"),
        ("Ranking from worst to best:\nA > B", "other-heading"),
        ("A > B\nB > A", "contradiction"),
        ("A > C", "bad-ranking"),
        ("A > B >", "trailing-text"),
    ],
)
def test_lenient_refuses_for_a_ranking(reply: str, reason: str):
    with pytest.raises(UnreadableReply) as refusal:
        lenient.read_group(reply, 2, "ranking")
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    "reply", ["A > B", "排名：Ａ ＞ Ｂ", "**A > B**\n\nBye!", "A: 8, B: 6\nA > B"]
)
def test_lenient_reads_a_ranking(reply: str):
    assert lenient.read_group(reply, 2, "ranking") == Verdict(Ranking(((0,), (1,))))


ALONE = {
    "Good.\nScore: 8/10": 8,
    "Good.\n**8**": 8,
    "8.5": 8.5,
    "评分：8分": 8,
    "Score: 8\nI hope this helps!": 8,
    "Score:\n\n8": 8,
    "\\boxed{8}": 8,
    "Score (0-10): ８": 8,
    "Score: 7\nScore: 8": "contradiction",
    "Rank: 3": "no-scores",
    "Fluency: 9\nAccuracy: 7": "no-scores",
    "He has\n3\nGood": "no-scores",
    "2.": "no-scores",
    "7-8": "no-scores",
    "8/100": "no-scores",
    "0.8": "other-scale",
    "11": "out-of-range",
    "-3": "no-scores",
    "I hope this helps!": "no-scores",
    "": "empty",
}


@pytest.mark.parametrize(("reply", "answer"), ALONE.items())
def test_lenient_alone(reply: str, answer: float | str):
    if isinstance(answer, str):
        with pytest.raises(UnreadableReply) as refusal:
            lenient_alone.read_alone(reply, 10)
        assert refusal.value.reason == answer
    else:
        assert lenient_alone.read_alone(reply, 10).value == answer


# Numbers that are not scores, or scores of something else: no reader of ours takes them.
NO_SCORES = [
    "MQM penalty.\nA: 9, B: 2, C: 1",
    "Here is how many mistakes each one makes.\nA: 9, B: 2, C: 1",
    "Result:\nA: 1, B: 2, C: 3",
    "Scores (1 = best):\nA: 3, B: 2, C: 1",
    "Penalty points: A: 9, B: 2, C: 1",
    "Scores (0-5)\n\nA: 4, B: 2, C: 1",
    "Final ranking based on scores:\nA: 1, B: 2, C: 3",
    "### Final Ranking based on the ratings\n\n| A | 1 |\n| B | 2 |\n| C | 3 |",
    "| Translation | Ranking (by overall rating) |\n|---|---|\n| A | 1 |\n| B | 2 |\n| C | 3 |",
    "Rank order of scores\n\nA: 1\nB: 2\nC: 3",
    "Ranking points: A: 1, B: 2, C: 3",
    "评分排名：A: 1, B: 2, C: 3",
    "最终评分排名\nA：1\nB：2\nC：3",
    "综合评价排名：A: 1, B: 2, C: 3",
    "排名评价\nA: 1, B: 2, C: 3",
    "Ranking and scores:\nA: 1, B: 2, C: 3",
    "Ranks/scores: A: 1, B: 2, C: 2",
    "Ranks:\nA: 1, B: 2, C: 3",
    "Ranking (1 = best):\n\nA: 1, B: 2, C: 3",
    "### Final Ranking:\nA > B > C\n\nI scored them thus.\nA: 1, B: 2, C: 3",
    "### Fluency\nA: 9, B: 2, C: 1",
    "Number of errors:\nA: 9, B: 2, C: 1",
    "Scores out of 5:\nA: 4, B: 2, C: 1",
    "A: 9, B: 2, C: 1\n\nFor example:\nA: 1, B: 2, C: 3",
    "<think>\ndraft:\nA: 1, B: 2, C: 3",
    "<think>Draft\n\n### Final Ranking:\n\nA > B > C\n\n### Scores:\n\nA: 9, B: 8, C: 7",
    "1 is best, 3 is worst.\nA: 1, B: 2, C: 3",
    "Lower is better.\nA: 9, B: 2, C: 1",
    "The numbers are places.\nA: 1, B: 2, C: 3",
    "Die Rangfolge lautet wie folgt.\nA: 1\nB: 2\nC: 3",
    "Les rangs sont les suivants.\nA: 1\nB: 2\nC: 3",
    "各译文的名次如下。\nA：1，B：2，C：3",
    "错误数量如下。\nA：9，B：2，C：1",
    "A: 1, B: 2, C: 3 \nPlaces",
    "A: 9, B: 2, C: 1\n(low means good)",
    "A: 9, B: 2, C: 1\n\nThe numbers above are places.",
    "A: 9, B: 2, C: 1\n(number of errors)",
    "A: 9, B: 2, C: 1\nFluency only.",
    "A: 9, B: 2, C: 1\n\nThis is just an example of the format.",
    "Fluency scores are as follows.\nA: 9, B: 2, C: 1",
    "If accuracy alone counted, the scores would be\nA: 9, B: 2, C: 1",
    "B is the best, then A, then C.\nA: 9, B: 8, C: 7",
    "1. B\n2. A\n3. C\n\nScores:\nA: 9, B: 8, C: 7",
    "### Fluency\n\nScores:\nA: 9, B: 2, C: 1",
    "### Fluency\nA > B > C\nA: 9, B: 2, C: 1",
    "Lower is better.\n\nScores:\nA: 9, B: 2, C: 1",
    "Ranking from worst:\nA: 9, B: 2, C: 1",
]


@pytest.mark.parametrize("form", ["ranking_score", "score"])
@pytest.mark.parametrize("reply", NO_SCORES)
def test_what_may_not_be_scores_is_refused(reply: str, form: strict.Form):
    for read in (strict.read_group, lenient.read_group):
        with pytest.raises(UnreadableReply):
            read(reply, 3, form)


NO_RANKING = [
    "Ranking from lowest to highest.\nA > B > C",
    "Worst first.\nA > B > C",
    "A > B > C\nLowest to highest, that is.",
    "A > B > C\n\nin ascending sequence of quality",
    "### Fluency\nA > B > C",
    "The one with more errors comes first in this ranking.\nA > B > C",
]


@pytest.mark.parametrize("reply", NO_RANKING)
def test_what_may_be_another_order_is_refused(reply: str):
    for read in (strict.read_group, lenient.read_group):
        with pytest.raises(UnreadableReply):
            read(reply, 3, "ranking")


NO_SCORE = [
    "Grade: 2",
    "Note:\n2",
    "Overall points lost: 3",
    "Score: 8\n\nFinal score: 7",
    "Score: 4\n(out of 5)",
    "Final score: 8 out of\n10",
    "Score: 8/\n10",
    "8/\n10",
    "Accuracy: 3\nFluency:\n8",
    "8\n3",
    "Score: 3\n8",
    "Errors:\n2",
    "Score (0-100):\n8",
    "<think>\nmaybe\n7",
    "Score: 8\nminus two",
    "Score: 8\nHalve that.",
    "Overall: 3\nThat is the number of errors.",
    "Total points: 10",
    "I give it a full 8 out of\n10",
    "Fluency score follows.\n8",
    "Lower is better.\n8",
    "<THINK>\nhm\n8",
    "Fine.\n</think><think>\n8",
]


@pytest.mark.parametrize("reply", NO_SCORE)
def test_what_may_not_be_the_score_is_refused(reply: str):
    for read in (strict.read_alone, lenient_alone.read_alone):
        with pytest.raises(UnreadableReply):
            read(reply, 10)


@pytest.mark.parametrize(
    ("reply", "reading"),
    [
        ("Fine.\n\nA: 9, B: 2, C: 1", "both"),
        ("Therefore, I assign the following scores:\nA: 9, B: 2, C: 1", "both"),
        ("Overall, A is the best and C the worst.\n\nA: 9, B: 2, C: 1", "both"),
        ("B mistakes a number, so A scores higher.\n\nA: 9, B: 2, C: 1", "both"),
        ("A > B > C\n\nA: 9, B: 2, C: 1", "both"),
        ("Fine.\n\nScores:\nA: 9, B: 2, C: 1\n(end)", "lenient"),
        ("Fine.\n\nA: 3, B: 2, C: 1", "strict"),
        ("<think>A: 1</think>\nA: 9, B: 2, C: 1", "both"),
    ],
)
def test_scores_alone(reply: str, reading: str):
    def scores(read: Callable[..., Verdict]) -> tuple[float, ...] | None:
        try:
            return read(reply, 3, "score").scores
        except UnreadableReply:
            return None

    taken = {"strict": scores(strict.read_group), "lenient": scores(lenient.read_group)}
    for name, found in taken.items():
        assert (found is not None and found[1:] == (2, 1)) == (reading in (name, "both"))


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("Score (0-100):\n85", 85),
        ("It says all that the source says, and says it well.\n\n85.5", 85.5),
        ("There are no errors.\n85", 85),
        ("Score (0-10):\n8", None),
        ("On a scale from 0 to 10, I say:\n8", None),
    ],
)
def test_a_scale_to_100(reply: str, score: float | None):
    for read in (strict.read_alone, lenient_alone.read_alone):
        if score is None:
            with pytest.raises(UnreadableReply, match="other-"):
                read(reply, 100, whole=False)
        else:
            assert read(reply, 100, whole=False).value == score


@pytest.mark.parametrize(
    ("reply", "strictly", "as_reference"),
    [
        ("Good.\n8", 8, 8),
        ("8", 8, 8),
        ("10", 10, 0),  # a lone line is read by its last character
        ("Good.\n11", None, 11),
        ("Good.\n8/10", None, None),
        ("Good.\nScore: 8", None, None),
        ("Good.\n８", None, 8),
    ],
)
def test_pointwise(reply: str, strictly: float | None, as_reference: float | None):
    def value(read: object) -> float | None:
        try:
            return read().value  # type: ignore[operator]
        except UnreadableReply:
            return None

    assert value(lambda: strict.read_alone(reply, 10)) == strictly
    assert value(lambda: compat.read_alone(reply)) == as_reference


@pytest.mark.parametrize(
    ("reply", "score"),
    [("x\n8", 8), ("x\n8/10", 8), ("x\nfrom 7 to 8", 7), ("8", None), ("x\ngood", None)],
)
def test_api_pointwise_as_the_reference(reply: str, score: int | None):
    if score is None:
        with pytest.raises(UnreadableReply):
            compat.read_api_alone(reply)
    else:
        assert compat.read_api_alone(reply).value == score


@pytest.mark.parametrize(
    ("reply", "score"),
    [("x\n85", 85), ("85", 85), ("x\n85/100", 85), ("x\n8.5", None), ("x\n0-100: 85", None)],
)
def test_gemba_as_the_reference(reply: str, score: int | None):
    if score is None:
        with pytest.raises(UnreadableReply):
            compat.read_gemba(reply)
    else:
        assert compat.read_gemba(reply).value == score


@pytest.mark.parametrize(
    ("reply", "scores"),
    [
        ("x\nA: 8,B: 6", (8, 6)),
        ("x\nA 8 and B 6", (8, 6)),
        ("x\nB: 8,A: 6", None),
        ("x\nA: 8.5,B: 6", None),
        ("A: 8,B: 6", None),
        ("x\nA: 80,B: 60", (80, 60)),
    ],
)
def test_api_groups_as_the_reference(reply: str, scores: tuple[int, ...] | None):
    if scores is None:
        with pytest.raises(UnreadableReply):
            compat.read_api_group(reply, 2, analysed=True)
    else:
        assert compat.read_api_group(reply, 2, analysed=True).scores == scores
    assert compat.read_api_group("A: 8,B: 6", 2, analysed=False).scores == (8, 6)


def test_the_reference_reads_scores_by_position():
    assert compat.read_group("x\nB: 9, A: 3", 2, "score").scores == (9, 3)
    assert strict.read_group("x.\n\nB: 9, A: 3", 2, "score").scores == (3, 9)


FENCES = {
    # reply: read by evaluation and by training, as published and strictly
    "Fine.\n```\nHello\n```": ("Hello", "Hello", "Hello", "Hello"),
    "```text\nHello\n```": ("text\nHello", "text\nHello", "Hello", "Hello"),
    "````\nHello\n````": ("Hello\n`", "Hello\n`", "Hello", "Hello"),
    "```\nHi\n```\nBetter:\n```de\nHello\n```": ("de\nHello", None, "Hello", None),
    "Like ```this```:\n```\nHello\n```": ("Hello", None, "Hello", None),
    "```\nHello\n```\nDone.": (None, None, None, None),
}


@pytest.mark.parametrize(("reply", "expected"), FENCES.items(), ids=repr)
def test_readers_of_evaluation_and_of_training(reply: str, expected: tuple[str | None, ...]):
    names = ("codeblock-think", "codeblock-think-training")
    found = [read(name, reading, reply) for reading in ("compat", "strict") for name in names]
    assert tuple(found) == expected


def test_the_training_reader_says_what_it_refuses():
    format = make_format("codeblock-think-training")
    with pytest.raises(UnreadableReply, match="4 fences") as refusal:
        format.read("```\nHi\n```\n```\nHello\n```", SEGMENT)
    assert refusal.value.reason == "other-fence"


BLOCKS = {
    "```\nHello\n```": ("Hello", "Hello"),
    "x\n```text\nHello\n```\n": ("Hello", "Hello"),
    "````\n```\nHello\n```\n````": ("```\nHello\n```", "```\nHello\n```"),
    "```\none\n```\nBetter:\n```\ntwo\n```": ("two", "two"),
    "~~~\nHello\n~~~": (None, "Hello"),
    "```\r\nHello\r\n```\r\n": ("Hello", "Hello"),
    "<think>\n```\nno\n```</think>\n```\nHello\n```<|im_end|>": (None, "Hello"),
    "```\nx = 1\n```\nHello": (None, None),
    "```\nHello": (None, None),
    "Hello\n```": (None, None),
    "```Hello```": (None, None),
    "```\n\n```": (None, None),
    "```\nnot closed\n```text\nHello\n```": (None, None),
    "```\nstray\n\n```\nHello\n```": (None, None),
}


@pytest.mark.parametrize(("reply", "expected"), BLOCKS.items())
def test_code_blocks(reply: str, expected: tuple[str | None, str | None]):
    assert (
        read("codeblock-think", "strict", reply),
        read("codeblock-think", "lenient", reply),
    ) == (expected)


ANSWERS = {
    "<think>r</think> <answer>Hi</answer>": ("Hi", "Hi", "Hi"),
    "<think><answer>no</answer></think><answer>Hi</answer>": (None, "Hi", "no"),
    "<answer>Hi</answer>": (None, "Hi", "Hi"),
    "<ANSWER>Hi</ANSWER>": (None, "Hi", None),
    "<think>r</think><answer>a</answer><answer>b</answer>": (None, None, "a"),
    "<think>r</think><answer> </answer>": (None, None, None),
    "<think>r<answer>Hi</answer>": (None, None, "Hi"),
    "<think>r</think>x<answer>Hi</answer>": (None, "Hi", "Hi"),
}


@pytest.mark.parametrize(("reply", "expected"), ANSWERS.items())
def test_answer_tags(reply: str, expected: tuple[str | None, ...]):
    assert tuple(read("ssr", how, reply) for how in ("strict", "lenient", "compat")) == expected


@pytest.mark.parametrize(
    ("name", "reply", "expected"),
    [
        ("tower", " Hello \n", ("Hello", "Hello", "Hello")),
        ("tower", "Hello<|im_end|>", ("Hello<|im_end|>", "Hello", "Hello<|im_end|>")),
        ("tower", "Hello\n\nGerman: Hallo", (None, None, "Hello\n\nGerman: Hallo")),
        ("tower-lastline", "So:\nHello\n", ("Hello", "Hello", "Hello")),
        ("seedx", "one\ntwo", ("one\ntwo", "one\ntwo", "one\ntwo")),
        ("chat", " one\n\ntwo\n", ("one\n\ntwo",) * 3),
        ("chat", "```text\none\n```", (None, "one", "```text\none\n```")),
        ("chat", "```\n one\n\n```<|im_end|>", (None, "one", "```\n one\n\n```<|im_end|>")),
        ("chat", "````\none\n```", ("````\none\n```",) * 3),
        ("chat", "```\n\n```", (None, None, "```\n\n```")),
        ("chat", "<think>a</think>\none", (None, "one", "<think>a</think>\none")),
        ("chat", "<think>a", (None, None, "<think>a")),
        # A chat template may have begun the thoughts.
        ("chat", "a</think>\none", (None, "one", "a</think>\none")),
        ("chat", "one```", ("one```",) * 3),
        ("seedx", "Hi [COT] because", (None, None, "Hi [COT] because")),
        ("seedx-cot", "Hi [COT] because [COT]", ("Hi", "Hi", "Hi")),
        ("seedx-cot", "Hi", (None, "Hi", "Hi")),
        ("seedx-cot", "[COT] because", (None, None, "")),
    ],
)
def test_plain_translations(name: str, reply: str, expected: tuple[str | None, ...]):
    assert tuple(read(name, how, reply) for how in ("strict", "lenient", "compat")) == expected


@pytest.mark.parametrize("text", ["```\nein\n```", "<think>ein</think> Wort", "</think> endet"])
@pytest.mark.parametrize("reading", ["strict", "lenient"])
def test_a_source_with_a_fence_or_thoughts_has_a_translation_with_them(reading: str, text: str):
    assert read("chat", reading, text, Segment("s", text, "de", "en")) == text


def read(name: str, reading: str, reply: str, segment: Segment = SEGMENT) -> str | None:
    try:
        return make_format(name, reading).read(reply, segment)  # type: ignore[arg-type]
    except UnreadableReply:
        return None


@pytest.mark.parametrize(
    ("language", "tag"),
    [("zh-CN", "zh"), ("zho_Hans", "zh"), ("Chinese", "zh"), ("pt-BR", "pt")],
)
def test_seedx_tags(language: str, tag: str):
    prompt = make_format("seedx").write(Segment("s", "x", "en", language))
    assert prompt.text.endswith(f"x <{tag}>")
    assert prompt.chat is False


def test_ssr_goes_raw_unless_told_otherwise():
    assert make_format("ssr").write(SEGMENT).chat is False
    assert make_format("ssr", chat=True).write(SEGMENT).chat is True
    card = make_format("ssr-card").write(SEGMENT).text
    assert card.replace(">. \n", ">.\n").replace("English: \n", "English:\n") == (
        make_format("ssr").write(SEGMENT).text
    )


@pytest.mark.parametrize(
    ("analysis", "clean"),
    [
        (" Fine.\n", "Fine."),
        ("Fine.\nScores below:", "Fine."),
        ("Fine.\n\nFinal Ranking", "Fine.\n"),
        ("Scoring is easy.\nFine.", "Scoring is easy.\nFine."),
        ("A scored goal", ""),
        ("one\r\ntwo", "one\ntwo"),
        ("", ""),
    ],
)
def test_analyses_lose_a_last_line_that_gives_the_answer_away(analysis: str, clean: str):
    assert clean_analysis(analysis) == clean


def test_responses_take_whole_scores_only():
    with pytest.raises(ValueError, match="whole scores"):
        respond(Verdict(rank_scores((8.5, 8)), (8.5, 8)), "ranking_score")
    assert "A: 8, B: 7\n" in respond(Verdict(rank_scores((8.0, 7.0)), (8.0, 7.0)), "score")


def test_gemba_can_hide_the_reference():
    segment = Segment("s", "源", "zh", "en", "the reference", "the comment")
    group = Group(segment, (Candidate("x"),))
    shown = make_format("gemba-sqm").write(group).text
    assert "the reference\n评估重点：\nthe comment\n" in shown
    assert "the reference" not in make_format("gemba-sqm", reference=False).write(group).text
