"""The PyTorch engine: any causal language model of transformers, on CPU or GPU.

What is waiting is sorted by length into batches. Samples of one prompt share its prefill,
each row stops when its reply is complete, and finished rows leave the batch. Every reply
draws from random numbers of its own, so a seed gives the same reply in any company.

In float32, the default on CPU, greedy replies do not depend on the batch either. bfloat16,
the default on GPU, is faster and rounds so coarsely that a batch's shape can change a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, Literal

from dragoman.engines.batching import Batcher, Job
from dragoman.engines.chat import ChatTokenizer
from dragoman.engines.drafts import Draft, Work, begin
from dragoman.engines.local import LocalEngine, refuse_model_name
from dragoman.engines.model_folder import ModelFolder, open_model_folder
from dragoman.errors import EngineError, MissingExtra, UserError
from dragoman.types import Completion, Prompt, Sampling

# Tokens that a row of the cache may grow by before it is copied.
ROOM = 128


class TransformersEngine(LocalEngine):
    """A model folder or hub id, as transformers writes it."""

    def __init__(
        self,
        place: str,
        *,
        model: str | None = None,
        dtype: Literal["float32", "bfloat16", "float16"] | None = None,
        device: str | None = None,
        rows: int = 16,
        threads: int | None = None,
    ):
        refuse_model_name(f"transformers:{place}", model)
        try:
            import torch
        except ModuleNotFoundError as error:
            raise MissingExtra("torch", "transformers") from error
        if threads:
            torch.set_num_threads(threads)
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        dtype = dtype or ("float32" if device == "cpu" else "bfloat16")
        folder = open_model_folder(place, ["*.safetensors", "*.model"])
        chat = ChatTokenizer(folder.path)
        network = open_network(folder.path, dtype).to(device)
        identity = f"transformers:{folder.name}:{dtype}"
        desk = TransformersDesk(network, chat, folder, rows)
        super().__init__(identity, Batcher(f"transformers:{place}", desk))

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        if prompt.grammar:
            raise UserError("transformers decodes under no grammar; leave out --guided")
        return await super().complete(prompt, sampling)


class TransformersDesk:
    """Writes the replies of a network, batch by batch."""

    def __init__(self, network: Any, chat: ChatTokenizer, folder: ModelFolder, rows: int):
        self._network, self._chat, self._folder, self._rows = network, chat, folder, rows
        self._waiting: list[Work] = []

    def take(self, jobs: list[Job]) -> None:
        self._waiting += begin(jobs, self._chat, self._folder)
        # Neighbours in length waste little on padding.
        self._waiting.sort(key=lambda work: len(work.tokens))

    def step(self) -> bool:
        """One batch from beginning to end, the longest prompts first."""
        import torch

        batch: list[Work] = []
        while self._waiting and (not batch or _rows([*batch, self._waiting[-1]]) <= self._rows):
            batch.append(self._waiting.pop())
        try:
            with torch.inference_mode():
                self._write(batch)
        except torch.OutOfMemoryError as error:
            self._try_smaller(batch, error)
        return bool(self._waiting)

    def close(self) -> None:
        self._waiting.clear()

    def _try_smaller(self, batch: list[Work], error: Exception) -> None:
        if len(batch) == 1:
            batch[0].job.fail(EngineError(f"one prompt is too much for the memory: {error}"))
            return
        self._rows = max(1, self._rows // 2)
        self.take([work.job for work in batch if not work.job.gone])

    def _write(self, works: Sequence[Work]) -> None:
        """Let every draft of these works grow until it is complete."""
        import torch

        works = [work for work in works if not work.job.gone]
        if not works:
            return
        batch = GrowingBatch(self._network, [work.tokens for work in works])
        drafts: list[Draft] = [draft for work in works for draft in work.drafts]
        batch.keep([row for row, work in enumerate(works) for _ in work.drafts])
        while drafts:
            logprobs = torch.log_softmax(batch.logits.float(), dim=-1)
            for draft, row in zip(drafts, logprobs, strict=True):
                token = _choose(draft, row)
                draft.add(token, float(row[token]))
                if draft.finish is not None:
                    draft.work.deliver()
            growing = [
                row
                for row, draft in enumerate(drafts)
                if draft.finish is None and not draft.work.job.gone
            ]
            if len(growing) < len(drafts):
                batch.keep(growing)
                drafts = [drafts[row] for row in growing]
            if drafts:
                batch.grow([draft.tokens[-1] for draft in drafts])


class GrowingBatch:
    """Rows of tokens in the network, padded on the left, with their cache.

    `logits` are those of each row's next token.
    """

    def __init__(self, network: Any, prompts: Sequence[Sequence[int]]):
        import torch

        self._network = network
        width = max(map(len, prompts))
        padded = [[0] * (width - len(prompt)) + list(prompt) for prompt in prompts]
        mask = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]
        self._cache = _roomy_cache(network.config)
        self._mask = torch.tensor(mask, device=network.device)
        places = (self._mask.cumsum(dim=1) - 1).clamp(min=0)
        self.logits = self._forward(torch.tensor(padded, device=network.device), places)

    def keep(self, rows: Sequence[int]) -> None:
        """Keep these rows, in this order; a row may be kept several times."""
        import torch

        index = torch.tensor(rows, dtype=torch.long, device=self._mask.device)
        self._mask, self.logits = self._mask[index], self.logits[index]
        self._cache.batch_select_indices(index)

    def grow(self, tokens: Sequence[int]) -> None:
        """Append one token to each row."""
        import torch

        self._mask = torch.cat([self._mask, self._mask.new_ones(len(tokens), 1)], dim=1)
        places = self._mask.sum(dim=1, keepdim=True) - 1
        fresh = torch.tensor(tokens, device=self._mask.device).unsqueeze(1)
        self.logits = self._forward(fresh, places)

    def _forward(self, tokens: Any, places: Any) -> Any:
        return self._network(
            input_ids=tokens,
            attention_mask=self._mask,
            position_ids=places,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]


def _roomy_cache(config: Any) -> Any:
    """transformers' cache for this model; where a layer keeps every token it gets spare room,
    because the layer's own way is to copy all it holds for each token that joins."""
    from transformers.cache_utils import DynamicCache, DynamicLayer

    base: Any = DynamicLayer

    class RoomyLayer(base):
        """`keys` and `values` are the filled part of larger tensors."""

        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            end = self.get_seq_length() + key_states.shape[2]
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
                self.keys, self.values = key_states[:, :, :0], value_states[:, :, :0]
                self.rooms = self.keys, self.values
            if self.rooms[0].shape[2] < end or self.rooms[0].shape[0] != key_states.shape[0]:
                self.rooms = _larger(self.keys, end + ROOM), _larger(self.values, end + ROOM)
            for room, states in zip(self.rooms, (key_states, value_states), strict=True):
                room[:, :, end - states.shape[2] : end] = states
            self.keys, self.values = (room[:, :, :end] for room in self.rooms)
            return self.keys, self.values

        def batch_select_indices(self, indices: Any) -> None:
            self.keys, self.values = self.keys[indices], self.values[indices]
            self.rooms = self.keys, self.values

    def _larger(states: Any, length: int) -> Any:
        room = states.new_empty((*states.shape[:2], length, states.shape[3]))
        room[:, :, : states.shape[2]] = states
        return room

    cache: Any = DynamicCache(config=config)
    cache.layers = [RoomyLayer() if type(layer) is base else layer for layer in cache.layers]
    return cache


def _rows(works: Sequence[Work]) -> int:
    return sum(len(work.drafts) for work in works)


def _choose(draft: Draft, logprobs: Any) -> int:
    """The next token: the likeliest, or one drawn with the draft's own random numbers."""
    import torch

    sampling = draft.work.job.sampling
    if sampling.temperature <= 0:
        return int(logprobs.argmax())
    chances = torch.softmax(logprobs / sampling.temperature, dim=-1)
    order = None
    if sampling.top_p < 1:
        chances, order = chances.sort(descending=True)
        chances[chances.cumsum(0) - chances >= sampling.top_p] = 0
    heaped = chances.double().cumsum(0)
    # A number for this place of this draft, whatever else is in the batch.
    point = Random(f"{draft.seed}/{len(draft.tokens)}").random() * float(heaped[-1])
    chosen = min(int(torch.searchsorted(heaped, point, right=True)), len(heaped) - 1)
    return chosen if order is None else int(order[chosen])


def open_network(path: Path, dtype: str, kind: str = "AutoModelForCausalLM") -> Any:
    """The network in a folder, ready to be asked, by transformers' class of that name."""
    try:
        import transformers
        from transformers.utils import logging
    except ModuleNotFoundError as error:
        raise MissingExtra("transformers", "transformers") from error
    logging.disable_progress_bar()
    loader: Any = getattr(transformers, kind)
    try:
        model = loader.from_pretrained(
            path, dtype=dtype, local_files_only=True, use_safetensors=True
        )
    except (OSError, ValueError) as error:
        raise UserError(f"transformers does not load {path}: {error}") from error
    return model.eval()
