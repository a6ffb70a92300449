"""Laws that the wrapper judges keep for every group and every judge."""

from __future__ import annotations

import asyncio
import math

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import make_group
from tests.planted import UNREADABLE, Planted, Says

from dragoman.judges.permuted import Permuted
from dragoman.judges.strength import fit
from dragoman.judges.tournament import Tournament
from dragoman.ranking import rank_scores
from dragoman.types import Group, Judgement, Verdict

merits = st.lists(st.integers(0, 10), min_size=2, max_size=9)


def group_of(n: int) -> Group:
    return make_group(*(f"text {i}" for i in range(n)))


def number(text: str) -> int:
    return int(text.removeprefix("text "))


def run(judge: Permuted | Tournament, group: Group) -> Judgement:
    return asyncio.run(judge.judge(group))


@given(merits, st.lists(st.integers(-20, 20), min_size=9, max_size=9))
def test_permuted_removes_every_bias_that_is_added_by_slot(
    merits: list[int], bias: list[int]
) -> None:
    def say(texts: tuple[str, ...], draw: int) -> Says:
        return [merits[number(t)] + bias[slot] for slot, t in enumerate(texts)]

    judgement = run(Permuted(Planted(say)), group_of(len(merits)))
    assert judgement.verdict is not None
    assert judgement.verdict.ranking == rank_scores(merits)
    assert abs(sum(judgement.details["slot_bias"])) < 1e-6


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_tournament_does_not_care_about_the_given_order(
    data: st.DataObject,
) -> None:
    merits = data.draw(st.lists(st.integers(0, 10), min_size=5, max_size=14))
    n = len(merits)
    order = tuple(data.draw(st.permutations(range(n))))
    slots = data.draw(st.integers(2, 4))
    unread = data.draw(st.integers(0, 20))

    def say(texts: tuple[str, ...], draw: int) -> Says:
        # A judge with a taste for the first slot that sometimes cannot be read.
        if (sum(map(number, texts)) + draw) % 23 < unread // 4:
            return UNREADABLE
        return [merits[number(t)] + (slot == 0) for slot, t in enumerate(texts)]

    straight = run(Tournament(Planted(say), slots), group_of(n))
    mixed = run(Tournament(Planted(say), slots), group_of(n).pick(order))
    assert straight.failure == mixed.failure
    if straight.verdict is None:
        return
    assert straight.verdict.scores is not None
    assert mixed.verdict is not None
    assert mixed.verdict.scores is not None
    assert mixed.verdict.scores == tuple(straight.verdict.scores[i] for i in order)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 6), st.integers(1, 40), st.booleans())
def test_a_tournament_whose_subgroups_can_all_be_read_always_ends_connected(
    slots: int, more: int, scored: bool
) -> None:
    n = slots + more

    def say(texts: tuple[str, ...], draw: int) -> Says:
        scores = [number(t) % 7 for t in texts]
        return scores if scored else rank_scores(scores)

    fewest = math.ceil((n - 1) / (slots - 1))
    judgement = run(Tournament(Planted(say), slots, fewest), group_of(n))
    assert judgement.failure is None
    assert judgement.details["calls"] == fewest


members = st.permutations(range(5)).map(lambda p: tuple(p[:3]))
said = st.lists(st.integers(0, 2), min_size=3, max_size=3)
compared = st.lists(st.tuples(members, said), min_size=1, max_size=8)


@settings(deadline=None)
@given(compared, st.permutations(range(5)))
def test_an_extra_win_never_lowers_the_winner(
    shown: list[tuple[tuple[int, ...], list[int]]], pair: list[int]
) -> None:
    verdicts = [(members, Verdict(rank_scores(said))) for members, said in shown]
    winner, loser = pair[:2]
    extra = ((winner, loser), Verdict(rank_scores([1, 0])))
    before, after = fit(5, verdicts), fit(5, [*verdicts, extra])
    assert after.values[winner] > before.values[winner]
    assert after.values[loser] < before.values[loser]


@settings(deadline=None)
@given(compared, st.lists(st.integers(-50, 50), min_size=8, max_size=8))
def test_the_level_of_the_scores_of_a_verdict_does_not_matter(
    shown: list[tuple[tuple[int, ...], list[int]]], levels: list[int]
) -> None:
    def verdict(said: list[int], level: int) -> Verdict:
        scores = tuple(float(score + level) for score in said)
        return Verdict(rank_scores(scores), scores)

    plain = fit(5, [(members, verdict(said, 0)) for members, said in shown])
    raised = zip(shown, levels, strict=False)
    shifted = fit(5, [(members, verdict(said, level)) for (members, said), level in raised])
    assert abs(plain.values - shifted.values).max() < 1e-6
