"""The reward head: a network reads a translation and says one number, without a word.

It is what `dragoman train reward` makes of `form = "bradley-terry"`. The prompt is a
translator's, and the candidate stands where a translator's reply would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from dragoman.engines.chat import ChatTokenizer
from dragoman.engines.model_folder import open_model_folder, read_json
from dragoman.errors import EngineError, MissingExtra, PromptRefused, UserError
from dragoman.formats import make_format
from dragoman.ranking import rank_scores
from dragoman.signature import signature
from dragoman.types import Failure, Group, Judgement, Segment, Verdict


def write_scored(chat: ChatTokenizer, segment: Segment, text: str, end: int) -> list[int]:
    """The tokens that the head reads: a request, a translation, and the end of the message."""
    return [*chat.encode(make_format("tower").write(segment)), *chat.encode_reply(text), end]


class RewardHeadJudge:
    """Ranks by the number that a network with a reward head gives each candidate."""

    def __init__(self, place: str):
        if not place:
            raise UserError("write reward-head:FOLDER; the folder holds the trained head")
        try:
            import torch
        except ModuleNotFoundError as error:
            raise MissingExtra("torch", "transformers") from error
        self._folder = open_model_folder(place, ["*.safetensors", "*.model"])
        network = _open_network(place, self._folder.path)
        config = read_json(self._folder.path / "config.json")
        self._end, self._pad = config.get("eos_token_id"), config.get("pad_token_id")
        if not isinstance(self._end, int) or not isinstance(self._pad, int):
            raise UserError(f"{place}: config.json names no single eos_token_id and pad_token_id")
        self._chat = ChatTokenizer(self._folder.path)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self._network = network.to(device)

    @property
    def fields(self) -> Mapping[str, object]:
        return {"judge": "reward-head", "model": self._folder.name}

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        signed = signature(self.fields)
        try:
            texts = [self._tokens(group.segment, c.text) for c in group.candidates]
            scores = await asyncio.to_thread(self._scores, texts)
        except EngineError as error:
            return Judgement(group, None, Failure(error.reason, str(error)), signature=signed)
        return Judgement(group, Verdict(rank_scores(scores), scores), None, signature=signed)

    def _tokens(self, segment: Segment, text: str) -> list[int]:
        assert self._end is not None
        tokens = write_scored(self._chat, segment, text, self._end)
        if len(tokens) > self._folder.context:
            raise PromptRefused(f"{len(tokens)} tokens; the model takes {self._folder.context}")
        return tokens

    def _scores(self, texts: list[list[int]]) -> tuple[float, ...]:
        """One row at a time: a number never depends on the company it is in."""
        import torch

        device = self._network.device
        with torch.inference_mode():
            rows = (torch.tensor([tokens], device=device) for tokens in texts)
            return tuple(float(self._network(input_ids=row).logits[0, 0]) for row in rows)


def _open_network(place: str, path: Any) -> Any:
    try:
        from transformers import AutoConfig, AutoModelForSequenceClassification
        from transformers.utils import logging
    except ModuleNotFoundError as error:
        raise MissingExtra("transformers", "transformers") from error
    logging.disable_progress_bar()
    config: Any = AutoConfig
    loader: Any = AutoModelForSequenceClassification
    try:
        told = config.from_pretrained(path, local_files_only=True)
        if not any("ForSequenceClassification" in name for name in told.architectures or ()):
            raise UserError(f"{place} holds no reward head; `dragoman train reward` makes one")
        model = loader.from_pretrained(path, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError) as error:
        raise UserError(f"transformers does not load {place}: {error}") from error
    return model.eval()
