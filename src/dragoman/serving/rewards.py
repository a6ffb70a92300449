"""Endpoints for trainers: /v1/cohorts, and OpenRLHF's /get_reward."""

from __future__ import annotations

import asyncio
import json
from typing import cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dragoman.errors import UnreadableReply
from dragoman.formats import make_format
from dragoman.records import segment_from_row
from dragoman.rewards.group import Rollout
from dragoman.serving.cohort import Answer, Arrival, CohortKey, Seats
from dragoman.serving.messages import (
    GetRewardMessage,
    LabelMessage,
    RolloutMessage,
    read_message,
)
from dragoman.serving.service import Refusal, Service
from dragoman.serving.web import message_of, service_of, while_connected, whole_number
from dragoman.signature import digest
from dragoman.types import Segment

# OpenRLHF gives up after 180 seconds; the answer must be there before.
OPENRLHF_DEADLINE = 170.0


async def cohort(request: Request) -> Response:
    """One rollout in; its reward out, once its siblings are here and judged."""
    if request.method == "DELETE":
        return cancel_cohort(request)
    service = service_of(request)
    message = await message_of(request, RolloutMessage)
    uid = request.path_params["uid"]
    deadline = service.defaults.deadline if message.deadline is None else message.deadline
    if deadline > service.limits.longest_deadline:
        most = service.limits.longest_deadline
        raise Refusal(400, f"a deadline is at most {most:g} seconds away", path="$.deadline")
    service.limits.check_text(message.text, "$.text")
    fields = message.model_dump(include={"source", "src_lang", "tgt_lang", "reference"})
    arrival = Arrival(
        message.slot,
        message.size,
        _segment(service, uid, fields, "$"),
        Rollout(message.text, message.tokens),
    )
    key = CohortKey(message.run, uid, message.attempt)
    answer = await while_connected(request, service.cohorts.reward(key, arrival, deadline))
    said = {"uid": uid, "run": message.run, "attempt": message.attempt, "slot": message.slot}
    return JSONResponse({**said, **_answer(answer)})


def cancel_cohort(request: Request) -> Response:
    """Nobody needs this cohort any more: whoever waits for it is told so."""
    run, attempt = request.query_params.get("run", ""), whole_number(request, "attempt")
    key = CohortKey(run, request.path_params["uid"], attempt)
    service_of(request).cohorts.cancel(key)
    return Response(status_code=204)


async def get_reward(request: Request) -> Response:
    """OpenRLHF's contract. It names neither group nor slot: those with one prompt and one
    label are siblings, in the order in which they come."""
    service = service_of(request)
    message = await message_of(request, GetRewardMessage)
    size = service.defaults.group_size
    if size is None:
        raise Refusal(400, "start the server with --group-size, the rollouts of a prompt")
    if not len(message.query) == len(message.prompts) == len(message.labels):
        raise Refusal(400, "query, prompts and labels have different lengths", path="$")
    service.limits.check_count(len(message.query), service.limits.groups, "$.query")
    seats: Seats = request.app.state.seats
    waits = [
        _one(service, seats, query, prompt, label, place, size)
        for place, (query, prompt, label) in enumerate(
            zip(message.query, message.prompts, message.labels, strict=True)
        )
    ]
    # Everything is checked before anything is taken in.
    calls = [(key, arrival) for key, arrival in waits]
    answers = await while_connected(
        request,
        asyncio.gather(*(service.cohorts.reward(k, a, OPENRLHF_DEADLINE) for k, a in calls)),
    )
    settings = service.cohorts.settings.reward
    return JSONResponse(
        {
            # OpenRLHF makes tensors of these, and null would end its run. A group without
            # rewards has equal ones, which move nothing; its scores of 0 let it be filtered.
            "rewards": [settings.neutral if a.reward is None else a.reward for a in answers],
            "scores": [(a.score or 0.0) / settings.highest for a in answers],
            "extra_logs": {"unjudged": [int(answer.reward is None) for answer in answers]},
        }
    )


def _one(
    service: Service, seats: Seats, query: str, prompt: str, label: object, place: int, size: int
) -> tuple[CohortKey, Arrival]:
    path = f"$.labels[{place}]"
    text = label if isinstance(label, str) else json.dumps(label)
    said = read_message(LabelMessage, text, path)
    uid = digest([prompt, said.model_dump()])
    segment = _segment(service, uid, said.model_dump(), path)
    reply = query.removeprefix(prompt)
    service.limits.check_text(reply, f"$.query[{place}]")
    format = make_format(service.defaults.format)
    try:
        found: str | None = cast(str, format.read(reply, segment))
    except UnreadableReply:
        found = None
    attempt, slot = seats.next(uid, size)
    # The number of tokens is not told; words are no measure of them, so nobody pays for length.
    return CohortKey("openrlhf", uid, attempt), Arrival(slot, size, segment, Rollout(found, 0))


def _segment(service: Service, uid: str, fields: dict[str, str | None], path: str) -> Segment:
    for name, value in fields.items():
        service.limits.check_text(value, f"{path}.{name}")
    try:
        return segment_from_row({"id": uid, **fields})
    except ValueError as error:
        raise Refusal(400, str(error), path=path) from None


def _answer(answer: Answer) -> dict[str, object]:
    return {"reward": answer.reward, "score": answer.score, "reason": answer.reason}
