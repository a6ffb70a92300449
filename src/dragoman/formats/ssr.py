"""SSR: the translator thinks in `<think>` and answers in `<answer>`.

The template lays out the conversation itself, from its first token to `Assistant:`, so it
goes to the model as it is, without a chat template around it. Two published programs wrap
it once more; `chat=True` does as they do. The two known templates differ by two spaces:
`ssr-card`, from the model's card, has them. Which bytes the model was trained on is not known.
"""

from __future__ import annotations

import re

from dragoman.formats import Reading, Takes, compat, plain
from dragoman.formats.base import BaseFormat
from dragoman.formats.strict import refuse
from dragoman.formats.template import fill, load, named_languages
from dragoman.types import Prompt, Segment

_TAGS = re.compile(r"</?(?:think|answer)>")
_LOOSE_TAGS = re.compile(r"< ?/? ?(?:think|answer) ?>", re.I)


class SSR(BaseFormat):
    """A translation in `<answer>` tags after thoughts in `<think>` tags, as SSR-Zero writes it."""

    name = "ssr"
    version = "1"
    takes: Takes = "segment"

    def __init__(self, reading: Reading = "strict", chat: bool = False):
        super().__init__(reading)
        self.chat = chat

    def write(self, item: Segment) -> Prompt:
        return Prompt(
            fill(load(self.name), source=item.source, **named_languages(item)), chat=self.chat
        )

    def read(self, reply: str, item: Segment) -> str:
        if self.reading == "compat":
            return compat.answer_tag(reply)
        if self.reading == "strict":
            return _strict(reply)
        return _lenient(plain.drop_end_tokens(reply))


class SSRCard(SSR):
    """The same with the template of the model's card, which has two spaces more."""

    name = "ssr-card"


def answered(text: str) -> str:
    """A reply that answers with this text, without a thought."""
    return f"<think></think> <answer>{text}</answer>"


def _strict(reply: str) -> str:
    """`<think>…</think> <answer>…</answer>` and nothing else; each tag once."""
    text = reply.strip()
    tags = list(_TAGS.finditer(text))
    if [tag[0] for tag in tags] != ["<think>", "</think>", "<answer>", "</answer>"]:
        raise refuse("no-answer", "the tags are not <think></think> <answer></answer>")
    between = text[tags[1].end() : tags[2].start()]
    if tags[0].start() or tags[3].end() != len(text) or between.strip():
        raise refuse("extra-text", "there is text outside the tags")
    return _filled(text[tags[2].end() : tags[3].start()])


def _lenient(text: str) -> str:
    """The one answer after the thoughts, whatever stands around it."""
    tags = [(re.sub("[ <>]", "", tag[0]).lower(), tag) for tag in _LOOSE_TAGS.finditer(text)]
    ends = [at for at, (name, _) in enumerate(tags) if name == "/think"]
    if not ends and any(name == "think" for name, _ in tags):
        raise refuse("unfinished-thinking", "the reply ends within its thoughts")
    after = tags[ends[-1] + 1 :] if ends else tags
    if [name for name, _ in after] != ["answer", "/answer"]:
        raise refuse("no-answer", "there is not exactly one answer after the thoughts")
    return _filled(text[after[0][1].end() : after[1][1].start()])


def _filled(text: str) -> str:
    if not text.strip():
        raise refuse("empty-translation", "the answer is empty")
    return text.strip()
