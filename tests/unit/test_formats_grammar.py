"""The decoding grammar: derives every reply that is printed, and no other answer."""

from __future__ import annotations

import random
import re
from itertools import combinations

import pytest
from tests.unit.gbnf import Gbnf

from dragoman.formats.gqm import respond
from dragoman.formats.grammar import finished, gbnf, weak_orders
from dragoman.ranking import rank_scores
from dragoman.types import Verdict

ANALYSIS = "A is good.\n\n### Accuracy\n\n#\n### Final thoughts\nB: 3 faults"


def replies(n: int, form: str, each: int = 3) -> list[str]:
    """A reply for every ranking of n candidates, with a few choices of scores."""
    rng = random.Random(n)
    found: list[str] = []
    for tiers in weak_orders(tuple(range(n))):  # type: ignore[arg-type]
        choices = list(combinations(range(10, -1, -1), len(tiers)))
        for levels in (choices[0], choices[-1], *rng.sample(choices, min(each, len(choices)))):
            level = {i: s for tier, s in zip(tiers, levels, strict=True) for i in tier}
            scores = tuple(level[i] for i in range(n))
            found.append(respond(Verdict(rank_scores(scores), scores, ANALYSIS), form))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("form", ["ranking_score", "ranking", "score"])
@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_every_printed_reply_is_derived(n: int, form: str):
    grammar = Gbnf(gbnf(n, form))  # type: ignore[arg-type]
    printed = replies(n, form) if n < 4 else random.Random(1).sample(replies(n, form), 60)
    for reply in printed:
        assert grammar.accepts(reply), reply
        assert re.search(finished(n, form), reply)  # type: ignore[arg-type]


def test_there_are_75_rankings_of_four():
    assert [len(set(weak_orders(tuple("ABCD"[:n])))) for n in (1, 2, 3, 4)] == [1, 3, 13, 75]


WRONG = {
    "tie with different scores": ("A = C > B", "A: 9, C: 8, B: 2"),
    "order with equal scores": ("A > C > B", "A: 9, C: 9, B: 2"),
    "scores that rise": ("A > C > B", "A: 2, C: 5, B: 9"),
    "off the scale": ("A > C > B", "A: 11, C: 5, B: 2"),
    "below the scale": ("A > C > B", "A: 1, C: 0, B: -1"),
    "a letter twice": ("A > C > C", "A: 9, C: 5, C: 2"),
    "a letter missing": ("A > C", "A: 9, C: 5"),
    "a letter too many": ("A > C > B > D", "A: 9, C: 5, B: 2, D: 1"),
    "another order of letters": ("A > C > B", "A: 9, B: 5, C: 2"),
    "a decimal": ("A > C > B", "A: 9.5, C: 5, B: 2"),
    "no score": ("A > C > B", "A: , C: 5, B: 2"),
    "text behind": ("A > C > B", "A: 9, C: 5, B: 2\nSorry"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_no_wrong_answer_is_derived(wrong: tuple[str, str]):
    grammar = Gbnf(gbnf(3, "ranking_score"))
    form = "Fine.\n\n### Final Ranking:\n\n{}\n\n### Scores:\n\n{}\n"
    assert grammar.accepts(form.format("A > C > B", "A: 9, C: 5, B: 2"))
    assert not grammar.accepts(form.format(*wrong))


def test_an_answer_cannot_hide_in_the_analysis():
    grammar = Gbnf(gbnf(2, "ranking_score"))
    answer = "### Final Ranking:\n\nA > B\n\n### Scores:\n\nA: 9, B: 5\n"
    assert grammar.accepts(answer)
    assert not grammar.accepts(answer + answer)
    assert not grammar.accepts("### Final Ranking: unclear\n" + answer)


def test_large_groups_keep_the_form_and_the_fall_of_scores():
    grammar = Gbnf(gbnf(5, "ranking_score"))
    form = "### Final Ranking:\n\nA > B > C > D > E\n\n### Scores:\n\n{}\n"
    assert grammar.accepts(form.format("A: 9, B: 7, C: 5, D: 3, E: 1"))
    assert not grammar.accepts(form.format("A: 9, B: 7, C: 5, D: 3, E: 4"))
    assert not grammar.accepts(form.format("A: 9, B: 7, C: 5, D: 3"))
    # What it does not know, as its module says: that every letter stands once.
    assert grammar.accepts(form.format("A: 9, A: 7, C: 5, D: 3, E: 1"))


@pytest.mark.parametrize("n", [2, 4, 5, 26])
def test_it_stays_small(n: int):
    assert len(gbnf(n, "ranking_score")) < 64_000


@pytest.mark.parametrize(
    "text",
    [
        "### Final Ranking:\n\nA > B\n\n### Scores:\n\nA: 9, B: 1",
        "### Final Ranking:\n\nA > B\n\n### Scores:\n\nA: 9,\n",
        "### Final Ranking:\n\nA > B\n\n### Scores:\n\nA: 9\n",
        "### Final Ranking:\n\nA > B\n\n### Scores:\n\nA: 9, B: 1\n\nOr rather",
        "Scores:\n\nA: 9, B: 1\n",
    ],
)
def test_not_yet_finished(text: str):
    assert not re.search(finished(2, "ranking_score"), text)
