"""A judge under reinforcement learning, and a judge that is a reward head: they learn."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.tiny_model import make_tiny_model
from tests.training import (
    ONE_THREAD,
    TRL,
    curve,
    gold_rows,
    one_thread,
    write_recipe,
    write_rows,
)

from dragoman.errors import UserError
from dragoman.formats import make_format
from dragoman.judges import make_judge
from dragoman.records import group_from_row
from dragoman.training import reward, sft
from dragoman.training.recipe import load_recipe, read_recipe

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")

STEPS = 16


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny judge that writes scores, at random; a recipe that teaches it gold ones; and `out`,
    that recipe's run."""
    home = tmp_path_factory.mktemp("reward")
    make_tiny_model(home / "model", hidden_size=32, intermediate_size=64)
    rows = write_rows(home / "gold.jsonl", gold_rows(8))
    asks = make_format("gqm-score").write
    said = [(3, 7), (8, 2), (5, 5), (9, 4), (2, 8), (7, 1)]
    lessons = [
        {"prompt": asks(group_from_row(row)).text, "response": f"A: {a}, B: {b}"}
        for row in gold_rows(8)
        for a, b in said
    ]
    cold: dict[str, Any] = {
        "stage": "sft",
        "model": str(home / "model"),
        "data": {"rows": str(write_rows(home / "lessons.jsonl", lessons))},
        "trl": {**TRL, "max_steps": 60, "save_strategy": "no"},
    }
    rlvr: dict[str, Any] = {
        "stage": "reward",
        "model": str(home / "cold/model"),
        "seed": 2,
        "data": {"rows": str(rows)},
        "validation": {"rows": str(rows), "every": STEPS},
        "reward": {"form": "gqm-score"},
        "trl": {
            **TRL,
            "max_steps": STEPS,
            "per_device_train_batch_size": 32,
            "max_completion_length": 16,
            "learning_rate": 4e-3,
        },
    }
    recipe = write_recipe(home / "rlvr.toml", rlvr)
    with one_thread():
        sft.train(read_recipe(cold, "cold"), home / "cold")
        reward.train(recipe, home / "out")
    return home


def test_the_reward_rises_and_the_judge_orders_as_gold_does(home: Path) -> None:
    rewards = list(curve(home / "out", "reward").values())
    assert len(rewards) == STEPS
    assert sum(rewards[-3:]) / 3 > sum(rewards[:3]) / 3 + 0.3
    assert curve(home / "out", "validation/accuracy")[STEPS] > 0.9
    ranking, margin, total = (curve(home / "out", key) for key in ("ranking", "margin", "reward"))
    for step in ranking:
        assert total[step] == pytest.approx(ranking[step] + margin[step], abs=1e-6)


def test_replies_and_what_they_earned_can_be_read(home: Path) -> None:
    lines = (home / "out/samples.jsonl").read_text("utf-8").splitlines()
    samples = [json.loads(line) for line in lines]
    assert [sample["step"] for sample in samples] == [
        s for s in range(1, STEPS + 1) for _ in (0, 1)
    ]
    assert {"step", "group", "reply", "reward"} == set(samples[0])
    assert any(sample["reward"] > 0 and sample["reply"].startswith("A: ") for sample in samples)


def test_a_stopped_run_goes_on_with_the_same_curve(home: Path, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(progress: Any) -> None:
        if progress.step == 6:
            raise Stop

    recipe = load_recipe(str(home / "rlvr.toml"))
    with one_thread():
        with pytest.raises(Stop):
            reward.train(recipe, tmp_path / "run", on_progress=stop)
        reward.train(recipe, tmp_path / "run", resume=True)
    for key in ("loss", "reward", "grad_norm"):
        assert curve(tmp_path / "run", key) == pytest.approx(curve(home / "out", key), abs=1e-6)
    names = ("samples.jsonl", "model/config.json")
    for name in names:
        assert (tmp_path / "run" / name).read_text() == (home / "out" / name).read_text()


def test_two_processes_are_one(home: Path, tmp_path: Path) -> None:
    where = ["--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", *where]
    train = ["-m", "dragoman", "train", "reward", str(home / "rlvr.toml")]
    options = ["--set", "trl.per_device_train_batch_size=16", "-o", str(tmp_path / "two")]
    done = subprocess.run(
        [*torchrun, *train, *options],
        env=ONE_THREAD, text=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for key in ("reward", "loss"):
        two, one = curve(tmp_path / "two", key), curve(home / "out", key)
        assert two.keys() == one.keys()
        # Sums are rounded in another order, which one day tips a draw; what is drawn after it
        # has another reward, so step by step only the beginning is the same.
        for step in list(one)[:4]:
            assert two[step] == pytest.approx(one[step], rel=1e-3, abs=1e-5)
        means = [sum(values.values()) / len(values) for values in (two, one)]
        assert means[0] == pytest.approx(means[1], abs=0.05)


def test_a_checkpoint_in_the_middle_of_rollouts_is_refused(home: Path, tmp_path: Path) -> None:
    middle = ["trl.steps_per_generation=4", "trl.save_steps=2"]
    with pytest.raises(UserError, match="save_steps 2 is no multiple of the 4 steps"):
        reward.train(load_recipe(str(home / "rlvr.toml"), middle), tmp_path / "run")


async def test_a_reward_head_learns_to_rank(home: Path, tmp_path: Path) -> None:
    changed = ["reward.form=bradley-terry", "trl={max_steps=30, learning_rate=3e-3, use_cpu=true}"]
    with one_thread():
        recipe = load_recipe(str(home / "rlvr.toml"), [f"model={home / 'model'}", *changed])
        reward.train(recipe, tmp_path / "run")
        reward.train(recipe, tmp_path / "again")
    assert curve(tmp_path / "run", "eval_accuracy")[30] == 1
    assert curve(tmp_path / "run") == curve(tmp_path / "again")
    judge = make_judge(f"reward-head:{tmp_path / 'run/model'}")
    (row,) = gold_rows(1)
    group = group_from_row(row)
    judgement = await judge.judge(group)
    assert judgement.verdict is not None
    assert judgement.verdict.ranking.order == (0, 1)
    alone = await judge.judge(group.pick((1,)))
    assert alone.verdict is not None
    assert alone.verdict.scores == judgement.verdict.scores[1:]
    assert "judge:reward-head|model:model@" in judgement.signature


def test_what_is_no_reward_head_is_refused(home: Path) -> None:
    with pytest.raises(UserError, match="holds no reward head; `dragoman train reward` makes one"):
        make_judge(f"reward-head:{home / 'model'}")
    with pytest.raises(UserError, match="write reward-head:FOLDER"):
        make_judge("reward-head")
    with pytest.raises(UserError, match="says the same in every order"):
        make_judge(f"reward-head:{home / 'model'}", permute="all")
    with pytest.raises(UserError, match="asks no engine, in no format"):
        make_judge(f"reward-head:{home / 'model'}", format="gqm")
