"""What all adapters share: a reply becomes a rollout, and rollouts of one prompt meet.

They meet at `dragoman serve`, or, where a trainer hands over whole groups, in the trainer's own
process: the same cohorts, the same arithmetic, without a socket.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Protocol, cast

from dragoman.environment import token_from
from dragoman.errors import UnreadableReply, UserError
from dragoman.formats import Format, Reading, make_format
from dragoman.judges import Judge
from dragoman.records import segment_from_row
from dragoman.rewards.group import GroupReward, Rollout
from dragoman.serving.client import AsyncClient, RewardAnswer, RolloutRequest, ServerRefused
from dragoman.serving.cohort import Arrival, CohortKey
from dragoman.serving.cohorts import CohortSettings
from dragoman.serving.service import Service
from dragoman.types import Segment


class Meeting(Protocol):
    """A place where a rollout waits for its siblings."""

    async def reward(self, rollout: RolloutRequest, deadline: float) -> RewardAnswer: ...


class MeetingHere:
    """Siblings that are all in this process, and a judge that is asked from it."""

    def __init__(self, judge: Judge, settings: CohortSettings, concurrency: int):
        self._service = Service(judge, concurrency=concurrency, cohort_settings=settings)

    async def reward(self, rollout: RolloutRequest, deadline: float) -> RewardAnswer:
        segment = Segment(
            rollout.uid, rollout.source, rollout.src_lang, rollout.tgt_lang, rollout.reference
        )
        arrival = Arrival(
            rollout.slot, rollout.size, segment, Rollout(rollout.text, rollout.tokens)
        )
        key = CohortKey(rollout.run, rollout.uid, rollout.attempt)
        answer = await self._service.cohorts.reward(key, arrival, deadline)
        return RewardAnswer(answer.reward, answer.score, answer.reason)


def meeting_at(
    judge: Judge | str, settings: GroupReward, concurrency: int, token_env: str | None
) -> Callable[[], AbstractAsyncContextManager[Meeting]]:
    """Opens, for each call of a trainer, the place where rollouts meet: at the address of
    `dragoman serve`, or around a judge here, which `settings` and `concurrency` are for."""
    if isinstance(judge, str):
        # The trainer's event loop is not known before; a client belongs to one.
        return lambda: client(judge, token_env)
    here = MeetingHere(judge, CohortSettings(reward=settings), concurrency)
    return lambda: nullcontext(here)


async def reward_of(meeting: Meeting, rollout: RolloutRequest, deadline: float) -> RewardAnswer:
    """The reward of a rollout. One that the server finds too long is sent as unreadable: a
    policy that never ends must not take its siblings' rewards away."""
    try:
        return await meeting.reward(rollout, deadline)
    except ServerRefused as refused:
        if refused.status != HTTPStatus.REQUEST_ENTITY_TOO_LARGE or rollout.text is None:
            raise
    return await meeting.reward(replace(rollout, text=None), deadline)


async def answers_of(
    meeting: Meeting, rollouts: Sequence[RolloutRequest], deadline: float
) -> list[RewardAnswer]:
    """The rewards of several rollouts."""
    waiting = [asyncio.ensure_future(reward_of(meeting, one, deadline)) for one in rollouts]
    try:
        return await asyncio.gather(*waiting)
    finally:
        # When one is refused the others must end before the client does, or their sockets leak.
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


@dataclass(frozen=True)
class Replies:
    """How translations are read from a policy's replies."""

    format: Format[Segment, str]

    @classmethod
    def of(cls, name: str, reading: Reading = "strict") -> Replies:
        made = make_format(name, reading)
        if made.takes != "segment":
            raise UserError(f"{name} is about a {made.takes}, not for translators")
        return cls(cast("Format[Segment, str]", made))

    def rollout(
        self,
        fields: Mapping[str, Any],
        reply: str,
        *,
        uid: str,
        slot: int,
        size: int,
        tokens: int,
        run: str = "",
        attempt: int = 0,
        cut_off: bool = False,
    ) -> RolloutRequest:
        """One reply to a segment, whose `fields` are those of a line of segments. A reply that
        was cut off is not read: it may be the beginning of another text."""
        try:
            segment = segment_from_row({"id": uid, **{key: fields.get(key) for key in FIELDS}})
        except ValueError as error:
            raise UserError(f"a rollout's row: {error}") from None
        return RolloutRequest(
            uid=uid,
            slot=slot,
            size=size,
            source=segment.source,
            src_lang=segment.source_lang,
            tgt_lang=segment.target_lang,
            reference=segment.reference,
            text=None if cut_off else self._text(reply, segment),
            tokens=tokens,
            run=run,
            attempt=attempt,
        )

    def _text(self, reply: str, segment: Segment) -> str | None:
        try:
            return self.format.read(reply, segment)
        except UnreadableReply:
            return None


FIELDS = ("source", "src_lang", "tgt_lang", "reference")


def client(server: str, token_env: str | None, *, keep_alive: bool = True) -> AsyncClient:
    """A client of `dragoman serve`; the token is in the environment variable `token_env`."""
    return AsyncClient(server, token=token_from(token_env), keep_alive=keep_alive)


def label_fields(label: object) -> Mapping[str, Any]:
    """The segment in a trainer's label: an object, or the same as JSON in a text."""
    said: object = label
    if isinstance(label, str):
        try:
            said = json.loads(label)
        except ValueError:
            said = None
    if not isinstance(said, Mapping):
        raise UserError(f"a label is {{{', '.join(FIELDS)}}}, an object or JSON in a text")
    return cast("Mapping[str, Any]", said)
