"""The voted judge: what it makes of votes that differ and of votes that cannot be read."""

from __future__ import annotations

import pytest
from tests.conftest import make_group
from tests.planted import UNREADABLE, Planted, Says

from dragoman.errors import UserError
from dragoman.judges.merging import mean_details
from dragoman.judges.voted import Voted
from dragoman.ranking import read_ranking
from dragoman.types import Judgement, Ranking, Usage, Verdict

GROUP = make_group("x", "y")


def by_draw(*votes: Says) -> Planted:
    return Planted(lambda texts, draw: votes[draw % len(votes)])


async def test_the_scores_are_the_mean_of_the_votes() -> None:
    judgement = await Voted(by_draw([2, 5], [4, 5], [9, 5]), 3).judge(GROUP)
    assert judgement.verdict is not None
    assert judgement.verdict.scores == (5, 5)
    assert judgement.verdict.ranking.tiers == ((0, 1),)
    assert judgement.verdict.analysis == "of ('x', 'y')"
    # One of the three pairs of votes agrees on which is better.
    assert judgement.details["agreement"] == pytest.approx(1 / 3)
    assert judgement.details["spread"] == pytest.approx([(26 / 3) ** 0.5, 0])
    assert judgement.details["unread"] == 0
    assert judgement.usage == Usage(3, 30, 6)
    assert len(judgement.replies) == 3
    assert judgement.signature.startswith("judge:planted|votes:3|version:")


async def test_every_draw_has_votes_of_its_own() -> None:
    judge = by_draw([1, 2])
    voted = Voted(judge, 3)
    for draw in range(3):
        await voted.judge(GROUP, draw)
    assert sorted(draw for _, draw in judge.asked) == list(range(9))


async def test_unreadable_votes_are_left_out() -> None:
    judgement = await Voted(by_draw([2, 5], UNREADABLE, [4, 5], UNREADABLE), 4).judge(GROUP)
    assert judgement.verdict is not None
    assert judgement.verdict.scores == (3, 5)
    assert judgement.details["unread"] == 2
    assert judgement.usage.calls == 4


async def test_fewer_than_half_read_is_a_failure() -> None:
    judgement = await Voted(by_draw([2, 5], UNREADABLE, UNREADABLE), 3).judge(GROUP)
    assert judgement.verdict is None
    assert judgement.failure is not None
    assert judgement.failure.reason == "no-scores"
    assert judgement.failure.detail == "2 of 3 votes: the reply ends in mid-air"
    assert judgement.usage.calls == 3


async def test_rankings_without_scores_are_averaged_by_place() -> None:
    group = make_group("x", "y", "z")
    votes = [read_ranking(text, "ABC") for text in ("A > B > C", "B > A = C")]
    judgement = await Voted(by_draw(*votes), 2).judge(group)
    assert judgement.verdict is not None
    assert judgement.verdict.scores is None
    # Places 1, 2, 3 and 2.5, 1, 2.5: means 1.75, 1.5, 2.75.
    assert judgement.verdict.ranking == Ranking(((1,), (0,), (2,)))


async def test_one_vote_agrees_with_nobody() -> None:
    judgement = await Voted(by_draw([1, 2], UNREADABLE), 2).judge(GROUP)
    assert judgement.details["agreement"] is None


def test_there_is_at_least_one_vote() -> None:
    with pytest.raises(UserError, match="0 votes"):
        Voted(by_draw([1, 2]), 0)


def test_what_inner_judges_found_out_is_kept_on_average() -> None:
    def found(**details: object) -> Judgement:
        tie = Verdict(Ranking(((0, 1),)))
        return Judgement(make_group("a", "b"), tie, None, details=details)

    one = found(flip_rate=0.0, slot_bias=[1.0, -1.0], spread=[0.1, 0.2], note="x", mine=1)
    other = found(flip_rate=0.5, slot_bias=[0.0, 0.0], spread=[0.1, 0.2], note="x")
    assert mean_details([one, other]) == {"flip_rate": 0.25, "slot_bias": [0.5, -0.5]}
    assert mean_details([found(slot_bias=[1.0]), found(slot_bias=[1.0, 2.0])]) == {}
