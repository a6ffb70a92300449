"""The reward of whole groups for slime, by its own options and without a fork:

    --group-rm --custom-rm-path dragoman.adapters.slime.judge_reward
    --rm-url http://127.0.0.1:8765 --custom-config-path judge.yaml

`--rm-url` is where `dragoman serve` listens. The YAML is needed only to say something else than
the defaults: `dragoman_format`, `dragoman_reading`, `dragoman_deadline`, `dragoman_token_env`.
A sample's label is `{source, src_lang, tgt_lang, reference?}`, an object or JSON in a text.
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast
from uuid import uuid4

from dragoman.adapters.meeting import Replies, answers_of, client, label_fields
from dragoman.adapters.versions import check_version
from dragoman.errors import UserError
from dragoman.rewards.group import GroupReward
from dragoman.serving.client import AsyncClient

OLDEST, NEWEST = (0, 3), (0, 3)
check_version("slime", OLDEST, NEWEST)

DEFAULTS = {
    "dragoman_format": "codeblock-think",
    "dragoman_reading": "strict",
    "dragoman_deadline": 300.0,
    "dragoman_token_env": None,
}


async def judge_reward(args: Any, samples: Any, **_: Any) -> list[float]:
    """A reward for each sample of a group. Where there is none, all have the neutral one, which
    moves nothing, and `unjudged` in their metadata says so: slime has no word for none."""
    if not isinstance(samples, list):
        raise UserError(
            "slime asks about one sample alone: training wants --group-rm, and the data sets of "
            "an evaluation a custom_rm_path of their own"
        )
    group = cast("list[Any]", samples)
    if any(isinstance(one, list) for one in group):
        raise UserError("a rollout became several samples; only one translation each is judged")
    told = _told(args)
    replies = Replies.of(told["dragoman_format"], told["dragoman_reading"])
    # A group comes whole and once: nobody else has to find it.
    uid = uuid4().hex
    rollouts = [
        replies.rollout(
            label_fields(sample.label),
            sample.response,
            uid=uid,
            slot=slot,
            size=len(group),
            tokens=sample.response_length,
            run="slime",
            cut_off=sample.status.value == "truncated",
        )
        for slot, sample in enumerate(group)
    ]
    server = _server(args.rm_url, told["dragoman_token_env"])
    answers = await answers_of(server, rollouts, float(told["dragoman_deadline"]))
    for sample, answer in zip(group, answers, strict=True):
        sample.metadata["unjudged"] = answer.reward is None
    neutral = GroupReward().neutral
    return [neutral if answer.reward is None else answer.reward for answer in answers]


def _told(args: Any) -> dict[str, Any]:
    if not args.rm_url:
        raise UserError("say where dragoman serves: --rm-url http://...")
    given = cast("dict[str, Any]", vars(args))
    told = {name: value for name, value in given.items() if name.startswith("dragoman_")}
    if unknown := [name for name in told if name not in DEFAULTS]:
        raise UserError(f"the YAML of slime: unknown key {unknown[0]!r}; {', '.join(DEFAULTS)}")
    return {**DEFAULTS, **told}


@cache
def _server(address: str, token_env: str | None) -> AsyncClient:
    # One for all groups: slime makes rollouts on a single event loop. Nobody says which is the
    # last, so no connection is kept.
    return client(address, token_env, keep_alive=False)
