"""Formats, one by one: tables of replies and what the readers make of them."""

from __future__ import annotations

import pytest

from dragoman.errors import UnreadableReply, UserError
from dragoman.formats import compat, lenient, lenient_alone, make_format, strict
from dragoman.formats.gqm import clean_analysis, respond
from dragoman.formats.seedx import language_tag
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
    "Scores out of 5:\nA: 4, B: 3": "other-heading",
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
    "B > A\nStill, I find this to be fair.\nA: 8, B: 6": "contradiction",
    "B, A\nScores:\nA: 8, B: 6": "contradiction",
    "A ≥ B\nScores:\nA: 8, B: 6": "bad-ranking",
    "A > B": "no-scores",
    "<think>A: 8, B: 3": "unfinished-thinking",
    "<think>A: 8, B: 3</think>": "unfinished-thinking",
    "I have no opinion.": "no-answer",
    "No opinion": "no-answer",
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
    "A: 9, B: 1\n\nThat was my first impression of both.\n\nA: 8, B: 6",
    "Scores:\nB: 10, A: 0\n\nSo says the text of the second one. It is wrong.\n\nA: 8, B: 6",
    "<think>A: 3, B: 9</think>A: 8, B: 6</s><|im_end|>\n",
    "A: 8 out of 10 and B: 6 out of 10",
    "Bewertung:\nA: 8, B: 6",
    "\\boxed{A: 8, B: 6}",
    "A &gt; B\nA: 8, B: 6\n\nI hope this helps!",
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
    "He has\n3\nGood": "trailing-text",
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
    assert strict.read_group("x\nB: 9, A: 3", 2, "score").scores == (3, 9)


def test_the_training_reader_wants_two_fences():
    one, two = "Fine.\n```\nHello\n```", "```\nHi\n```\nBetter:\n```\nHello\n```"
    assert compat.training_block(one) == compat.evaluation_block(two) == "Hello"
    with pytest.raises(UnreadableReply):
        compat.training_block(two)


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
        ("seedx", "Hi [COT] because", (None, None, "Hi [COT] because")),
        ("seedx-cot", "Hi [COT] because [COT]", ("Hi", "Hi", "Hi")),
        ("seedx-cot", "Hi", (None, "Hi", "Hi")),
        ("seedx-cot", "[COT] because", (None, None, "")),
    ],
)
def test_plain_translations(name: str, reply: str, expected: tuple[str | None, ...]):
    assert tuple(read(name, how, reply) for how in ("strict", "lenient", "compat")) == expected


def read(name: str, reading: str, reply: str) -> str | None:
    try:
        return make_format(name, reading).read(reply, SEGMENT)  # type: ignore[arg-type]
    except UnreadableReply:
        return None


@pytest.mark.parametrize(
    ("language", "tag"),
    [("zh", "zh"), ("zh-CN", "zh"), ("zho_Hans", "zh"), ("Chinese", "zh"), ("pt-BR", "pt")],
)
def test_seedx_tags(language: str, tag: str):
    assert language_tag(language) == tag
    prompt = make_format("seedx").write(Segment("s", "x", "en", language))
    assert prompt.text.endswith(f"x <{tag}>")
    assert prompt.chat is False


def test_ssr_goes_raw_unless_told_otherwise():
    assert make_format("ssr").write(SEGMENT).chat is False
    assert make_format("ssr", chat=True).write(SEGMENT).chat is True
    card = make_format("ssr", template="card").write(SEGMENT).text
    assert card.replace(">. \n", ">.\n").replace("English: \n", "English:\n") == (
        make_format("ssr").write(SEGMENT).text
    )
    with pytest.raises(UserError, match="plain and card"):
        make_format("ssr", template="nice")


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
