"""A reward manager for verl, by its own configuration and without a fork:

    reward.reward_manager.source=importlib
    reward.reward_manager.name=JudgeRewardManager
    reward.reward_manager.module.path=pkg://dragoman.adapters.verl
    +reward.reward_kwargs.server=http://127.0.0.1:8765

verl hands each rollout to any of its reward workers, so rollouts of one prompt meet at `dragoman
serve`, by verl's uid and the rollout's number. Rows are those of `dragoman data convert --to verl`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from typing import Any

from dragoman.adapters.meeting import Replies, client, reward_of
from dragoman.adapters.versions import check_version
from dragoman.errors import UserError
from dragoman.rewards.group import GroupReward
from dragoman.serving.client import AsyncClient, RewardAnswer

OLDEST, NEWEST = (0, 9), (0, 10)
check_version("verl", OLDEST, NEWEST)

_Base: Any = import_module("verl.experimental.reward_loop.reward_manager.base").RewardManagerBase

# The columns of a row's extra_info, by the names of our rows.
NAMES = {
    "source": "src_text",
    "src_lang": "src_lang",
    "tgt_lang": "trg_lang",
    "reference": "trg_text",
}
# What reward.reward_kwargs may say.
KEYS = ("server", "format", "reading", "deadline", "token_env", "run")


class JudgeRewardManager(_Base):
    """One of verl's reward workers has one. A rollout without a reward gets the neutral one, as
    all of its siblings do, and `unjudged` says so: verl has no word for none."""

    def __init__(
        self,
        config: Any,
        tokenizer: Any,
        compute_score: Any = None,
        reward_router_address: str | None = None,
        reward_model_tokenizer: Any = None,
    ):
        above: Any = super()
        above.__init__(config, tokenizer, compute_score)
        told = dict(config.reward.get("reward_kwargs") or {})
        if unknown := [key for key in told if key not in KEYS]:
            raise UserError(f"reward.reward_kwargs: unknown key {unknown[0]!r}; {', '.join(KEYS)}")
        if "server" not in told:
            raise UserError("say where dragoman serves: +reward.reward_kwargs.server=http://...")
        rollout = config.actor_rollout_ref.rollout
        if rollout.val_kwargs.n != rollout.n:
            raise UserError(
                f"a group has {rollout.n} rollouts, and one of the validation "
                f"{rollout.val_kwargs.n}: set actor_rollout_ref.rollout.val_kwargs.n={rollout.n}"
            )
        self._told, self._size = told, int(rollout.n)
        self._longest = int(config.data.max_response_length)
        self._replies = Replies.of(
            told.get("format", "codeblock-think"), told.get("reading", "strict")
        )

    async def run_single(self, data: Any) -> dict[str, Any]:
        # Of several outputs of a rollout the last counts.
        item = data[-1:][0]
        columns: Mapping[str, Any] = item.non_tensor_batch
        if "uid" not in columns or "session_id" not in columns:
            raise UserError(
                "verl does not say which rollout of which prompt this is; trainer.use_v1=True does"
            )
        extra: Mapping[str, Any] = columns.get("extra_info") or {}
        width = item.batch["responses"].shape[-1]
        length = int(item.batch["attention_mask"][-width:].sum())
        ids: list[int] = item.batch["responses"][:length].tolist()
        ended = bool(ids) and ids[-1] == self.tokenizer.eos_token_id
        rollout = self._replies.rollout(
            {ours: extra.get(theirs) or None for ours, theirs in NAMES.items()},
            self.tokenizer.decode(ids, skip_special_tokens=True),
            uid=str(columns["uid"]),
            slot=int(columns["session_id"]),
            size=self._size,
            tokens=length,
            run=self._told.get("run", "verl"),
            cut_off=length >= self._longest and not ended,
        )
        deadline = float(self._told.get("deadline", 300.0))
        return _said(await reward_of(self._client, rollout, deadline))

    @cached_property
    def _client(self) -> AsyncClient:
        return client(self._told["server"], self._told.get("token_env"))


def _said(answer: RewardAnswer) -> dict[str, Any]:
    """With the same keys whatever happened: verl takes those of the first rollout for all."""
    reward = GroupReward().neutral if answer.reward is None else answer.reward
    return {
        "reward_score": reward,
        "reward_extra_info": {"unjudged": float(answer.reward is None)},
    }
