"""How a translation is asked for and said, token by token: by a causal model behind a prompt in
its chat template, by a seq2seq model in a decoder that reads the source alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dragoman.engines.chat import ChatTokenizer
from dragoman.errors import UserError
from dragoman.formats import make_format
from dragoman.types import Segment


@dataclass(frozen=True, slots=True)
class Wording:
    """What a causal model is asked by `format`, and what its reply has `before` and `after` the
    translation; for a seq2seq model the `codes` of languages that it does not know by ours."""

    format: str = "tower"
    before: str = ""
    after: str = ""
    codes: Mapping[str, str] = field(default_factory=dict[str, str])

    def code(self, language: str) -> str:
        return self.codes.get(language, language)


class ChatTokens:
    """For a causal model."""

    def __init__(self, folder: Path, wording: Wording, ends: Sequence[int]):
        self._chat = ChatTokenizer(folder)
        self._format: Any = make_format(wording.format)
        if self._format.takes != "segment":
            raise UserError(f"format {wording.format} does not ask for translations")
        self._before = self._chat.encode_reply(wording.before) if wording.before else []
        self._after = self._chat.encode_reply(wording.after) if wording.after else []
        self._closing = wording.after.rstrip()
        self._ends = ends

    def ask(self, segment: Segment) -> list[int]:
        return [*self._chat.encode(self._format.write(segment)), *self._before]

    def begin(self, segment: Segment) -> list[int]:
        return []

    def say(self, text: str, segment: Segment) -> list[int]:
        return [*self._chat.encode_reply(text), *self._after, self._ends[0]]

    def read(self, tokens: Sequence[int]) -> str | None:
        text = self._chat.decode(tokens).rstrip()
        if not tokens or tokens[-1] not in self._ends or not text.endswith(self._closing):
            return None
        return text.removesuffix(self._closing).strip()

    def places(self, text: str, segment: Segment) -> list[tuple[int, int]]:
        step = self._chat.stream()
        return _places(text, (step(token) for token in self._chat.encode_reply(text)))


class PairTokens:
    """For a seq2seq model."""

    def __init__(self, folder: Path, wording: Wording, ends: Sequence[int], start: int | None):
        from transformers import AutoTokenizer

        if start is None:
            raise UserError(f"{folder} names no token that a decoder begins with")
        loader: Any = AutoTokenizer
        try:
            self._tokenizer: Any = loader.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, ImportError) as error:
            raise UserError(f"transformers reads no tokenizer in {folder}: {error}") from error
        self._start, self._wording, self._ends = start, wording, ends

    def ask(self, segment: Segment) -> list[int]:
        self._turn(segment)
        return list(self._tokenizer(segment.source).input_ids)

    def begin(self, segment: Segment) -> list[int]:
        head, _ = self._target("", segment)
        return [self._start, *head]

    def say(self, text: str, segment: Segment) -> list[int]:
        return self._target(text, segment)[1]

    def read(self, tokens: Sequence[int]) -> str | None:
        if not tokens or tokens[-1] not in self._ends:
            return None
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=True)).strip()

    def places(self, text: str, segment: Segment) -> list[tuple[int, int]]:
        self._turn(segment)
        tokens = self._tokenizer(text_target=text, add_special_tokens=False).input_ids
        return _places(text, self._pieces(list(tokens)))

    def _target(self, text: str, segment: Segment) -> tuple[list[int], list[int]]:
        """What stands before a translation, such as its language, and the translation with its
        end."""
        self._turn(segment)
        tokens = list(self._tokenizer(text_target=text).input_ids)
        own = list(self._tokenizer(text_target=text, add_special_tokens=False).input_ids)
        at = next(i for i in range(len(tokens) + 1) if tokens[i : i + len(own)] == own)
        # An empty text stands between what comes before and the end.
        at = len(tokens) - 1 if not own else at
        return tokens[:at], tokens[at:]

    def _turn(self, segment: Segment) -> None:
        """Models of many languages are told which two."""
        if hasattr(self._tokenizer, "src_lang"):
            try:
                self._tokenizer.src_lang = self._wording.code(segment.source_lang)
                self._tokenizer.tgt_lang = self._wording.code(segment.target_lang)
            except KeyError as error:
                raise UserError(
                    f"the tokenizer does not know the language {error}; name its code by "
                    "--language-codes, as de=deu_Latn"
                ) from None

    def _pieces(self, tokens: Sequence[int]) -> Iterable[str]:
        shown = ""
        for count in range(1, len(tokens) + 1):
            text = str(self._tokenizer.decode(tokens[:count]))
            whole = not text.endswith("\ufffd") and text.startswith(shown)
            yield text[len(shown) :] if whole else ""
            shown = text if whole else shown


def _places(text: str, pieces: Iterable[str]) -> list[tuple[int, int]]:
    """Where the pieces of a text stand in it. A piece that is not there, such as half a
    character, has the place of what comes after it."""
    places: list[tuple[int, int]] = []
    at = waiting = 0
    for piece in pieces:
        bare = piece.strip()
        found = text.find(bare, at) if bare else -1
        if found < 0 or (not waiting and text[at:found].strip()):
            waiting += 1
            continue
        places += [(at if waiting else found, found + len(bare))] * (waiting + 1)
        at, waiting = found + len(bare), 0
    return places + [(at, len(text))] * waiting
