"""Properties of the judge readers: printing then reading changes nothing, whatever order the
candidates stand in, and no text at all makes a reader do anything but read or refuse."""

from __future__ import annotations

import re
from itertools import permutations

import pytest
from benchmarks.fuzz_readers import fuzz
from hypothesis import assume, given
from hypothesis import strategies as st

from dragoman.errors import UnreadableReply
from dragoman.formats import FORMATS, make_format
from dragoman.formats.alone import Score
from dragoman.formats.gqm import READERS, clean_analysis, respond
from dragoman.formats.letters import letters
from dragoman.formats.plain import split_lines
from dragoman.formats.strict import Form
from dragoman.ranking import rank_scores
from dragoman.types import Candidate, Group, Ranking, Segment, Verdict

FORMS: list[Form] = ["ranking_score", "ranking", "score"]
READINGS = ["strict", "lenient", "compat"]


def may_be_places(scores: tuple[int, ...]) -> bool:
    """Whether somebody could have meant places: 1 2 3, with ties 1 1 2 or 1 1 3."""
    dense = sorted(set(scores)) == list(range(1, max(scores) + 1))
    gapped = all(score == 1 + sum(other < score for other in scores) for score in scores)
    return (dense or gapped) and len(set(scores)) > 1


score_lists = st.lists(st.integers(0, 10), min_size=2, max_size=8).map(tuple)
analyses = st.one_of(
    st.text(max_size=200),
    st.sampled_from(
        [
            "### Scores:\n\nA: 1, B: 10\n\nThat was the first pass.",
            "### Final Ranking:\n\nB > A\n\n### Scores:\n\nB: 9, A: 0\n\nOr so I thought.",
            "A > B\n\nA: 9, B: 1",
            "<think>no</think>",
            "Fluency:",
            "",
        ]
    ),
)


@pytest.mark.parametrize("reading", ["strict", "lenient"])
@pytest.mark.parametrize("form", FORMS)
@given(scores=score_lists, analysis=analyses)
def test_reading_what_was_printed(form: Form, reading: str, scores: tuple[int, ...], analysis: str):
    if form == "score":
        # A ranking above that contradicts the scores, or a heading of something else right
        # above them, is refused; and so, leniently, are scores that could be places.
        assume(not set("<>=") & set(analysis))
        assume(reading == "strict" or not may_be_places(scores))
        analysis += "\n\nThe rest is fine."
    kept = analysis.strip() if form == "score" else clean_analysis(analysis).strip()
    verdict = Verdict(rank_scores(scores), None if form == "ranking" else scores, analysis)
    if reading == "lenient" and form == "score":  # it drops thoughts, and makes line ends alike
        kept = "\n".join(split_lines(kept.removeprefix("<think>no</think>"))).strip()
    said = Verdict(verdict.ranking, verdict.scores, kept)
    assert READERS[reading](respond(verdict, form), len(scores), form) == said


@pytest.mark.parametrize("reading", READINGS)
@given(scores=score_lists, data=st.data())
def test_permuting_candidates_permutes_the_verdict(
    reading: str, scores: tuple[int, ...], data: st.DataObject
):
    order = data.draw(st.permutations(range(len(scores))))
    moved = tuple(scores[i] for i in order)
    reply = respond(Verdict(rank_scores(moved), moved, "Fine."), "ranking_score")
    read = READERS[reading](reply, len(scores), "ranking_score")
    back = sorted(range(len(order)), key=order.__getitem__)
    assert read.scores is not None
    assert tuple(read.scores[slot] for slot in back) == scores
    tiers = tuple(tuple(order[slot] for slot in tier) for tier in read.ranking.tiers)
    assert Ranking(tiers) == rank_scores(scores)


STYLES = [
    ("{x}: {s}", ", "),
    ("**{x}**: {s}", ", "),
    ("{x}：{s}", "，"),
    ("- Translation {x}: {s}/10", "\n"),
    ("| {x} | {s} |", "\n"),
    ("{x} ({s})", ", "),
    ("{x} = {s}", "; "),
    ('"{x}": {s}', ", "),
    ("{x}：{s}分", "、"),
    ("{x}: {s} points", "\n\n"),
    ("`{x}`: **{s}.0**", ", "),
]
FRAMES = ["{}", "Scores:\n{}", "### Scores\n\n{}\n", "评分：\n{}\n", "{{{}}}", "```\n{}\n```"]
FRAMES += ["**Final Scores:**\n{}\n\nI hope this helps!", "<think>A: 9, B: 1</think>\n{}<|im_end|>"]


@given(
    scores=score_lists,
    style=st.sampled_from(STYLES),
    frame=st.sampled_from(FRAMES),
    end=st.sampled_from(["\n", "\r\n", "\r", "\u2028"]),
    data=st.data(),
)
def test_lenient_recovers_what_models_write(
    scores: tuple[int, ...], style: tuple[str, str], frame: str, end: str, data: st.DataObject
):
    order = data.draw(st.permutations(range(len(scores))))
    item, comma = style
    names = letters(len(scores))
    answer = comma.join(item.format(x=names[i], s=scores[i]) for i in order)
    reply = ("The first one is stiff.\n\n" + frame.format(answer)).replace("\n", end)
    headed = "Scores" in frame or "评分" in frame
    form = "ranking_score" if headed or "<think>" in frame else "score"
    assume(headed or not may_be_places(scores))
    verdict = READERS["lenient"](reply, len(scores), form)
    assert verdict.scores == scores
    assert verdict.ranking == rank_scores(scores)


@given(scores=score_lists)
def test_lenient_refuses_what_may_be_places(scores: tuple[int, ...]):
    answer = ", ".join(map("{}: {}".format, letters(len(scores)), scores))
    if may_be_places(scores):
        with pytest.raises(UnreadableReply, match="unconfirmed-scores"):
            READERS["lenient"](answer, len(scores), "score")
    else:
        assert READERS["lenient"](answer, len(scores), "score").scores == scores
    with pytest.raises(UnreadableReply, match="unconfirmed-scores"):
        READERS["lenient"]("The first one is stiff.\n\n" + answer, len(scores), "ranking_score")


@given(scores=score_lists, data=st.data())
def test_lenient_refuses_a_ranking_that_disagrees(scores: tuple[int, ...], data: st.DataObject):
    other = data.draw(score_lists.filter(lambda s: len(s) == len(scores)))
    names = letters(len(scores))
    ranking = respond(Verdict(rank_scores(other)), "ranking")
    reply = ranking + "Scores:\n" + ", ".join(map("{}: {}".format, names, scores))
    if rank_scores(other) == rank_scores(scores):
        assert READERS["lenient"](reply, len(scores), "ranking_score").scores == scores
    else:
        with pytest.raises(UnreadableReply, match="contradiction"):
            READERS["lenient"](reply, len(scores), "ranking_score")


@given(scores=score_lists, cut=st.integers(1, 40))
def test_a_reply_cut_off_is_never_read_as_another(scores: tuple[int, ...], cut: int):
    reply = respond(Verdict(rank_scores(scores), scores, "Good."), "ranking_score")
    for reading in ("strict", "lenient"):
        try:
            verdict = READERS[reading](reply[:-cut], len(scores), "ranking_score")
        except UnreadableReply:
            continue
        # Only the line end, or the 0 of a last 10, can be missing from what is taken; a reply
        # that ends within a number is marked as cut off by its engine and is never read.
        assert verdict.scores == scores or (cut == 2 and reply.endswith("10\n"))


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("name", FORMATS)
@given(text=st.text(st.characters(codec=None, exclude_categories=()), max_size=300))
def test_any_text_is_read_or_refused(name: str, reading: str, text: str):
    read_or_refuse(name, reading, text)


def read_or_refuse(name: str, reading: str, text: str) -> object:
    format = make_format(name, reading)  # type: ignore[arg-type]
    segment = Segment("s", "源", "zh", "en")
    count = {"group": 3, "candidate": 1, "segment": 0}[format.takes]
    item = Group(segment, (Candidate("x"),) * count) if count else segment
    refusal, answer = None, None
    try:
        answer = format.read(text, item)
    except UnreadableReply as error:
        refusal = error
    if refusal is None:
        assert isinstance(answer, (Verdict, Score, str))
        return answer
    assert re.fullmatch(r"[a-z-]+", refusal.reason)
    assert len(refusal.detail) <= 120
    return None


MILLION = 1_000_000
HOSTILE = {
    "digits": "1" * MILLION,
    "score of a million digits": "x\nA > B > C\nScores:\nA: " + "9" * MILLION + ", B: 1, C: 1",
    "spaces": " " * MILLION,
    "spaces before a word": " " * MILLION + "x",
    "line ends": "\n" * MILLION + "x",
    "line ends and spaces": " \n\t" * (MILLION // 3) + "x",
    "letters": "A > " * (MILLION // 4),
    "items": "A: 8, " * (MILLION // 6),
    "item lines": "A: 8\n" * (MILLION // 5),
    "ranking lines": "A > B > C\n" * (MILLION // 10),
    "headings": "Scores:\n" * (MILLION // 8),
    "heading words": "final scores " * (MILLION // 13),
    "hashes": "#" * MILLION,
    "stars": "*" * MILLION + "A: 8",
    "underscores": "_" * MILLION,
    "backticks": "`" * MILLION,
    "fences": "```\n" * (MILLION // 4),
    "thoughts": "<think>" * (MILLION // 7),
    "thoughts ended": "</think>" * (MILLION // 8) + "A",
    "end tokens": "A: 8" + "<|im_end|>" * (MILLION // 10),
    "answers": "<answer>" * (MILLION // 8),
    "half tags": "< " * (MILLION // 2),
    "brackets": "(" * MILLION + "8",
    "nuls": "\0" * MILLION,
    "surrogates": "\ud800" * MILLION,
    "zero width": "\u200b" * MILLION + "8",
    "commas": "," * MILLION,
    "cot": "[COT]" * (MILLION // 5),
    "short lines": "ab\n" * (MILLION // 3),
    "prose": "It is good. " * (MILLION // 12) + "\nA > B > C\nScores:\nA: 9, B: 8, C: 7",
}


DIFFERENT_READERS = sorted(
    set(FORMATS) - {"gqm-score", "sqm-api-strict", "tower-lastline", "seedx"}
)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.timeout(60)
def test_a_million_hostile_characters(text: str):
    for name in DIFFERENT_READERS:
        for reading in READINGS:
            answer = read_or_refuse(name, reading, text)
            if reading != "compat" and isinstance(answer, Verdict) and answer.scores:
                assert all(0 <= score <= 10 for score in answer.scores)


def test_mangled_replies_breach_nothing():
    tallies = fuzz(20_000 // 8, seed=7)
    assert len(tallies) == 24
    assert all(tally.read > 20 and tally.refused > 20 for tally in tallies.values())


def test_every_ranking_of_three_is_told_apart():
    replies = {
        respond(Verdict(rank_scores(scores), scores), "ranking")
        for scores in permutations((0, 0, 1, 1, 2), 3)
    }
    read = {READERS["strict"](reply, 3, "ranking").ranking for reply in replies}
    assert len(read) == len(replies) == 12
