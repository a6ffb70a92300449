"""Engines: text in, text out. Heavy packages load on use, and their errors become
dragoman's own in the engine's file.

Adding one: docs/how-to-add-an-engine.md.
"""

from __future__ import annotations

from typing import Any, Protocol

from dragoman.errors import UserError
from dragoman.plugins import find
from dragoman.types import Completion, Prompt, Sampling

ENGINES = {
    "scripted": "dragoman.engines.scripted:ScriptedEngine",
    "http": "dragoman.engines.http:HttpEngine",
    "https": "dragoman.engines.http:HttpEngine",
    "openvino": "dragoman.engines.openvino:OpenVinoEngine",
    "transformers": "dragoman.engines.transformers:TransformersEngine",
    "vllm": "dragoman.engines.vllm:VllmEngine",
    "phrasebook": "dragoman.phrasebook.engine:PhrasebookEngine",
}


class Engine(Protocol):
    """Answers prompts. Many calls may be under way at once; engines that like batches
    collect what is waiting.

    `identity` names the model and its revision: it stands in signatures and cache keys.
    """

    @property
    def identity(self) -> str: ...

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """Exactly `sampling.n` replies, or an `EngineError`, or `EngineRefused`."""
        ...

    async def close(self) -> None:
        """Let go of connections, threads and memory. The engine is not used afterwards."""
        ...


def make_engine(spec: str, model: str | None = None, **options: Any) -> Engine:
    """An engine from `kind:PLACE` (`openvino:FOLDER`, `phrasebook:judge`) or a server's address
    (`http://host/v1`, with `model`)."""
    kind, colon, place = spec.partition(":")
    if not colon or not place:
        raise UserError(f"engine {spec!r}: write openvino:FOLDER, scripted:FILE or http://host/v1")
    if kind in ("http", "https"):
        place = spec
    if kind not in ENGINES and ":" in place:
        # An outsider's engine: my_lab.engines:Mine:PLACE
        name, _, place = place.partition(":")
        kind = f"{kind}:{name}"
    return find("engine", kind, ENGINES)(place, model=model, **options)
