"""The application: which path is answered by what."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from dragoman.errors import DragomanError
from dragoman.serving import messages, ranking, rewards, web
from dragoman.serving.about import about, ledger
from dragoman.serving.cohort import Seats
from dragoman.serving.meters import CONTENT_TYPE
from dragoman.serving.page_files import page_file, page_files
from dragoman.serving.service import Refusal, Service
from dragoman.version import __version__

# A page of another site whose name was bent to this machine still says its own name.
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")

POSTS: Mapping[str, tuple[Any, type[messages.Message], str]] = {
    "/v1/rank": (ranking.rank, messages.RankMessage, "Rank groups; NDJSON on Accept."),
    "/v1/rerank": (ranking.rerank, messages.RerankMessage, "Rerank, as Jina and Cohere do."),
    "/rerank": (ranking.rerank, messages.RerankMessage, "The same."),
    "/v1/score": (ranking.score, messages.ScoreMessage, "Score pairs, as vLLM does."),
    "/score": (ranking.score, messages.ScoreMessage, "The same."),
    "/v1/cohorts/{uid}": (rewards.cohort, messages.RolloutMessage, "One rollout; its reward."),
    "/get_reward": (rewards.get_reward, messages.GetRewardMessage, "OpenRLHF's remote reward."),
}

METHODS = {"/v1/cohorts/{uid}": ["POST", "DELETE"]}


def make_app(service: Service, token: str | None = None, *, loopback: bool = True) -> Starlette:
    """The application around a service. With a token, every path but the page and the
    health checks asks for it."""
    middleware = [Middleware(web.Doorkeeper, service=service, token=token)]
    if loopback and token is None:
        middleware.append(Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK_NAMES)))
    # Every route before the right one is tried: those that are asked for most come first.
    routes = [
        *(
            Route(
                path.replace("{uid}", "{uid:path}"), endpoint, methods=METHODS.get(path, ["POST"])
            )
            for path, (endpoint, _, _) in POSTS.items()
        ),
        *(Route(path, page_file) for path in page_files()),
        Route("/v1/about", about),
        Route("/v1/ledger", ledger),
        Route("/healthz", health),
        Route("/readyz", ready),
        Route("/metrics", metrics),
        Route("/openapi.json", openapi),
    ]
    app = Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers={
            Refusal: web.on_refusal,
            messages.BadMessage: web.on_bad_message,
            DragomanError: web.on_our_error,
            ClientDisconnect: web.on_disconnect,
        },
    )
    app.state.service = service
    app.state.seats = Seats()
    return app


async def health(request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def ready(request: Request) -> Response:
    """No longer once the server is asked to stop."""
    if web.service_of(request).leaving:
        return PlainTextResponse("stopping\n", 503)
    return PlainTextResponse("ready\n")


async def metrics(request: Request) -> Response:
    service = web.service_of(request)
    return Response(service.meters.text(service.gauges()), media_type=CONTENT_TYPE)


async def openapi(request: Request) -> Response:
    return JSONResponse(document())


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document, from the routes and their messages."""
    kinds = {message for _, message, _ in POSTS.values()}
    _, schemas = models_json_schema(
        [(kind, "validation") for kind in sorted(kinds, key=lambda kind: kind.__name__)],
        ref_template="#/components/schemas/{model}",
    )
    error = {"$ref": "#/components/schemas/Error"}
    failed = {
        "description": "Refused: why, and what in the JSON is to blame.",
        "content": {"application/json": {"schema": error}},
    }
    uid = {"name": "uid", "in": "path", "required": True, "schema": {"type": "string"}}
    paths: dict[str, Any] = {}
    for path, (_, message, words) in POSTS.items():
        schema = {"$ref": f"#/components/schemas/{message.__name__}"}
        paths[path] = {
            "post": {
                "summary": words,
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": schema}},
                },
                "responses": {"200": {"description": "The answer."}, "default": failed},
            },
            **({"parameters": [uid]} if "{uid}" in path else {}),
        }
    paths["/v1/cohorts/{uid}"]["delete"] = {
        "summary": "Nobody needs this cohort any more.",
        "parameters": [
            {"name": "run", "in": "query", "schema": {"type": "string"}},
            {"name": "attempt", "in": "query", "schema": {"type": "integer", "minimum": 0}},
        ],
        "responses": {"204": {"description": "Cancelled."}, "default": failed},
    }
    paths["/v1/ledger"] = {
        "get": {
            "summary": "Finished records of the ledger, page by page.",
            "parameters": [
                {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0}},
                {"name": "status", "in": "query", "schema": {"enum": ["", "ok", "failed"]}},
                {"name": "search", "in": "query", "schema": {"type": "string", "maxLength": 1000}},
            ],
            "responses": {"200": {"description": "The answer."}, "default": failed},
        }
    }
    for path, words in (
        ("/v1/about", "Who judges, the languages that hold, and limits."),
        ("/healthz", "Whether the process lives."),
        ("/readyz", "Whether it takes requests."),
        ("/metrics", "Counters for Prometheus."),
    ):
        answers = {"200": {"description": "The answer."}, "default": {"description": "No."}}
        paths[path] = {"get": {"summary": words, "responses": answers}}
    schemas["$defs"]["Error"] = {
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "properties": {"message": {"type": "string"}, "path": {"type": "string"}},
                "required": ["message"],
            }
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "dragoman", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }
