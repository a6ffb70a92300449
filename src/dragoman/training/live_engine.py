"""The model in training as an engine: it answers with the weights of this moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dragoman.engines.chat import ChatTokenizer
from dragoman.engines.in_process import InProcessEngine
from dragoman.engines.model_folder import open_model_folder
from dragoman.engines.transformers import TransformersDesk

ROWS = 16


class LiveEngine(InProcessEngine):
    """A network in memory, with the tokenizer of its folder."""

    def __init__(self, network: Any, place: Path, rows: int = ROWS):
        folder = open_model_folder(str(place), ())
        desk = TransformersDesk(network, ChatTokenizer(folder.path), folder, rows)
        super().__init__("the model in training", f"live:{folder.name}", desk)
