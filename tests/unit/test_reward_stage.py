"""What a judge's reply earns beside gold scores, by form."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.conftest import make_group
from tests.training import gold_rows, write_rows

from dragoman.data.rows import GoldGroup
from dragoman.errors import UserError
from dragoman.rewards.ranking import RankingReward
from dragoman.training.recipe import read_recipe
from dragoman.training.reward import (
    RewardSettings,
    _reward_function,
    _shown,
    earning,
    judge_format,
)

PAIR = GoldGroup(make_group("a", "b"), (8, 3))
ONE = GoldGroup(make_group("a"), (8,))


def gqm(a: int | str, b: int | str) -> str:
    ranking = "A = B" if a == b else "A > B" if str(a).isdigit() and int(a) > int(b) else "B > A"
    return f"Words.\n\n### Final Ranking:\n\n{ranking}\n\n### Scores:\n\nA: {a}, B: {b}\n"


@pytest.mark.parametrize(
    ("form", "reply", "earned"),
    [
        ("gqm", gqm(8, 3), (1, 1)),
        ("gqm", gqm(9, 3), (1, 0.6)),
        ("gqm", gqm(10, 3), (1, 0.2)),
        ("gqm", gqm(5, 5), (0, 0)),
        ("gqm", gqm(100, 3), None),
        ("gqm", "A: 8, B: 3", None),
        ("gqm", "", None),
        ("pairwise", gqm(8, 3), (1, 1)),
        ("gqm-score", "Words.\n\nA: 5, B: 0", (1, 1)),
        ("gqm-ranking", "Words.\n\n### Final Ranking:\n\nA > B\n", (1, 0)),
        ("gqm-ranking", "Words.\n\n### Final Ranking:\n\nB > A\n", (0, 0)),
    ],
)
def test_a_group_earns_order_and_margins(
    form: str, reply: str, earned: tuple[float, float] | None
) -> None:
    earn = earning(judge_format(RewardSettings(form=form)))
    expected = RankingReward(True, *earned) if earned else RankingReward(False)
    assert earn(reply, PAIR) == expected


@pytest.mark.parametrize(
    ("reply", "total"), [("Words.\n8", 1), ("9", 0.8), ("6", 0.4), ("5", 0.2), ("4", 0), ("11", 0)]
)
def test_a_candidate_alone_earns_closeness(reply: str, total: float) -> None:
    assert earning(judge_format(RewardSettings(form="sqm")))(reply, ONE).total == total


@pytest.mark.parametrize(("a", "total"), [(8, 2), (9, 1.6), (10, 1.2), (100, 1)])
def test_compat_is_the_published_reward_off_the_scale_too(a: int, total: float) -> None:
    format = judge_format(RewardSettings(compat=True))
    assert earning(format, compat_reward=True)(gqm(a, 3), PAIR).total == pytest.approx(total)


def test_compat_and_translators_formats_are_refused() -> None:
    with pytest.raises(UserError, match="compat is the published reward of gqm"):
        judge_format(RewardSettings(form="sqm", compat=True))
    with pytest.raises(UserError, match="'tower' is for translators"):
        judge_format(RewardSettings(form="tower"))


def test_a_reply_cut_off_earns_nothing_and_what_was_found_is_told() -> None:
    golds = [PAIR, GoldGroup(make_group("c", "d", id="h"), (3, 8))]
    metrics: dict[str, float] = {}
    samples: list[tuple[int, list[dict[str, object]]]] = []
    reward = _reward_function(
        golds,
        earning(judge_format(RewardSettings())),
        frozenset({2, 9}),
        lambda step, rows: samples.append((step, rows)),
    )
    said = [gqm(8, 3), gqm(8, 3), gqm(3, 8), "?"]
    earned = reward(
        prompts=[],
        completions=[[{"role": "assistant", "content": reply}] for reply in said],
        completion_ids=[[5, 2], [5, 5], [5, 9], [2]],
        row=[0, 0, 1, 1],
        trainer_state=SimpleNamespace(global_step=4, is_world_process_zero=True),
        log_metric=metrics.__setitem__,
    )
    assert earned == [2, 0, 2, 0]
    assert metrics == {"valid": 0.5, "ranking": 0.5, "margin": 0.5}
    ((step, rows),) = samples
    assert step == 5
    assert rows == [
        {"group": "g", "reply": said[0], "reward": 2},
        {"group": "g", "reply": said[1], "reward": 0},
    ]


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({"form": "gqm"}, [(8, 0), (8, 1)]),
        ({"form": "pairwise"}, [(8, 0), (8, 5), (0, 5), (8, 1), (8, 5), (1, 5)]),
        ({"form": "sqm"}, [(8,), (0,), (8,), (1,)]),
        ({"form": "gqm", "shuffles": 1}, [(8, 0), (0, 8), (8, 1), (1, 8)]),
    ],
)
def test_what_each_form_shows(
    tmp_path: Path, settings: dict[str, object], shown: list[tuple[int, ...]]
) -> None:
    rows = gold_rows(2)
    if settings["form"] == "pairwise":
        rows = [
            {**row, "candidates": ["a", "b", "c"], "scores": [*row["scores"], 5]} for row in rows
        ]
    data = {"rows": str(write_rows(tmp_path / "g.jsonl", rows))}
    recipe = read_recipe({"stage": "reward", "model": "m", "data": data}, "r")
    made = RewardSettings(**settings)
    golds = _shown(recipe, made, judge_format(made))
    assert [gold.scores for gold in golds] == shown
