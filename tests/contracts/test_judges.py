"""What every judge promises, bare or wrapped, over the real formats and the scripted engine.

The engine scores a text by its hash, wherever it stands, so all these judges are
equivariant: what they say of a candidate does not depend on where it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from tests.conftest import make_group

from dragoman.asking import Asker
from dragoman.engines.made_up import made_up_reply
from dragoman.engines.scripted import ScriptedEngine
from dragoman.errors import EngineDown, UserError
from dragoman.formats import make_format
from dragoman.judges import Judge, make_judge
from dragoman.judges.group import GroupJudge
from dragoman.judges.metric import MetricJudge
from dragoman.judges.permuted import Permuted
from dragoman.judges.pointwise import PointwiseJudge
from dragoman.judges.tournament import Tournament
from dragoman.judges.voted import Voted
from dragoman.metrics import make_metric
from dragoman.phrasebook.judge import GoldJudge
from dragoman.signature import read_signature, signature
from dragoman.types import Group, Judgement, Prompt, Sampling


@dataclass
class Counting:
    """What the engine says, and how often it was asked."""

    say: Callable[[Prompt, Sampling], str | list[str]] = made_up_reply
    calls: int = 0

    def __call__(self, prompt: Prompt, sampling: Sampling) -> str | list[str]:
        self.calls += 1
        return self.say(prompt, sampling)


@dataclass
class Desk:
    """Makes judges that all ask one counted engine."""

    answering: Counting = field(default_factory=Counting)

    @property
    def asker(self) -> Asker:
        return Asker(ScriptedEngine.answering(self.answering), Sampling(temperature=0.7))

    def group(self) -> Judge:
        return GroupJudge(self.asker, make_format("gqm"))

    def pointwise(self) -> Judge:
        return PointwiseJudge(self.asker, make_format("sqm"))


def metric(name: str) -> Judge:
    return MetricJudge(make_metric(name))


JUDGES: dict[str, Callable[[Desk], Judge]] = {
    "group": Desk.group,
    "pointwise": Desk.pointwise,
    "chrf": lambda desk: metric("chrf"),
    "bleu": lambda desk: metric("bleu"),
    "permuted": lambda desk: Permuted(desk.group()),
    "permuted-metric": lambda desk: Permuted(metric("chrf")),
    "voted": lambda desk: Voted(desk.group(), 3),
    "voted-pointwise": lambda desk: Voted(desk.pointwise(), 2),
    "tournament": lambda desk: Tournament(desk.group()),
    "tournament-pairs": lambda desk: Tournament(desk.group(), slots=2),
    "tournament-pointwise": lambda desk: Tournament(desk.pointwise(), slots=3),
    "tournament-metric": lambda desk: Tournament(metric("bleu")),
    "tournament-permuted": lambda desk: Tournament(Permuted(desk.group())),
    "voted-permuted": lambda desk: Voted(Permuted(desk.group()), 2),
    "permuted-voted": lambda desk: Permuted(Voted(desk.group(), 2)),
    "tournament-permuted-voted": lambda desk: Tournament(Permuted(Voted(desk.group(), 2)), 3),
    "gold": lambda desk: GoldJudge(),
    "gold-noisy": lambda desk: GoldJudge(2),
}

METRICS = {"chrf", "bleu", "permuted-metric", "tournament-metric"}
ASKS_NOBODY = {*METRICS, "gold", "gold-noisy"}

TEXTS = (
    "Good morning",
    "Good day to you",
    "Morning",
    "A good morning to everyone",
    "Guten Morgen",
    "Have a nice morning",
    "Good",
    "Hello there",
    "Good morning!",
)


def texts(*which: str) -> Group:
    return make_group(*which, id="phrasebook/test/1/0/de-en", reference="Good morning")


@pytest.fixture(params=JUDGES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


async def judged(name: str, group: Group, say: Callable[..., str | list[str]] = made_up_reply):
    """A judgement and the number of calls that the engine saw."""
    desk = Desk(Counting(say))
    return await JUDGES[name](desk).judge(group), desk.answering.calls


@pytest.mark.parametrize("n", [2, 3, 4, 5, 9])
async def test_every_candidate_is_ranked(name: str, n: int) -> None:
    judgement, _ = await judged(name, texts(*TEXTS[:n]))
    verdict = judgement.verdict
    assert verdict is not None, judgement.failure
    assert sorted(verdict.ranking.order) == list(range(n))
    assert verdict.scores is not None
    assert len(verdict.scores) == n
    best, worst = verdict.ranking.order[0], verdict.ranking.order[-1]
    assert verdict.scores[best] >= verdict.scores[worst]
    assert judgement.group == texts(*TEXTS[:n])


@pytest.mark.parametrize("order", [(1, 0, 2), (3, 1, 4, 0, 2), (8, 2, 6, 0, 4, 1, 7, 5, 3)])
async def test_another_order_of_candidates_is_the_same_verdict(
    name: str, order: tuple[int, ...]
) -> None:
    group = texts(*TEXTS[: len(order)])
    straight, _ = await judged(name, group)
    mixed, _ = await judged(name, group.pick(order))
    assert straight.verdict is not None
    assert mixed.verdict is not None
    places, mixed_places = straight.verdict.ranking.places, mixed.verdict.ranking.places
    assert mixed_places == tuple(places[i] for i in order)
    scores = straight.verdict.scores
    assert scores is not None
    assert mixed.verdict.scores == pytest.approx([scores[i] for i in order])


async def test_identical_texts_share_tier_and_score_and_cost_nothing(name: str) -> None:
    once, calls_once = await judged(name, texts(*TEXTS[:5]))
    group = texts(*TEXTS[:5], TEXTS[0], TEXTS[3], TEXTS[0])
    judgement, calls = await judged(name, group)
    assert judgement.verdict is not None
    places, scores = judgement.verdict.ranking.places, judgement.verdict.scores
    assert scores is not None
    assert places[0] == places[5] == places[7]
    assert places[3] == places[6]
    assert scores[0] == scores[5] == scores[7]
    assert calls == calls_once
    assert once.verdict is not None
    assert scores[:5] == once.verdict.scores


@pytest.mark.parametrize("group", [texts("Morning"), texts("Morning", "Morning")])
async def test_one_distinct_text_needs_no_comparing(name: str, group: Group) -> None:
    judgement, calls = await judged(name, group)
    assert judgement.verdict is not None
    assert judgement.verdict.ranking.tiers == (tuple(range(len(group))),)
    # A bare pointwise judge does not compare: its score of one text is worth the call.
    assert calls == (1 if name == "pointwise" else 0)
    assert judgement.usage.calls == calls


async def test_what_cannot_be_read_is_a_failure_with_a_reason(name: str) -> None:
    group = make_group(*TEXTS[:5])  # without a reference, and none of the phrasebook's
    judgement, calls = await judged(name, group, lambda prompt, sampling: "I would rather not.")
    assert judgement.verdict is None
    assert judgement.failure is not None
    assert judgement.failure.reason
    assert judgement.failure.detail
    assert judgement.signature
    assert (judgement.failure.reason == "no-reference") == (name in METRICS)
    assert len(judgement.replies) == judgement.usage.calls == calls


async def test_an_engine_that_is_down_is_a_failure(name: str) -> None:
    if name in ASKS_NOBODY:
        pytest.skip("asks no engine")

    def down(prompt: Prompt, sampling: Sampling) -> str:
        raise EngineDown("no answer")

    judgement, _ = await judged(name, texts(*TEXTS[:5]), down)
    assert judgement.failure is not None
    assert judgement.failure.reason == "engine-down"


@pytest.mark.parametrize("n", [3, 9])
async def test_usage_counts_the_calls(name: str, n: int) -> None:
    judgement, calls = await judged(name, texts(*TEXTS[:n]))
    assert judgement.usage.calls == calls == len(judgement.replies)
    assert (calls == 0) == (name in ASKS_NOBODY)


@pytest.mark.parametrize("n", [3, 9])
async def test_equal_settings_give_equal_signatures(name: str, n: int) -> None:
    one, _ = await judged(name, texts(*TEXTS[:n]))
    other, _ = await judged(name, texts(*TEXTS[:n]))
    assert one.signature == other.signature
    said = read_signature(signature(JUDGES[name](Desk()).fields))
    assert said.items() <= read_signature(one.signature).items()


async def test_judges_of_different_settings_have_different_signatures() -> None:
    signatures = [(await judged(name, texts(*TEXTS)))[0].signature for name in JUDGES]
    assert len(set(signatures)) == len(signatures)


async def test_what_the_metric_learnt_from_the_segment_stays_in_the_signature() -> None:
    judgement: Judgement = await Permuted(metric("bleu")).judge(texts(*TEXTS[:3]))
    assert read_signature(judgement.signature)["tok"] == "13a"


def test_make_judge_wraps_from_the_inside_out() -> None:
    judge = make_judge("group", Desk().asker, permute="all", votes=2, slots=3)
    assert isinstance(judge, Tournament)
    assert judge.slots == 3
    assert isinstance(judge.inner, Voted)
    assert isinstance(judge.inner.inner, Permuted)
    assert judge.inner.inner.orders == "all"
    assert isinstance(judge.inner.inner.inner, GroupJudge)
    greedy = Asker(ScriptedEngine.answering(made_up_reply))
    with pytest.raises(UserError, match="votes at temperature 0"):
        make_judge("group", greedy, votes=2)
