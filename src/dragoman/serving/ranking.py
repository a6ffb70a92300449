"""Endpoints that rank at once: /v1/rank, and the contracts of rerankers."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from dragoman.errors import DragomanError
from dragoman.formats.verdict_line import tidy, verdict_row
from dragoman.row_files import to_line
from dragoman.serving.messages import RankMessage, RerankMessage, ScoreMessage, Texts
from dragoman.serving.service import Refusal, Service
from dragoman.serving.web import NDJSON, bounded, message_of, service_of, wants, while_connected
from dragoman.types import Group, Judgement

# More groups are read and told of in a thread, so that others are answered meanwhile.
FEW = 16


async def rank(request: Request) -> Response:
    """Groups in, verdicts out, in the order of the groups; as NDJSON each when it is there."""
    service = service_of(request)
    groups = await _groups_of(request)
    if wants(request, NDJSON):
        # Refused here rather than in the middle of a stream.
        service.check_room(len(groups))
        return StreamingResponse(_lines(service, groups), media_type=NDJSON)
    judgements = await _judged(request, groups)
    if len(judgements) <= FEW:
        return _verdicts(judgements)
    return await service.aside(_verdicts, judgements)


async def _groups_of(request: Request) -> list[Group]:
    """The groups; nothing keeps the message that they came in, which takes much more room."""
    service = service_of(request)
    message = await message_of(request, RankMessage)
    service.limits.check_count(len(message.groups), service.limits.groups, "$.groups")
    if len(message.groups) <= FEW:
        return _groups(service, message)
    return await service.aside(_groups, service, message)


async def _judged(request: Request, groups: Sequence[Group]) -> list[Judgement]:
    """Their judgements, unless nobody waits for them any more."""
    service = service_of(request)
    return await while_connected(request, bounded(service, service.judge_all(groups)))


def _groups(service: Service, message: RankMessage) -> list[Group]:
    return [
        service.group(
            {**one.model_dump(), "id": str(place) if one.id is None else one.id},
            f"$.groups[{place}]",
        )
        for place, one in enumerate(message.groups)
    ]


def _verdicts(judgements: Sequence[Judgement]) -> Response:
    return JSONResponse({"verdicts": [verdict_row(judgement) for judgement in judgements]})


async def _lines(service: Service, groups: Sequence[Group]) -> AsyncGenerator[str]:
    """A line for each group. A judge that breaks ends the stream with a line that says so."""
    with service.judging(groups) as tasks:
        try:
            async with asyncio.timeout(service.limits.request_seconds):
                for task in tasks:
                    yield to_line(verdict_row(await task)) + "\n"
        except (DragomanError, TimeoutError) as error:
            words = str(error) or "the request took too long"
            yield to_line({"error": {"message": words}}) + "\n"


async def rerank(request: Request) -> Response:
    """The source as query, its translations as documents, the best first."""
    service = service_of(request)
    message = await message_of(request, RerankMessage)
    source_lang, target_lang = service.languages(message.src_lang, message.tgt_lang)
    group = service.group(
        {
            "id": "rerank",
            "source": message.query,
            "src_lang": source_lang,
            "tgt_lang": target_lang,
            "candidates": [one.model_dump() for one in message.documents],
        },
        "$",
    )
    (judgement,) = await _judged(request, [group])
    if judgement.verdict is None:
        assert judgement.failure is not None
        raise Refusal(502, f"the judge failed: {judgement.failure.reason}")
    relevance = _relevance(judgement)
    order = judgement.verdict.ranking.order[: message.top_n or None]
    results: list[dict[str, Any]] = [
        {"index": index, "relevance_score": relevance[index]} for index in order
    ]
    if message.return_documents:
        for index, result in zip(order, results, strict=True):
            result["document"] = {"text": group.candidates[index].text}
    usage = judgement.usage
    return JSONResponse(
        {
            "id": f"rerank-{uuid.uuid4().hex}",
            "model": message.model or judgement.signature,
            "usage": {
                "prompt_tokens": usage.prompt_tokens,
                "total_tokens": usage.prompt_tokens + usage.reply_tokens,
            },
            "results": results,
        }
    )


async def score(request: Request) -> Response:
    """A score for each translation, null where its judgement failed. Those with the same
    source are one group."""
    service = service_of(request)
    message = await message_of(request, ScoreMessage)
    sources = _texts(message, ("queries", "data_1", "text_1"))
    texts = _texts(message, ("documents", "items", "data_2", "text_2"))
    if len(sources) == 1:
        sources = sources * len(texts)
    if len(sources) != len(texts):
        raise Refusal(400, f"{len(sources)} sources for {len(texts)} translations", path="$")
    source_lang, target_lang = service.languages(message.src_lang, message.tgt_lang)
    members: dict[str, list[int]] = {}
    for place, source in enumerate(sources):
        members.setdefault(source, []).append(place)
    service.limits.check_count(len(members), service.limits.groups, "$")
    groups = [
        service.group(
            {
                "id": str(number),
                "source": source,
                "src_lang": source_lang,
                "tgt_lang": target_lang,
                "candidates": [{"text": texts[place]} for place in places],
            },
            "$",
        )
        for number, (source, places) in enumerate(members.items())
    ]
    judgements = await _judged(request, groups)
    scores: dict[int, float | None] = {}
    for places, judgement in zip(members.values(), judgements, strict=True):
        given = judgement.verdict.scores if judgement.verdict else None
        scores |= dict(zip(places, given or [None] * len(places), strict=True))
    prompt = sum(judgement.usage.prompt_tokens for judgement in judgements)
    reply = sum(judgement.usage.reply_tokens for judgement in judgements)
    return JSONResponse(
        {
            "id": f"score-{uuid.uuid4().hex}",
            "object": "list",
            "created": int(time.time()),
            "model": message.model or judgements[0].signature,
            "data": [
                {"index": place, "object": "score", "score": scores[place]}
                for place in range(len(texts))
            ],
            "usage": {"prompt_tokens": prompt, "total_tokens": prompt + reply},
        }
    )


def _relevance(judgement: Judgement) -> Sequence[float]:
    """The scores, or, where a judge only ranks, how many tiers are below."""
    assert judgement.verdict is not None
    if judgement.verdict.scores:
        return [tidy(one) for one in judgement.verdict.scores]
    tiers = len(judgement.verdict.ranking.tiers)
    return [tiers - 1 - place for place in judgement.verdict.ranking.places]


def _texts(message: ScoreMessage, names: Sequence[str]) -> list[str]:
    """The texts under the one of these names that is given."""
    given = {name: value for name in names if (value := getattr(message, name)) is not None}
    if len(given) != 1:
        raise Refusal(400, f"give exactly one of {', '.join(names)}", path="$")
    value: Texts = next(iter(given.values()))
    texts = [value] if isinstance(value, str) else value
    if not texts:
        raise Refusal(400, "there is no text in it", path=f"$.{next(iter(given))}")
    return texts
