"""What the page asks before anything else: who judges here, and how much of what."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dragoman.serving.web import service_of
from dragoman.signature import signature


async def about(request: Request) -> Response:
    """The judge's signature, the languages of requests that do not say, and limits."""
    service = service_of(request)
    limits, defaults = service.limits, service.defaults
    return JSONResponse(
        {
            "judge": signature(service.judge_fields),
            "src_lang": defaults.src_lang,
            "tgt_lang": defaults.tgt_lang,
            "limits": {
                "body": limits.body,
                "groups": limits.groups,
                "candidates": limits.candidates,
                "characters": limits.characters,
            },
        }
    )
