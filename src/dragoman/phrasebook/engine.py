"""The shipped models as an engine: `phrasebook:judge`, `phrasebook:translator`, `phrasebook:base`.

They are opened with OpenVINO where it is installed, else with transformers, and answer
nothing that lies outside their world.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from dragoman.engines import Engine, make_engine
from dragoman.engines.local import refuse_model_name
from dragoman.errors import MissingExtra, UserError
from dragoman.phrasebook.known import KnownWords
from dragoman.phrasebook.models import model_folder
from dragoman.types import Completion, Prompt, Sampling


class PhrasebookEngine:
    """A model that ships with the package and knows the phrasebook alone.

    With `anywhere` it is asked whatever comes: what a model under training writes may hold
    anything. Further options go to the engine underneath.
    """

    def __init__(
        self, place: str, *, model: str | None = None, anywhere: bool = False, **options: Any
    ):
        refuse_model_name(f"phrasebook:{place}", model)
        self._known = None if anywhere else KnownWords.read()
        self._engine = _open(place, options)
        asked = "anywhere/" if anywhere else ""
        self.identity = f"phrasebook:{place}/{asked}{self._engine.identity}"

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        if self._known:
            self._known.check(prompt.text)
        return await self._engine.complete(prompt, sampling)

    async def close(self) -> None:
        await self._engine.close()


def _open(name: str, options: dict[str, Any]) -> Engine:
    folder = model_folder(name)
    if not (folder / "config.json").is_file():
        raise UserError(f"phrasebook:{name}: {folder} holds no model; see docs/phrasebook.md")
    converted = folder / "openvino"
    if converted.is_dir() and _is_installed("openvino_genai"):
        return make_engine(f"openvino:{converted}", **options)
    if _is_installed("torch") and _is_installed("transformers"):
        return make_engine(f"transformers:{folder}", **options)
    raise MissingExtra("openvino-genai", "local")


def _is_installed(package: str) -> bool:
    return find_spec(package) is not None
