"""A translation model of transformers, seq2seq or causal: it translates under the pull of a
reference, and says how likely it finds each token of a translation."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dragoman.data.qe.labels import Ranked
from dragoman.data.qe.pull import Place, Pull
from dragoman.data.qe.tokens import ChatTokens, PairTokens, Wording
from dragoman.engines.model_folder import content_digest, open_model_folder
from dragoman.engines.transformers import open_network
from dragoman.errors import MissingExtra, UserError
from dragoman.types import Segment

WEIGHTS = ("*.safetensors", "*.model", "*.spm", "*.txt")


class Tokens(Protocol):
    """How a model is asked for a translation, and how it says one."""

    def ask(self, segment: Segment) -> list[int]:
        """What the model reads."""
        ...

    def begin(self, segment: Segment) -> list[int]:
        """What a decoder begins with; nothing where the translation goes on behind the prompt."""
        ...

    def say(self, text: str, segment: Segment) -> list[int]:
        """A translation and its end."""
        ...

    def read(self, tokens: Sequence[int]) -> str | None:
        """The translation that was said; None if it has no end."""
        ...

    def places(self, text: str, segment: Segment) -> list[tuple[int, int]]:
        """For each token of `say` up to the end of the text, the characters that it stands for."""
        ...


@dataclass(frozen=True, slots=True)
class Search:
    """How a translation is looked for."""

    pull: Pull
    beams: int = 5
    max_tokens: int = 256

    def __post_init__(self) -> None:
        for name, value in (("beams", self.beams), ("max tokens", self.max_tokens)):
            if value < 1:
                raise UserError(f"{name} {value}: at least one")


class Network:
    """A model folder or hub id. `name` says which model and which content."""

    def __init__(self, place: str, wording: Wording, dtype: str = "float32"):
        try:
            import torch
            from transformers import GenerationConfig
        except ModuleNotFoundError as error:
            raise MissingExtra(error.name or "torch", "transformers") from error
        folder = open_model_folder(place, WEIGHTS)
        self.name, self.path, self._context = folder.name, folder.path, folder.context
        self._two = _is_seq2seq(folder.path)
        kind = "AutoModelForSeq2SeqLM" if self._two else "AutoModelForCausalLM"
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self._network = open_network(folder.path, dtype, kind).to(device)
        self._device = device
        self._ends = sorted(folder.ends)
        if not self._ends:
            raise UserError(f"{place} names no token that ends a text (eos_token_id)")
        own = self._network.generation_config
        start = own.decoder_start_token_id or self._network.config.to_dict().get(
            "decoder_start_token_id"
        )
        # Its own settings, such as penalties for repetition, would pull as well.
        self._network.generation_config = GenerationConfig()
        self.tokens: Tokens = (
            PairTokens(folder.path, wording, self._ends, start)
            if self._two
            else ChatTokens(folder.path, wording, self._ends)
        )

    @property
    def content(self) -> str:
        """Two models are one if this is the same, wherever they lie."""
        return content_digest(self.path)

    def fits(self, segment: Segment, said: int) -> bool:
        """Whether the model has room for a segment and a translation of so many tokens."""
        asked = len(self.tokens.ask(segment))
        return (max(asked, said) if self._two else asked + said) <= self._context

    def translate(self, segments: Sequence[Segment], search: Search) -> list[str | None]:
        """A translation of each, pulled along its reference; None where it found no end."""
        import torch
        from transformers import GenerationConfig

        tokens = self.tokens
        references = [tokens.say(s.reference or "", s) for s in segments]
        asked, mask = _padded([tokens.ask(s) for s in segments], left=not self._two)
        begun, _ = _padded([tokens.begin(s) for s in segments], left=True)
        inputs: dict[str, Any] = {"input_ids": asked, "attention_mask": mask}
        if self._two:
            inputs["decoder_input_ids"] = begun
        start = (begun if self._two else asked).shape[1]
        settings = GenerationConfig(
            num_beams=search.beams,
            max_new_tokens=search.max_tokens,
            do_sample=False,
            early_stopping=search.beams > 1,
            eos_token_id=self._ends,
            pad_token_id=self._ends[0],
            bos_token_id=self._ends[0],
        )
        with torch.inference_mode(), _memory():
            written = self._network.generate(
                **{key: value.to(self._device) for key, value in inputs.items()},
                generation_config=settings,
                logits_processor=[_Pulling(search, references, start, self._ends)],
            )
        return [tokens.read(self._until_end(row[start:].tolist())) for row in written]

    def rank(self, segments: Sequence[Segment], texts: Sequence[str]) -> list[list[Ranked]]:
        """For each token of each translation, how many tokens the model finds likelier, plus 1."""
        import torch

        pairs = list(zip(segments, texts, strict=True))
        asked = [self.tokens.ask(s) for s in segments]
        said = [self.tokens.say(text, s) for s, text in pairs]
        begun = [self.tokens.begin(s) for s in segments]
        with torch.inference_mode(), _memory():
            logits, firsts = self._logits(asked, begun, said)
            return [
                self._ranked(logits[row, first:], said[row], self.tokens.places(text, s))
                for row, ((s, text), first) in enumerate(zip(pairs, firsts, strict=True))
            ]

    def _logits(
        self,
        asked: Sequence[list[int]],
        begun: Sequence[list[int]],
        said: Sequence[list[int]],
    ) -> tuple[Any, list[int]]:
        """What the model expects at each token, and for each row where its translation begins."""
        if self._two:
            read, mask = _padded(asked, left=False)
            forced, _ = _padded([b + s[:-1] for b, s in zip(begun, said, strict=True)], left=False)
            inputs = {"input_ids": read, "attention_mask": mask, "decoder_input_ids": forced}
            return self._forward(inputs), [len(b) - 1 for b in begun]
        whole = [a + s for a, s in zip(asked, said, strict=True)]
        tokens, mask = _padded(whole, left=True)
        places = (mask.cumsum(dim=1) - 1).clamp(min=0)
        most = max(map(len, said)) + 1
        inputs = {"input_ids": tokens, "attention_mask": mask, "position_ids": places}
        logits = self._forward(inputs, logits_to_keep=most)
        return logits, [most - 1 - len(s) for s in said]

    def _forward(self, inputs: dict[str, Any], **more: Any) -> Any:
        moved = {key: value.to(self._device) for key, value in inputs.items()}
        return self._network(**moved, **more).logits

    def _ranked(
        self, logits: Any, said: Sequence[int], places: Sequence[tuple[int, int]]
    ) -> list[Ranked]:
        ranks: list[int] = []
        for token, row in zip(said, logits, strict=False):
            ranks.append(int((row > row[token]).sum()) + 1)
        return [Ranked(start, end, rank) for (start, end), rank in zip(places, ranks, strict=False)]

    def _until_end(self, tokens: list[int]) -> list[int]:
        """Up to and with the first token that ends a text."""
        ends = (at for at, token in enumerate(tokens) if token in self._ends)
        return tokens[: next(ends, len(tokens)) + 1]


class _Pulling:
    """Changes what each beam may say next, as transformers asks its logits processors to."""

    def __init__(
        self, search: Search, references: Sequence[list[int]], start: int, ends: Sequence[int]
    ):
        self._pull, self._beams = search.pull, search.beams
        self._references, self._start, self._ends = references, start, list(ends)
        self._places: dict[tuple[int, ...], Place] = {}

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        import torch

        logprobs = torch.log_softmax(scores.float(), dim=-1)
        if input_ids.shape[1] == self._start:
            # An empty text is no translation.
            logprobs[:, self._ends] = -torch.inf
        if self._pull.own == 1:
            return logprobs
        known, self._places = self._places, {}
        for row, tokens in enumerate(input_ids[:, self._start :].tolist()):
            number = row // self._beams
            reference, path = self._references[number], (number, *tokens)
            place = (
                known.get(path[:-1], Place()).after(tokens[-1], reference) if tokens else Place()
            )
            self._places[path] = place
            chances = logprobs[row].exp()
            if float(chances[reference[place.next]]) <= self._pull.threshold:
                continue
            weights = self._pull.weights(place, reference)
            chances *= self._pull.own
            targets = torch.tensor(list(weights), device=chances.device)
            shares = torch.tensor(list(weights.values()), device=chances.device)
            chances[targets] += (1 - self._pull.own) * shares
            logprobs[row] = chances.log()
        return logprobs


def _is_seq2seq(path: Path) -> bool:
    from transformers import AutoConfig

    loader: Any = AutoConfig
    try:
        return bool(loader.from_pretrained(path, local_files_only=True).is_encoder_decoder)
    except (OSError, ValueError) as error:
        raise UserError(f"transformers does not know what {path} is: {error}") from error


def _padded(rows: Sequence[Sequence[int]], *, left: bool) -> tuple[Any, Any]:
    """Rows of one length, and which of their tokens are there."""
    import torch

    width = max(map(len, rows))
    tokens = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros(len(rows), width, dtype=torch.long)
    for number, row in enumerate(rows):
        place = slice(width - len(row), width) if left else slice(0, len(row))
        tokens[number, place] = torch.tensor(row, dtype=torch.long)
        mask[number, place] = 1
    return tokens, mask


@contextmanager
def _memory() -> Any:
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise UserError(f"too much for the memory, give a smaller --batch: {error}") from error
