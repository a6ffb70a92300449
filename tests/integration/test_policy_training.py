"""Policies are really trained, on a tiny random model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.policy_parts import Fails, make_translator, write_rows

from dragoman.errors import UserError
from dragoman.training import policy, self_reward
from dragoman.training.recipe import read_recipe

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore:.*pin_memory.*", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("policy")
    make_translator(folder / "model", num_hidden_layers=1, hidden_size=64, intermediate_size=128)
    write_rows(folder / "rows.jsonl")
    return folder


def tables(place: Path, judge: str = "tests.policy_parts:LikesE", **trl: Any) -> dict[str, Any]:
    return {
        "stage": "policy",
        "model": str(place / "model"),
        "seed": 1,
        "data": {"rows": str(place / "rows.jsonl")},
        "policy": {"format": "tests.policy_parts:Plain"},
        "judge": {"judge": judge},
        "trl": {
            "max_steps": 1,
            "per_device_train_batch_size": 8,
            "max_completion_length": 10,
            "learning_rate": 0.1,
            "optim": "sgd",
            "max_grad_norm": 0.0,
            "save_strategy": "no",
            "use_cpu": True,
            **trl,
        },
    }


def train(told: dict[str, Any], output: Path, **options: Any) -> dict[str, torch.Tensor]:
    policy.train(read_recipe(told, "recipe.toml"), output, **options)
    return weights(output / "model")


def weights(model: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(model / "model.safetensors")


def lines(output: Path, name: str = "log") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (output / f"{name}.jsonl").read_text().splitlines()]


def logged(output: Path, name: str) -> dict[int, float]:
    """The value of a number at each step that has it."""
    return {row["step"]: row[name] for row in lines(output) if name in row}


def difference(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    return max(float((one[name] - other[name]).abs().max()) for name in one)


def test_what_the_judge_likes_is_written_more_often(place: Path, tmp_path: Path):
    told = tables(
        place, "tests.policy_parts:LikesLetters", optim="adamw_torch", learning_rate=5e-4,
        max_steps=12, per_device_train_batch_size=128,
    )  # fmt: skip
    told["validation"] = {"rows": str(place / "rows.jsonl"), "every": 6, "limit": 8}
    told["policy"]["watch"] = {
        "quality": "tests.policy_parts:letter_share",
        "gold": "tests.policy_parts:LikesLetters",
        "stop_below": 0.5,
    }
    train(told, tmp_path / "run")
    run = tmp_path / "run"
    rewards = list(logged(run, "reward_mean").values())
    assert len(rewards) == 12
    assert sum(rewards[-3:]) > 1.5 * sum(rewards[:3]) > 0
    quality = logged(run, "validation/quality")
    assert list(quality) == [6, 12]
    assert quality[12] > quality[6]
    assert logged(run, "validation/judge_agreement") == {6: 1.0, 12: 1.0}
    samples = lines(run, "samples")
    assert [row["step"] for row in samples] == [step for step in range(1, 13) for _ in range(4)]
    assert set(samples[0]) >= {"source", "texts", "rewards", "scores", "verdict", "failure"}


def test_training_stops_when_the_judge_no_longer_agrees_with_gold(place: Path, tmp_path: Path):
    told = tables(place, "tests.policy_parts:LikesLetters", max_steps=8)
    told["validation"] = {"rows": str(place / "rows.jsonl"), "every": 2, "limit": 2}
    told["policy"]["watch"] = {"gold": "tests.policy_parts:HatesLetters", "stop_below": 0.6}
    train(told, tmp_path / "run")
    assert max(row["step"] for row in lines(tmp_path / "run")) == 2
    (agreement,) = logged(tmp_path / "run", "validation/judge_agreement").values()
    assert agreement < 0.6


def test_a_judge_that_always_fails_changes_nothing(place: Path, tmp_path: Path):
    Fails.calls = 0
    after = train(tables(place, "tests.policy_parts:Fails", max_steps=2), tmp_path / "run")
    assert difference(weights(place / "model"), after) == 0
    assert Fails.calls >= 4
    assert logged(tmp_path / "run", "judge_failure")[1] > 0.9


def test_the_update_does_not_depend_on_micro_batches(place: Path, tmp_path: Path):
    """With the SFT term alone large, so that its share would show."""
    ends: dict[str, list[dict[str, torch.Tensor]]] = {"ours": [], "compat": []}
    for rows in (8, 4, 2):
        told = tables(
            place, num_generations=2, per_device_train_batch_size=rows,
            gradient_accumulation_steps=8 // rows,
        )  # fmt: skip
        told["policy"] |= {"sft_weight": 100.0}
        ends["ours"].append(train(told, tmp_path / f"ours{rows}"))
        told["policy"] |= {"compat": True}
        ends["compat"].append(train(told, tmp_path / f"compat{rows}"))
    moved = difference(weights(place / "model"), ends["ours"][0])
    assert moved > 1e-4
    for other in ends["ours"][1:]:
        assert difference(ends["ours"][0], other) < 1e-3 * moved
    assert difference(ends["compat"][0], ends["compat"][2]) > 0.03 * moved


def test_one_update_is_what_the_formulas_say(place: Path, tmp_path: Path):
    """One step of SGD, again by hand: its rollouts, their rewards, the two terms of the loss."""
    from transformers import AutoModelForCausalLM

    from dragoman.engines.chat import ChatTokenizer
    from dragoman.training import losses
    from dragoman.types import Prompt

    told = tables(place, learning_rate=1.0)
    told["policy"]["samples"] = 2
    after = train(told, tmp_path / "run")
    network: Any = AutoModelForCausalLM.from_pretrained(place / "model")
    chat = ChatTokenizer(place / "model")
    terms: list[tuple[torch.Tensor, float]] = []
    for row in lines(tmp_path / "run", "samples"):
        prompt = chat.encode(Prompt(f"Translate {row['source']}"))
        advantages = losses.group_advantages(torch.tensor(row["rewards"]), 4)
        for tokens, advantage in zip(row["token_ids"], advantages.tolist(), strict=True):
            logits = network(torch.tensor([prompt + tokens])).logits[0, len(prompt) - 1 : -1]
            chosen = logits.log_softmax(-1)[range(len(tokens)), tokens]
            terms.append((chosen.mean(), advantage))
    assert len(terms) == 8
    positive = [term for term in terms if term[1] > 0]
    # At the first update the ratio is 1, and its gradient that of the mean log-probability.
    policy_term = -sum(mean * advantage for mean, advantage in terms) / len(terms)
    sft_term = -sum(mean * advantage for mean, advantage in positive) / len(positive)
    (policy_term + 0.1 * sft_term).backward()
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(
            after[name], parameter.detach() - parameter.grad, atol=1e-6, rtol=1e-5
        )


def test_groups_must_fit_into_a_process(place: Path, tmp_path: Path):
    told = tables(place, per_device_train_batch_size=6, num_generations=3, steps_per_generation=1)
    train(told, tmp_path / "fits")
    told["trl"] |= {
        "per_device_train_batch_size": 2,
        "num_generations": 2,
        "steps_per_generation": 1,
        "gradient_accumulation_steps": 2,
    }
    with pytest.raises(UserError, match="rollouts of an update are made together"):
        train(told, tmp_path / "other")


def test_a_model_rewards_itself(place: Path, tmp_path: Path):
    told = tables(place, learning_rate=1e-3, optim="adamw_torch", max_steps=3)
    del told["policy"], told["judge"]
    told["stage"] = "self-reward"
    told["self-reward"] = {
        "format": "tests.policy_parts:Plain",
        "judge_format": "tests.policy_parts:Length",
        "judge_options": {},
        "judge_tokens": 10,
        "metric": "chrf",
        "reward": {"metric_weight": 0.01, "arithmetic": "added"},
    }
    self_reward.train(read_recipe(told, "recipe.toml"), tmp_path / "run")
    first, *_ = lines(tmp_path / "run")
    assert 0 < first["judge_failure"] < 1, "some judgements are cut off, some are not"
    assert first["reward_std"] > 0
    assert difference(weights(place / "model"), weights(tmp_path / "run/model")) > 0
    unread = [row for row in lines(tmp_path / "run", "samples") if None in row["texts"]]
    assert all(
        reward == 0 for row in unread
        for text, reward in zip(row["texts"], row["rewards"], strict=True) if text is None
    )  # fmt: skip


CHILD = """
import json, os, signal, sys, torch
from pathlib import Path
torch.set_num_threads(1)
from dragoman.training import policy
from dragoman.training.recipe import read_recipe
told, output, dies_at = json.loads(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
def tell(progress):
    if progress.step == dies_at and "reward_mean" in progress.numbers:
        os.kill(os.getpid(), signal.SIGKILL)
policy.train(read_recipe(told, "recipe.toml"), output, on_progress=tell)
"""


def test_a_killed_run_goes_on_as_if_nothing_had_happened(place: Path, tmp_path: Path):
    told = tables(place, optim="adamw_torch", learning_rate=3e-3, max_steps=5,
                  save_strategy="steps", save_steps=2)  # fmt: skip
    # Three steps are an epoch, so that the run goes on in another than it began in.
    told["data"]["limit"] = 6
    whole = train(told, tmp_path / "whole")
    dead = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(told), str(tmp_path / "killed"), "3"],
        cwd=ROOT, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip
    assert dead.returncode == -signal.SIGKILL, dead.stderr.decode()[-2000:]
    assert not (tmp_path / "killed/model").exists()
    resumed = train(told, tmp_path / "killed", resume=True)
    assert difference(whole, resumed) < 1e-6
    curves = [logged(tmp_path / run, "reward_mean") for run in ("whole", "killed")]
    assert curves[1] == pytest.approx(curves[0])
    both = [(tmp_path / run / "samples.jsonl").read_text() for run in ("whole", "killed")]
    assert both[0] == both[1]


def test_two_processes_are_one(place: Path, tmp_path: Path):
    told = tables(place, optim="adamw_torch", learning_rate=3e-3, max_steps=3, max_grad_norm=1.0)
    whole = train(told, tmp_path / "one")
    told["trl"]["per_device_train_batch_size"] = 4
    file = tmp_path / "child.py"
    file.write_text(CHILD)
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port",
         str(29500 + os.getpid() % 1000), str(file), json.dumps(told), str(tmp_path / "two"), "-1"],
        cwd=ROOT, capture_output=True, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true",
             "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    assert difference(whole, weights(tmp_path / "two/model")) < 1e-4
    assert len(lines(tmp_path / "one")) == len(lines(tmp_path / "two")), "the first alone writes"
    curves = [logged(tmp_path / run, "reward_mean") for run in ("one", "two")]
    assert curves[1] == pytest.approx(curves[0])
