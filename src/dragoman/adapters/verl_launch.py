"""A policy recipe as verl's launch line, by verl's own options and without a fork."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dragoman.errors import UserError
from dragoman.training.hardware import Hardware
from dragoman.training.policy import GRPO, SEQUENCE_CLIPS, PolicySettings
from dragoman.training.recipe import Recipe

# What the loss of TRL is called in verl.
LOSSES = {"grpo": "seq-mean-token-mean", "bnpo": "token-mean", "dapo": "token-mean"}
SCALING = {False: False, "none": False, True: True, "group": True}
SERVER = "http://localhost:8765"


def options(recipe: Recipe, hardware: Hardware) -> dict[str, Any]:
    """verl's options; each is a key of its configuration, one with a `+` is new there."""
    settings = recipe.settings(PolicySettings)
    trl: Mapping[str, Any] = {**GRPO, **SEQUENCE_CLIPS, **recipe.trl}
    if trl["importance_sampling_level"] != "sequence":
        raise UserError(f"{recipe.name}: the line for verl is for sequence ratios (GSPO)")
    if trl["loss_type"] not in LOSSES:
        raise UserError(f"{recipe.name}: verl has no loss like TRL's {trl['loss_type']}")
    if trl["scale_rewards"] not in SCALING:
        raise UserError(f"{recipe.name}: verl does not scale rewards by {trl['scale_rewards']}")
    if recipe.expected is None:
        raise UserError(f"{recipe.name}: [expected] says how long prompts are; it is missing")
    group = int(trl["num_generations"])
    update = int(trl["per_device_train_batch_size"]) * int(
        trl.get("gradient_accumulation_steps", 1)
    )
    rollouts = int(trl.get("generation_batch_size", update))
    rows = str(Path(recipe.data.rows).with_suffix(".parquet"))
    actor, rollout = "actor_rollout_ref.actor", "actor_rollout_ref.rollout"
    return {
        "algorithm.adv_estimator": "grpo",
        "algorithm.norm_adv_by_std_in_grpo": SCALING[trl["scale_rewards"]],
        "algorithm.use_kl_in_reward": False,
        "data.train_files": rows,
        "data.val_files": rows,
        "data.train_batch_size": rollouts // group,
        "data.max_prompt_length": recipe.expected["longest_prompt"],
        "data.max_response_length": trl["max_completion_length"],
        "data.filter_overlong_prompts": True,
        "data.seed": recipe.seed,
        "actor_rollout_ref.model.path": recipe.model,
        "actor_rollout_ref.model.enable_gradient_checkpointing": True,
        f"{actor}.optim.lr": trl["learning_rate"],
        f"{actor}.optim.lr_scheduler_type": trl["lr_scheduler_type"],
        f"{actor}.optim.weight_decay": trl.get("weight_decay", 0.0),
        f"{actor}.ppo_mini_batch_size": update // group,
        f"{actor}.ppo_micro_batch_size_per_gpu": trl["per_device_train_batch_size"],
        f"{actor}.policy_loss.loss_mode": "gspo",
        f"{actor}.loss_agg_mode": LOSSES[trl["loss_type"]],
        f"{actor}.clip_ratio_low": trl["epsilon"],
        f"{actor}.clip_ratio_high": trl["epsilon_high"],
        f"{actor}.use_kl_loss": trl["beta"] > 0,
        f"{actor}.kl_loss_coef": trl["beta"],
        f"{actor}.entropy_coeff": 0,
        f"{rollout}.name": "vllm",
        f"{rollout}.n": group,
        f"{rollout}.val_kwargs.n": group,
        f"{rollout}.temperature": trl["temperature"],
        f"{rollout}.top_p": trl.get("top_p", 1.0),
        f"{rollout}.log_prob_micro_batch_size_per_gpu": trl["per_device_train_batch_size"],
        "reward.reward_manager.source": "importlib",
        "reward.reward_manager.name": "JudgeRewardManager",
        "reward.reward_manager.module.path": "pkg://dragoman.adapters.verl",
        "+reward.reward_kwargs.server": SERVER,
        "+reward.reward_kwargs.format": settings.format,
        "trainer.logger": "[console]",
        "trainer.project_name": "dragoman",
        "trainer.experiment_name": Path(recipe.name).stem,
        "trainer.nnodes": hardware.machines,
        "trainer.n_gpus_per_node": hardware.gpus_per_machine,
        "trainer.total_epochs": trl["num_train_epochs"],
        "trainer.save_freq": trl.get("save_steps", -1),
        "trainer.test_freq": -1,
        "trainer.val_before_train": False,
    }


def command(recipe: Recipe, hardware: Hardware) -> str:
    """What to type: rows for verl, the judge's server, and verl itself."""
    settings, judge = recipe.settings(PolicySettings), recipe.judge
    if judge is None or judge.engine is None:
        raise UserError(f"{recipe.name}: a policy wants a [judge] with an engine")
    reward = settings.reward
    serving = {
        "--engine": judge.engine,
        "--model": judge.model,
        "--format": judge.format,
        "--temperature": judge.temperature,
        "--max-tokens": judge.max_tokens,
        "--concurrency": judge.concurrency,
        "--scale": reward.scale,
        "--free-tokens": reward.overlong.free,
        "--length-penalty": reward.overlong.worst,
        "--partial": "drop",
    }
    lines = [f"{key}={_value(value)}" for key, value in options(recipe, hardware).items()]
    told = [f"{key} {_value(value)}" for key, value in serving.items() if value is not None]
    rows = shlex.quote(recipe.data.rows)
    made = shlex.quote(str(Path(recipe.data.rows).with_suffix(".parquet")))
    notes = []
    if settings.sft_weight:
        notes = [f"# verl has no term like sft_weight = {settings.sft_weight:g}: it is left out."]
    return "\n".join(
        [
            *notes,
            f"dragoman data convert {rows} --to verl --output {made}",
            _wrapped(["dragoman serve", *told]),
            _wrapped(["python3 -m verl.trainer.main_ppo", *lines]),
        ]
    )


def _value(value: object) -> str:
    return shlex.quote(str(value))


def _wrapped(parts: list[str]) -> str:
    return " \\\n  ".join(parts)
