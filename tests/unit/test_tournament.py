"""The tournament: whom it shows to whom, what it costs, and when it gives up."""

from __future__ import annotations

import asyncio
from collections import Counter

import numpy as np
import pytest
from tests.conftest import make_group
from tests.planted import UNREADABLE, Planted

from dragoman.errors import UserError
from dragoman.judges.pairing import choose, doubts, fewest_calls, first_round, parts
from dragoman.judges.strength import Strengths, fit
from dragoman.judges.tournament import Tournament, consistency, default_calls
from dragoman.ranking import rank_scores
from dragoman.types import Failure, Group, Judgement, Ranking, Usage, Verdict


def numbered(n: int) -> Group:
    """n candidates whose texts are numbers, the best one first."""
    return make_group(*(f"{n - i:03}" for i in range(n)))


def by_number(texts: tuple[str, ...], draw: int) -> list[float]:
    return [float(text) for text in texts]


def order_only(texts: tuple[str, ...], draw: int) -> Ranking:
    return rank_scores([float(text) for text in texts])


async def test_a_group_that_fits_goes_straight_to_the_judge() -> None:
    judge = Planted(by_number)
    judgement = await Tournament(judge).judge(make_group("3", "1", "2"), draw=7)
    assert judge.asked == [(("3", "1", "2"), 7)]
    assert judgement.verdict is not None
    assert judgement.verdict.scores == (3, 1, 2)
    assert judgement.signature.startswith("judge:planted|slots:4|version:")


@pytest.mark.parametrize("judge", [Planted(by_number), Planted(order_only)])
@pytest.mark.parametrize("n", [5, 6, 9, 16, 30])
async def test_a_faultless_judge_is_understood(judge: Planted, n: int) -> None:
    judgement = await Tournament(judge, calls=6 * n).judge(numbered(n))
    assert judgement.verdict is not None
    assert judgement.verdict.ranking.order == tuple(range(n))
    assert judgement.details["consistency"] == 1


async def test_scores_are_expected_win_rates() -> None:
    judgement = await Tournament(Planted(by_number)).judge(numbered(12))
    assert judgement.verdict is not None
    scores, strengths = judgement.verdict.scores, np.array(judgement.details["strengths"])
    assert scores is not None
    against = 1 / (1 + np.exp(strengths - strengths[3]))
    assert scores[3] == pytest.approx(10 * np.delete(against, 3).mean())
    assert sum(scores) / 12 == pytest.approx(5)
    assert judgement.verdict.ranking == rank_scores(strengths.tolist())
    assert len(judgement.details["errors"]) == 12


async def test_ties_are_kept_only_where_strengths_are_equal() -> None:
    judge = Planted(lambda texts, draw: [5.0] * len(texts))
    judgement = await Tournament(judge).judge(numbered(9))
    assert judgement.verdict is not None
    assert judgement.verdict.ranking.tiers == (tuple(range(9)),)
    assert judgement.details["consistency"] is None


@pytest.mark.parametrize("calls", [21, 22, 35, 48])
async def test_the_budget_is_spent_and_never_passed(calls: int) -> None:
    judge = Planted(by_number)
    judgement = await Tournament(judge, calls=calls).judge(numbered(64))
    assert len(judge.asked) == calls == judgement.usage.calls == judgement.details["calls"]
    assert judgement.usage == Usage(calls, 10 * calls, 2 * calls)
    assert len(judgement.replies) == calls
    assert f"|slots:4|calls:{calls}|" in judgement.signature


def test_default_calls() -> None:
    assert [default_calls(n, 4) for n in (5, 16, 64, 256)] == [3, 16, 96, 512]
    assert default_calls(5, 2) == 6


def test_the_first_round_shows_everybody_and_links_when_it_can() -> None:
    random = np.random.default_rng(0)
    assert sorted(i for s in first_round(12, 4, random) for i in s) == list(range(12))
    odd = first_round(13, 4, random)
    assert [len(set(s)) for s in odd] == [4, 4, 4, 4]
    assert len(set(parts(13, odd).tolist())) == 1


async def test_the_fewest_calls_connect_everybody() -> None:
    for slots in (2, 3, 4, 7):
        for n in (*range(slots + 1, 24), 64):
            judge = Tournament(Planted(by_number), slots, fewest_calls(n, slots))
            assert (await judge.judge(numbered(n))).failure is None, (n, slots)


async def test_too_few_calls_to_connect_are_not_even_begun() -> None:
    judge = Planted(by_number)
    judgement = await Tournament(judge, calls=20).judge(numbered(64))
    assert judgement.failure is not None
    assert judgement.failure.reason == "too-few-calls"
    assert "at least 21 calls" in judgement.failure.detail
    assert judge.asked == []


async def test_parts_that_were_never_compared_are_a_failure_and_no_order() -> None:
    # Whoever shows candidates of both halves together gets no answer.
    def say(texts: tuple[str, ...], draw: int) -> list[float] | Failure:
        return UNREADABLE if len({text > "008" for text in texts}) == 2 else by_number(texts, draw)

    judgement = await Tournament(Planted(say), calls=100).judge(numbered(16))
    assert judgement.verdict is None
    assert judgement.failure is not None
    assert judgement.failure.reason == "no-scores"
    assert "never compared" in judgement.failure.detail
    assert judgement.details["unread"] > 0


async def test_a_failed_subgroup_is_asked_once_more_as_another_draw() -> None:
    judge = Planted(lambda texts, draw: UNREADABLE if draw == 0 else by_number(texts, draw))
    judgement = await Tournament(judge, calls=40).judge(numbered(16))
    assert judgement.verdict is not None
    assert judgement.details["calls"] == len(judge.asked) == 40
    assert judgement.details["unread"] == sum(draw == 0 for _, draw in judge.asked)
    asked = Counter(frozenset(texts) for texts, _ in judge.asked[:8])
    assert set(asked.values()) == {2}


async def test_a_judge_that_never_answers_is_not_asked_on_and_on() -> None:
    judge = Planted(lambda texts, draw: UNREADABLE)
    judgement = await Tournament(judge, calls=100).judge(numbered(16))
    assert judgement.failure is not None
    assert judgement.failure.reason == "no-scores"
    assert len(judge.asked) == 8
    assert set(Counter(frozenset(texts) for texts, _ in judge.asked).values()) == {2}


async def test_no_opinion_is_asked_for_twice() -> None:
    judge = Planted(by_number)
    await Tournament(judge, calls=40).judge(numbered(5), draw=1)
    asked = [(frozenset(texts), draw) for texts, draw in judge.asked]
    assert len(set(asked)) == 40
    other = Planted(by_number)
    await Tournament(other, calls=40).judge(numbered(5), draw=2)
    assert not set(asked) & {(frozenset(texts), draw) for texts, draw in other.asked}


async def test_a_judge_that_loves_the_first_slot_does_not_decide() -> None:
    judge = Planted(lambda texts, draw: [float(t) + 6 * (i == 0) for i, t in enumerate(texts)])
    judgement = await Tournament(judge, calls=150).judge(numbered(16))
    assert judgement.verdict is not None
    first_slots = Counter(texts[0] for texts, _ in judge.asked)
    assert max(first_slots.values()) < 30
    places = judgement.verdict.ranking.places
    swapped = sum(places[i] > places[j] for i in range(16) for j in range(i, 16))
    assert swapped <= 6


async def test_the_subgroups_of_a_round_are_judged_together() -> None:
    under_way = most = 0

    class Slow(Planted):
        async def judge(self, group: Group, draw: int = 0) -> Judgement:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1
            return await super().judge(group, draw)

    await Tournament(Slow(by_number)).judge(numbered(64))
    assert most == 16


def test_what_is_chosen_are_close_and_little_known_pairs() -> None:
    def say(*members: int) -> tuple[tuple[int, ...], Verdict]:
        return members, Verdict(rank_scores([-m for m in members]))

    # 0 and 1 are clearly above 2 and 3, and not told apart; all were seen equally often.
    strengths = fit(4, [say(0, 2), say(0, 3), say(1, 2), say(1, 3)] * 5)
    doubt = doubts(strengths)
    assert doubt[0, 1] > 2 * doubt[0, 2]
    assert set(choose(strengths, np.zeros(4, dtype=int), 1, 2)) <= {(0, 1), (2, 3)}
    # The same, but 2 and 3 were compared often since.
    tied = (2, 3), Verdict(rank_scores([0, 0]))
    strengths = fit(4, [say(0, 2), say(0, 3), say(1, 2), say(1, 3)] * 5 + [tied] * 20)
    assert choose(strengths, np.zeros(4, dtype=int), 1, 2) == [(0, 1)]


def test_members_are_in_doubt_with_one_another() -> None:
    strengths = Strengths(np.array([5.0, 5.0, 4.0, 0.0, 0.3]), 0.1 * np.eye(5))
    # 3 is more in doubt with 4 than 2 with anybody, but it is far from 0 and 1.
    assert choose(strengths, np.zeros(5, dtype=int), 1, 3) == [(0, 1, 2)]


def test_separate_parts_are_linked_first() -> None:
    verdicts = [((i, i + 1), Verdict(rank_scores([0, 0]))) for i in (0, 2, 4, 6)]
    part = parts(8, [members for members, _ in verdicts])
    assert part.tolist() == [0, 0, 2, 2, 4, 4, 6, 6]
    (members,) = choose(fit(8, verdicts), part, 1, 4)
    assert sorted(part[list(members)].tolist()) == [0, 2, 4, 6]


def test_subgroups_of_a_round_share_nobody() -> None:
    strengths = fit(12, [(tuple(range(12)), Verdict(rank_scores(range(12))))])
    chosen = choose(strengths, np.zeros(12, dtype=int), 5, 4)
    assert sorted(i for members in chosen for i in members) == list(range(12))


def test_consistency_counts_wins() -> None:
    verdicts = [
        ((0, 1), Verdict(rank_scores([2, 1]))),
        ((2, 1), Verdict(rank_scores([2, 1]))),
        ((0, 2), Verdict(rank_scores([1, 1]))),
    ]
    assert consistency(np.array([3.0, 2.0, 1.0]), verdicts) == 0.5
    assert consistency(np.zeros(3), verdicts) == 0


def test_a_subgroup_has_at_least_two() -> None:
    with pytest.raises(UserError, match="1 slots"):
        Tournament(Planted(by_number), slots=1)


async def test_256_candidates_are_ranked_and_not_one_more() -> None:
    judge = Planted(by_number)
    judgement = await Tournament(judge).judge(numbered(256))
    assert judgement.verdict is not None
    assert judgement.usage.calls == len(judge.asked) == 512
    one_more = await Tournament(judge).judge(numbered(257))
    assert one_more.failure is not None
    assert one_more.failure.reason == "too-many-candidates"
    assert len(judge.asked) == 512
