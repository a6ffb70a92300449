"""verl's own configuration and loader, with our reward manager. Needs verl's environment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.policy_parts import LikesEOrFails
from tests.servers.serving import serving

from dragoman.adapters.verl_launch import options
from dragoman.errors import UserError
from dragoman.serving.app import make_app
from dragoman.serving.service import Service
from dragoman.training.hardware import read_hardware
from dragoman.training.recipe import load_recipe

verl: Any = pytest.importorskip("verl", reason="verl is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")

OURS = [
    "actor_rollout_ref.rollout.n=3",
    "actor_rollout_ref.rollout.val_kwargs.n=3",
    "actor_rollout_ref.rollout.name=vllm",
    "reward.reward_manager.source=importlib",
    "reward.reward_manager.name=JudgeRewardManager",
    "reward.reward_manager.module.path=pkg://dragoman.adapters.verl",
    "+reward.reward_kwargs.format=tests.policy_parts:Plain",
]


SERVED = "+reward.reward_kwargs.server=http://127.0.0.1:9"


def composed(*overrides: str) -> Any:
    """verl's configuration, which refuses an option that it does not have."""
    from hydra import compose, initialize_config_dir

    folder = Path(verl.__file__).parent / "trainer/config"
    with initialize_config_dir(str(folder), version_base=None):
        return compose("ppo_trainer", [*OURS, *overrides])


def test_every_option_of_the_launch_line_is_one_of_verls() -> None:
    launch = options(load_recipe("grrm-7b/policy"), read_hardware("16xa100"))
    config = composed(*(f"{key}={value}".replace("+", "++", 1) for key, value in launch.items()))
    actor = config.actor_rollout_ref.actor
    assert (actor.policy_loss.loss_mode, actor.loss_agg_mode) == ("gspo", "seq-mean-token-mean")
    assert (actor.clip_ratio_low, actor.clip_ratio_high) == (3e-4, 4e-4)
    assert (config.data.train_batch_size, actor.ppo_mini_batch_size) == (512, 128)
    from hydra.errors import ConfigCompositionException

    with pytest.raises(ConfigCompositionException):
        composed("actor_rollout_ref.actor.no_such_option=1")


class Letters:
    """A tokenizer: a letter is a token."""

    eos_token_id = 0

    def decode(self, tokens: list[int], **_: Any) -> str:
        return "".join(map(chr, filter(None, tokens)))


def manager(config: Any) -> Any:
    from verl.trainer.ppo.reward import load_reward_manager

    return load_reward_manager(config, Letters())


def data(source: str, slot: int, text: str, **more: Any) -> Any:
    """One rollout, as verl's agent loop hands it to a reward worker."""
    import numpy as np
    import torch
    from tensordict import TensorDict

    ids = torch.tensor([[*map(ord, text), 0]])
    extra = {"src_text": source, "src_lang": "en", "trg_lang": "de", "trg_text": ""}
    columns = {"uid": f"u-{source}", "session_id": slot, "extra_info": extra, **more}
    batch = TensorDict(
        {
            "responses": ids,
            "attention_mask": torch.ones((1, ids.shape[1] + 2), dtype=torch.long),
        },
        batch_size=1,
    )
    held = {key: np.array([value], dtype=object) for key, value in columns.items()}
    return verl.DataProto(batch=batch, non_tensor_batch=held)


async def test_siblings_of_two_workers_meet() -> None:
    texts = ["ee", "ab", "Q"]
    with serving(make_app(Service(LikesEOrFails()))) as address:
        config = composed(f"+reward.reward_kwargs.server={address}")
        workers = [manager(config), manager(config)]
        said = await asyncio.gather(
            *(
                workers[slot % 2].run_single(data(source, slot, text))
                for source in ("easy", "hopeless")
                for slot, text in enumerate(texts if source == "easy" else ["a", "b", "c"])
            )
        )
        for worker in workers:
            await worker._client.close()
    assert [one["reward_score"] for one in said] == pytest.approx([0.1, 0, -0.04, 0, 0, 0])
    assert [one["reward_extra_info"] for one in said] == [
        {"unjudged": float(source == "hopeless")} for source in ("easy", "hopeless") for _ in texts
    ]


async def test_what_cannot_work_is_named() -> None:
    with pytest.raises(UserError, match=r"reward_kwargs\.server=http"):
        manager(composed())
    with pytest.raises(UserError, match=r"val_kwargs\.n=3"):
        manager(composed("actor_rollout_ref.rollout.val_kwargs.n=1", SERVED))
    with pytest.raises(UserError, match="unknown key 'servr'"):
        manager(composed("+reward.reward_kwargs.servr=x"))
    made = manager(composed(SERVED))
    without = data("easy", 0, "e")
    del without.non_tensor_batch["session_id"]
    with pytest.raises(UserError, match="use_v1"):
        await made.run_single(without)
