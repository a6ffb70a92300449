"""A real server that speaks the OpenAI protocol, with any dragoman engine behind it.

    with serving(OpenAIServer(ScriptedEngine(rules=[{"verdict": "hash"}]))) as address:
        engine = HttpEngine(f"{address}/v1", model="judge")

Its habits can be made those of servers in the wild: `refuses` parameters by name, `ignores_n`,
leaves out finish reasons or usage, wants a key.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dragoman.engines import Engine
from dragoman.errors import DragomanError, PromptRefused
from dragoman.types import Completion, Prompt, Reply, Sampling


@dataclass
class OpenAIServer:
    engine: Engine
    model: str = "judge"
    key: str | None = None
    refuses: tuple[str, ...] = ()
    ignores_n: bool = False
    ignores_stop: bool = False
    tells_finish: bool = True
    received: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._app = Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                Route("/v1/completions", self._plain, methods=["POST"]),
            ]
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    async def _models(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": self.model, "object": "model"}]})

    async def _chat(self, request: Request) -> Response:
        body = await self._body(request)
        if isinstance(body, Response):
            return body
        (message,) = body["messages"]
        return await self._answer(Prompt(message["content"]), body)

    async def _plain(self, request: Request) -> Response:
        body = await self._body(request)
        if isinstance(body, Response):
            return body
        return await self._answer(Prompt(body["prompt"], chat=False), body)

    async def _body(self, request: Request) -> dict[str, Any] | Response:
        authorization = request.headers.get("authorization")
        body = json.loads(await request.body())
        self.received.append(body)
        self.keys.append(authorization)
        if self.key and authorization != f"Bearer {self.key}":
            return failure(401, f"Incorrect API key provided: {authorization}", "invalid_api_key")
        if body["model"] != self.model:
            text = f"The model `{body['model']}` does not exist."
            return failure(404, text, "model_not_found")
        for name in self.refuses:
            if name in body:
                instead = "Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
                return failure(400, f"Unsupported parameter: '{name}'. {instead}", param=name)
        return body

    async def _answer(self, prompt: Prompt, body: dict[str, Any]) -> Response:
        sampling = Sampling(
            temperature=body["temperature"],
            top_p=body.get("top_p", 1.0),
            max_tokens=body.get("max_tokens") or body["max_completion_tokens"],
            n=1 if self.ignores_n else body.get("n", 1),
            seed=body.get("seed", 0),
            stop=() if self.ignores_stop else tuple(body.get("stop", ())),
        )
        try:
            completion = await self.engine.complete(prompt, sampling)
        except PromptRefused as error:
            return failure(400, str(error), "context_length_exceeded")
        except DragomanError as error:
            return failure(500, str(error))
        return JSONResponse(self._written(completion, prompt.chat))

    def _written(self, completion: Completion, chat: bool) -> dict[str, Any]:
        usage = completion.usage
        return {
            "id": "cmpl-1",
            "object": "chat.completion" if chat else "text_completion",
            "created": 0,
            "model": self.model,
            "choices": [self._choice(i, reply, chat) for i, reply in enumerate(completion.replies)],
            "usage": {
                "prompt_tokens": usage.prompt_tokens,
                "completion_tokens": usage.reply_tokens,
                "total_tokens": usage.prompt_tokens + usage.reply_tokens,
            },
        }

    def _choice(self, index: int, reply: Reply, chat: bool) -> dict[str, Any]:
        said: dict[str, Any] = {"text": reply.text}
        if chat:
            said = {"message": {"role": "assistant", "content": reply.text}}
        finish = reply.finish if self.tells_finish else None
        return {"index": index, **said, "finish_reason": finish}


def failure(
    status: int, message: str, code: str | None = None, param: str | None = None
) -> Response:
    """An error answer in OpenAI's form."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return JSONResponse({"error": error}, status)
