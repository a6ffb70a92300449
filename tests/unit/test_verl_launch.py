"""The launch line for verl, from the recipe of full size."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from dragoman.adapters.verl_launch import command, options
from dragoman.errors import UserError
from dragoman.training.hardware import read_hardware
from dragoman.training.recipe import load_recipe

RECIPE = "grrm-7b/policy"


def train(*told: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dragoman", "train", *told],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_line_has_the_papers_numbers() -> None:
    done = train("policy", RECIPE, "--backend", "verl", "--print-command")
    assert done.returncode == 0, done.stderr
    note, convert, *rest = done.stdout.replace("\\\n", " ").splitlines()
    assert "sft_weight = 0.1" in note
    assert convert.endswith("data/segments.jsonl --to verl --output data/segments.parquet")
    serve, launch = (shlex.split(line) for line in rest)
    assert serve[:4] == ["dragoman", "serve", "--engine", "http://judge:8001/v1"]
    told = dict(part.split("=", 1) for part in launch[3:])
    assert (
        told.items()
        >= {
            "algorithm.norm_adv_by_std_in_grpo": "False",
            "data.train_batch_size": "512",
            "data.max_prompt_length": "1280",
            "data.max_response_length": "4096",
            "actor_rollout_ref.actor.ppo_mini_batch_size": "128",
            "actor_rollout_ref.actor.optim.lr": "1e-05",
            "actor_rollout_ref.actor.clip_ratio_low": "0.0003",
            "actor_rollout_ref.actor.clip_ratio_high": "0.0004",
            "actor_rollout_ref.actor.use_kl_loss": "False",
            "actor_rollout_ref.rollout.n": "4",
            "trainer.nnodes": "2",
            "trainer.n_gpus_per_node": "8",
        }.items()
    )


def test_a_recipe_changes_the_line() -> None:
    recipe = load_recipe(RECIPE, ["trl.num_generations=8", "trl.beta=0.01", "trl.epsilon=0.2"])
    told = options(recipe, read_hardware("h200"))
    assert told["data.train_batch_size"] == 256
    assert told["actor_rollout_ref.actor.ppo_mini_batch_size"] == 64
    assert told["actor_rollout_ref.actor.use_kl_loss"] is True
    assert told["actor_rollout_ref.actor.clip_ratio_low"] == 0.2


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ("trl.importance_sampling_level=token", "GSPO"),
        ("trl.scale_rewards=batch", "scale rewards by batch"),
        ("trl.loss_type=dr_grpo", "no loss like TRL's dr_grpo"),
    ],
)
def test_what_verl_cannot_do_is_refused(override: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        command(load_recipe(RECIPE, [override]), read_hardware("16xa100"))


def test_verl_is_for_policies() -> None:
    for told in (["sft", "grrm-7b/policy-sft", "--print-command"], ["policy", RECIPE]):
        done = train(*told, "--backend", "verl")
        assert done.returncode == 2
        assert "--print-command" in done.stderr
