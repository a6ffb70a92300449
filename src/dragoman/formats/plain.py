"""What a line of a reply says once its decoration is taken off.

Language models write an answer in bold, in a list, in JSON, in a table, in full-width
characters, under headings in many languages. The lenient readers look at plain lines:
one space between words, ASCII letters, digits and signs, no quotes, braces or asterisks.
Decoration becomes a space rather than nothing, so that `3*2` never turns into 32.
"""

from __future__ import annotations

import re

from dragoman.formats.refusal import refuse

LONGEST = 2000
"""A line with more characters is never an answer: 26 scored candidates take far fewer."""

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_END_TOKENS = (
    "<|im_end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|return|>",
    "<end_of_turn>",
    "<eos>",
    "</s>",
)


def _table() -> dict[int, str]:
    table = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    table |= {0x660 + digit: str(digit) for digit in range(10)}
    table |= dict.fromkeys(map(ord, "−–—"), "-")
    table |= {ord("、"): ",", ord("،"): ",", ord("。"): ".", ord("≻"): ">"}
    decoration = "*`\"'“”‘’「」『』【】{}[]|$\u200b\u200c\u200d\u2060\ufeff"
    return table | dict.fromkeys(map(ord, decoration + "｛｝［］｜＊"), " ")


_TABLE = _table()
# The start of an answer line: a heading sign, a bullet or a number, a TeX command.
PREFIX = re.compile(r"(?:#+ ?)?(?:[-+•·] |\(?\d{1,2}[.)] )?(?:\\[a-z]{1,12} ?)?")

THINKING = re.compile(r"<(/?)think(?:ing)?>", re.I)


def drop_end_tokens(text: str) -> str:
    """The text without the chat tokens and white space at its end."""
    text, end = text.rstrip(), -1
    here = len(text)
    while end != here:
        end = here
        for token in _END_TOKENS:
            if text.endswith(token, 0, here):
                here -= len(token)
        while here and text[here - 1].isspace():
            here -= 1
    return text[:here]


def after_thinking(text: str) -> str:
    """What follows the thoughts; a reply that is still thinking has no answer yet."""
    check_thinking_ended(text)
    thoughts, end, rest = text.rpartition("</think>")
    if rest.strip() and end:
        return rest
    if text.lstrip().startswith("<think>"):
        raise refuse("unfinished-thinking", "the reply ends with its thoughts")
    return thoughts if end else text


def check_thinking_ended(text: str) -> None:
    """Refuses a reply whose last thoughts are never closed."""
    ends = [tag[1] for tag in THINKING.finditer(text)]
    if ends and not ends[-1]:
        raise refuse("unfinished-thinking", "the reply ends within its thoughts")


def split_lines(text: str) -> list[str]:
    """Lines, whichever of the usual line ends they have."""
    return _LINE_END.split(text)


def plain(line: str) -> str:
    """The line without decoration; a line too long for an answer stays as it is."""
    if len(line) > LONGEST:
        return line
    if "_" in line:
        line = re.sub(r"(?<![0-9A-Za-z])_+|_+(?![0-9A-Za-z])", " ", line)
    if "&gt;" in line:
        line = line.replace("&gt;", ">")
    return " ".join(line.translate(_TABLE).split())


def blank(line: str) -> bool:
    """Whether a plain line holds nothing but punctuation: a rule, a fence, a brace."""
    return not any(map(str.isalnum, line))
