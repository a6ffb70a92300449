"""Prompts are text files beside the code, with named fields filled in one pass.

One pass means that a text that happens to hold `{source}` is never filled in turn.
Hostile texts are fenced by CommonMark's rule: a fenced block ends at a line that holds
only a fence at least as long as the opening one, so the fence is made one backtick longer
than the longest such line of the text. Ordinary texts keep the usual three.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from dragoman.languages import language_name
from dragoman.types import Segment

_FIELD = re.compile(r"\{([a-z_]+)\}")
_CLOSING_LINE = re.compile(r"\s*(`{3,})\s*")


@cache
def load(name: str) -> str:
    """The text of `formats/prompts/NAME.txt`."""
    return files("dragoman.formats").joinpath("prompts", f"{name}.txt").read_text("utf-8")


def fill(template: str, **fields: str) -> str:
    """Replace every `{field}`, in one pass; a field without a value is a KeyError."""
    return _FIELD.sub(lambda match: fields[match[1]], template)


def named_languages(segment: Segment) -> dict[str, str]:
    """Both languages by name, as fields; refuses what is no language."""
    return {
        "source_lang": language_name(segment.source_lang),
        "target_lang": language_name(segment.target_lang),
    }


def fenced(text: str) -> str:
    """The text in a code fence that it cannot close."""
    fence = "`" * max(3, 1 + _longest_closing_line(text))
    return f"{fence}\n{text}\n{fence}"


def _longest_closing_line(text: str) -> int:
    # str.splitlines knows every character that a reader may take for a line end.
    matches = (_CLOSING_LINE.fullmatch(line) for line in text.splitlines())
    return max((len(match[1]) for match in matches if match), default=0)
