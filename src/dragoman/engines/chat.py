"""A prompt as tokens: the model folder's own chat template around one user message.

What stands in a message is never taken for a mark of the chat: a candidate that holds
`<|im_end|>` shows the model those ten characters, not the end of the message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from dragoman.engines.model_folder import read_json
from dragoman.errors import MissingExtra, PromptRefused, UserError
from dragoman.types import Prompt

# Stands for the message while the template is cut into what comes before and after it.
PLACEHOLDER = "\ue000message\ue001"


class ChatTokenizer:
    """Reads `tokenizer.json` and the chat template of a model folder."""

    def __init__(self, folder: Path):
        try:
            from tokenizers import Tokenizer
        except ModuleNotFoundError as error:
            raise MissingExtra("tokenizers", "local") from error
        if not (folder / "tokenizer.json").is_file():
            raise UserError(f"{folder} holds no tokenizer.json")
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._folder = folder
        self._settings = read_json(folder / "tokenizer_config.json")
        source = _template_source(folder, self._settings)
        self._template: Any = _compile(source, folder) if source else None
        added = self._tokenizer.get_added_tokens_decoder()
        self._special = frozenset(token for token, mark in added.items() if mark.special)
        # A special token, or one that the template writes, like `<think>`.
        self._marks = self._special | frozenset(
            token
            for token, mark in added.items()
            if mark.content.strip() and mark.content in (source or "")
        )

    def encode(self, prompt: Prompt) -> list[int]:
        """The prompt's tokens."""
        if not prompt.chat:
            return [*self._beginning(), *self._without_marks(prompt.text)]
        before, message, after = self._render(prompt.text)
        whole, head, tail = self._encode(before + message + after).ids, *self._frame_tokens
        # The whole at once, so that words may join as the model learned them, unless the
        # message brings marks of its own.
        if self._marks_in(whole) == self._marks_in(head) + self._marks_in(tail):
            return list(whole)
        return [*head, *self._without_marks(message), *tail]

    def encode_reply(self, text: str) -> list[int]:
        """The tokens a model writes to say `text`: `<think>` stands as it is, but no token that
        ends a message comes from the text."""
        tokens = list(self._encode(text).ids)
        return self._without_marks(text) if self._special.intersection(tokens) else tokens

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens, without marks."""
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=True))

    def stream(self) -> Callable[[int], str]:
        """Turns one token after another into the text that it completes."""
        tokens: list[int] = []
        start = shown = 0

        def step(token: int) -> str:
            nonlocal start, shown
            tokens.append(token)
            # The last piece is decoded along: how a token reads can depend on the one before.
            old, new = self.decode(tokens[start:shown]), self.decode(tokens[start:])
            if len(new) <= len(old) or new.endswith("\ufffd"):  # half a character so far
                return ""
            start, shown = shown, len(tokens)
            return new[len(old) :]

        return step

    def _encode(self, text: str) -> Any:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def _marks_in(self, tokens: Sequence[int]) -> list[int]:
        return [token for token in tokens if token in self._marks]

    def _beginning(self) -> list[int]:
        """The token that begins every text, where the tokenizer has one."""
        return list(self._tokenizer.encode("", add_special_tokens=True).ids[:1])

    def _without_marks(self, text: str) -> list[int]:
        """Tokens of `text`, none of them a mark: what would be one is cut in two."""
        encoding = self._encode(text)
        spans = [
            span
            for token, span in zip(encoding.ids, encoding.offsets, strict=True)
            if token in self._marks
        ]
        if not spans:
            return list(encoding.ids)
        cuts = {cut for start, end in spans for cut in (start, max(start + 1, (start + end) // 2))}
        bounds = [0, *sorted(cuts - {0, len(text)}), len(text)]
        if len(bounds) == 2:
            raise PromptRefused(f"{text!r} is a mark of the chat in {self._folder}")
        pieces = (text[start:end] for start, end in pairwise(bounds))
        return [token for piece in pieces for token in self._without_marks(piece)]

    def _render(self, text: str) -> tuple[str, str, str]:
        """What the template writes before the message, the message as it writes it, and after."""
        if self._template is None:
            raise UserError(
                f"{self._folder} has no chat template "
                "(tokenizer_config.json or chat_template.jinja); raw prompts need none"
            )
        before, found, after = self._frame
        whole = self._fill(text)
        fits = len(whole) >= len(before) + len(after)
        if not (found and fits and whole.startswith(before) and whole.endswith(after)):
            raise UserError(f"the chat template of {self._folder} does not keep a message whole")
        return before, whole[len(before) : len(whole) - len(after)], after

    @cached_property
    def _frame(self) -> tuple[str, str, str]:
        """What the template writes around every message, and whether it showed one at all."""
        return self._fill(PLACEHOLDER).partition(PLACEHOLDER)

    @cached_property
    def _frame_tokens(self) -> tuple[list[int], list[int]]:
        before, _, after = self._frame
        return self._encode(before).ids, self._encode(after).ids

    def _fill(self, text: str) -> str:
        from jinja2 import TemplateError

        message = {"role": "user", "content": text}
        try:
            return self._template.render(
                messages=[message], add_generation_prompt=True, **_named_tokens(self._settings)
            )
        except TemplateError as error:
            raise UserError(f"the chat template of {self._folder} fails: {error}") from error


def _named_tokens(settings: dict[str, Any]) -> dict[str, str]:
    """`bos_token`, `eos_token` and the like, which templates use."""
    tokens = {key: value for key, value in settings.items() if key.endswith("_token") and value}
    return {
        key: value["content"] if isinstance(value, dict) else str(value)
        for key, value in tokens.items()
        if not isinstance(value, bool)
    }


def _template_source(folder: Path, settings: dict[str, Any]) -> str | None:
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    older = read_json(folder / "chat_template.json").get("chat_template")
    templates: str | list[dict[str, str]] | None = settings.get("chat_template") or older
    if isinstance(templates, list):
        return {entry["name"]: entry["template"] for entry in templates}.get("default")
    return templates


def _compile(source: str, folder: Path) -> Any:
    """The template, in a sandbox, with the few helpers that templates rely on."""
    try:
        from jinja2 import TemplateError
        from jinja2.ext import loopcontrols
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ModuleNotFoundError as error:
        raise MissingExtra("jinja2", "local") from error

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    # One date for all prompts: what stands around a message stays what it was.
    opened = datetime.now()

    def strftime_now(form: str) -> str:
        return opened.strftime(form)

    environment: Any = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    environment.globals.update(raise_exception=raise_exception, strftime_now=strftime_now)
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    try:
        return environment.from_string(source)
    except TemplateError as error:
        raise UserError(f"the chat template of {folder} is not Jinja: {error}") from error
