"""What is measured of a judged group, of a translation, and of a trick; and the paper's plan."""

from __future__ import annotations

import pytest

from dragoman.data.rows import GoldGroup
from dragoman.phrasebook import datasets
from dragoman.phrasebook.judge import GoldJudge
from dragoman.ranking import rank_scores
from dragoman.reproduce import paper, probes, training
from dragoman.reproduce.groups import gold_groups, segments_of
from dragoman.reproduce.judging import columns, weigh
from dragoman.reproduce.plan import Place, check
from dragoman.reproduce.probes import TRICKS, sees_through
from dragoman.reproduce.sizes import FULL, QUICK, SMOKE
from dragoman.reproduce.training import Model, Rows
from dragoman.reproduce.translating import measure
from dragoman.rewards.group import Rollout, group_reward
from dragoman.training.policy import PolicySettings
from dragoman.training.recipe import load_recipe
from dragoman.types import Candidate, Failure, Group, Judgement, Segment, Verdict


def judged(said: list[float], gold: list[float], *, scored: bool = True) -> dict[str, object]:
    group = Group(
        Segment("1", "s", "en", "de"), tuple(Candidate(f"t{i}") for i in range(len(said)))
    )
    verdict = Verdict(rank_scores(said), tuple(said) if scored else None)
    return dict(weigh(Judgement(group, verdict, None), GoldGroup(group, tuple(gold))))


def test_unequal_pairs_are_counted_strictly():
    """Gold has five unequal pairs of six; the judge orders three of them, ties one, turns one."""
    found = judged([9, 9, 5, 2], [10, 7, 2, 2])
    # 9=9 against 10>7 is a tie: wrong. 9>5, 9>2, 9>5, 9>2 are right. 5>2 against 2=2 is no pair.
    assert found["pairs"] == pytest.approx(4 / 5)
    # The paper's counts all six: the tie is wrong, and so is 5>2.
    assert found["agreement"] == pytest.approx(4 / 6)
    assert found["exact"] == pytest.approx(1 / 4)
    assert (found["equal"], found["unread"]) == (0.0, 0.0)


def test_turned_pair_is_wrong_by_both_counts():
    found = judged([3, 8], [8, 3])
    assert (found["pairs"], found["agreement"]) == (0.0, 0.0)


def test_equal_scores_teach_nothing():
    assert judged([7, 7, 7], [7, 5, 3])["equal"] == 1.0


def test_group_that_gold_ties_has_no_unequal_pair():
    found = judged([7, 7], [4, 4])
    assert found["pairs"] is None
    assert found["agreement"] == 1.0


def test_ranking_without_scores_is_weighed_by_places():
    found = judged([9, 4], [6, 2], scored=False)
    assert (found["pairs"], found["agreement"], found["exact"]) == (1.0, 1.0, None)


def test_failed_judgement_is_no_number():
    group = Group(Segment("1", "s", "en", "de"), (Candidate("a"), Candidate("b")))
    found = weigh(Judgement(group, None, Failure("no-scores")), GoldGroup(group, (1, 2)))
    assert found == {"pairs": None, "agreement": None, "equal": None, "exact": None, "unread": 1.0}


def test_columns_keep_the_order_of_rows():
    assert columns([{"a": 1, "b": None}, {"a": 3, "b": 4}]) == {"a": [1, 3], "b": [None, 4]}
    assert columns([]) == {}


@pytest.fixture(scope="module")
def segments():
    return segments_of(split="test", seed=9, size=6, directions=["en-de", "de-zh"])


def test_reference_is_the_best_translation(segments):
    for segment in segments:
        assert measure(segment, segment.reference, 20) == {
            "quality": 10.0, "exact": 1.0, "chrf": pytest.approx(100), "tokens": 20.0,
            "copied": 0.0, "unreadable": 0.0,
        }  # fmt: skip


def test_copy_of_the_source_is_told(segments):
    found = measure(segments[0], f" {segments[0].source}", 20)
    assert found["copied"] == 1.0
    assert found["exact"] == 0.0
    assert found["quality"] is not None
    assert found["quality"] < 5


def test_reply_without_a_translation_is_worth_nothing(segments):
    found = measure(segments[0], None, 80)
    assert (found["quality"], found["unreadable"], found["tokens"]) == (0.0, 1.0, 80.0)


def test_groups_of_samples_have_different_readable_texts(segments):
    best = segments[0].reference
    texts = [[best, None, best, "Nein."], [None, "x", "x", "x"]]
    (found,) = gold_groups(segments[:2], texts)
    assert [c.text for c in found.group.candidates] == [best, "Nein."]
    assert found.scores[0] == 10.0 > found.scores[1]


async def test_gold_sees_through_every_trick(segments):
    tried = probes.probes(segments, seed=4)
    assert {one.kind for one in tried} == set(TRICKS)
    assert {one.honest for one in tried} == {0, 1}
    for one in tried:
        assert sees_through(one, await GoldJudge().judge(one.group)) == 1.0


def test_fooled_judge_is_told(segments):
    one = probes.probes(segments, seed=4)[0]
    scores = [0.0, 0.0]
    scores[1 - one.honest] = 10.0
    fooled = Judgement(one.group, Verdict(rank_scores(scores), tuple(scores)), None)
    tied = Judgement(one.group, Verdict(rank_scores([5.0, 5.0]), (5.0, 5.0)), None)
    mute = Judgement(one.group, None, Failure("no-scores"))
    assert [sees_through(one, said) for said in (fooled, tied, mute)] == [0.0, 0.0, None]


def test_injected_ranking_names_its_own_letter(segments):
    for one in probes.probes(segments, seed=4):
        if one.kind == "injected ranking":
            text = one.group.candidates[1 - one.honest].text
            assert f"Final Ranking: {'AB'[1 - one.honest]} >" in text


@pytest.mark.parametrize("sizes", [FULL, QUICK, SMOKE])
def test_plan_has_every_step_of_every_section(sizes):
    steps = paper.plan([1, 2, 3], sizes)
    check(steps)
    names = {step.name for step in steps}
    for letter, wanted in paper.sections([1, 2, 3], sizes).items():
        assert set(wanted) <= names, letter


def test_part_of_a_plan_has_what_it_needs_and_no_more():
    names = {step.name for step in paper.plan([1], SMOKE, "e")}
    kinds = ("policy-ssr-1", "policy-ssr-x-1", "translate-ssr-1", "translate-ssr-x-1")
    assert names == {"translate-base", *kinds}


def test_every_recipe_of_the_plan_can_be_read(tmp_path):
    """The values written over recipes are TOML, and no table has a key that nobody reads."""
    place = Place(tmp_path / "a b", tmp_path / "base")
    trained = [step for step in paper.plan([1], SMOKE) if step.work is training.train]
    assert len(trained) > 15
    for step in trained:
        recipe = load_recipe(step.told["recipe"], training.overrides(place, step.told["told"]))
        assert str(recipe.model) in (str(place.base), *(str(place.model(s)) for s in step.after))
        if recipe.data.rows.startswith("phrasebook:"):
            name = recipe.data.rows.partition(":")[2]
            assert next(datasets.load(name, **recipe.data.options))


def test_perfect_scores_of_every_metric_that_rewards_are_rewards(tmp_path):
    """Scores outside of a range are failures, and a policy without rewards learns nothing."""
    place = Place(tmp_path, tmp_path / "base")
    rewarded = {
        step.name: load_recipe(step.told["recipe"], training.overrides(place, step.told["told"]))
        for step in paper.plan([1], SMOKE)
        if step.name in ("policy-chrf-1", "policy-gold-1")
    }
    for name, highest in (("policy-chrf-1", 100.0), ("policy-gold-1", 10.0)):
        settings = rewarded[name].settings(PolicySettings)
        assert group_reward(
            [Rollout("so", 5), Rollout("or", 5)], [highest, 0.0], settings.reward
        ) == [
            pytest.approx(0.1),
            0.0,
        ]


def test_models_and_rows_are_where_steps_leave_them(tmp_path):
    place = Place(tmp_path, tmp_path / "base")
    told = {"model": Model("base"), "data": {"rows": Rows("held-out"), "limit": 3},
            "judge.engine": Model("gqm-1", "transformers:")}  # fmt: skip
    assert training.overrides(place, told) == [
        f'model="{tmp_path}/base"',
        f'data={{rows = "{tmp_path}/rows/held-out.jsonl", limit = 3}}',
        f'judge.engine="transformers:{tmp_path}/runs/gqm-1/model"',
    ]
