"""The model in training as an engine: it answers with the weights of this moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dragoman.engines.batching import Batcher
from dragoman.engines.chat import ChatTokenizer
from dragoman.engines.local import LocalEngine
from dragoman.engines.model_folder import open_model_folder
from dragoman.engines.transformers import TransformersDesk

ROWS = 16


class LiveEngine(LocalEngine):
    """A network in memory, with the tokenizer of its folder."""

    def __init__(self, network: Any, place: Path, rows: int = ROWS):
        folder = open_model_folder(str(place), ())
        desk = TransformersDesk(network, ChatTokenizer(folder.path), folder, rows)
        super().__init__(f"live:{folder.name}", Batcher("the model in training", desk))
