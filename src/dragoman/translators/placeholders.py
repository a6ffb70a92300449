"""What a translation has to leave as it is: {name}, %s, $NAME, tags, entities, addresses.

In an ICU message (`{count, plural, one {# file} other {# files}}`) the arguments are kept, and
the keys of a `select`. Languages differ in their plural keys, so how often a thing stands in such
a message means nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

# Every part is bounded, for texts are hostile.
PLACEHOLDER = re.compile(
    r"(?P<tag></?[A-Za-z][A-Za-z0-9:-]{0,60})(?=[\s/>])[^<>]{0,500}>"  # <b>, </b>, <a href="…">
    r"|\$\{[^{}\s]{1,60}\}|\{[^{}\s]{0,60}\}"  # ${name}, {name}, {0}, {}
    r"|%(?:\d{1,4}\$)?(?:\(\w{1,60}\))?[-+#0]{0,4}\d{0,6}(?:\.\d{1,6})?"  # %s, %1$d, %(n)s
    r"[sdifuxgc@](?![A-Za-z])"
    r"|\$[A-Za-z_]\w*"  # $NAME
    r"|&(?:[a-z]{1,30}|#\d{1,8});"  # &nbsp;
    r"|https?://[^\s<>\"'，。、）)]+"
)

_CHOICE = re.compile(r"\{\s*(\w{1,60})\s*,\s*(plural|selectordinal|select)\s*,")
_ARGUMENT = re.compile(r"\{\s*(\w{1,60})\s*(?:,\s*(\w{1,60})[^{}]{0,100})?\}")
_BRACE = re.compile(r"'[{}][^']*'|[{}]")  # quoted braces are text


def placeholders(text: str) -> Counter[str]:
    """What has to stay as it is; tags go by their names."""
    found = Counter(
        f"{match['tag']}>" if match["tag"] else match[0] for match in PLACEHOLDER.finditer(text)
    )
    if not _CHOICE.search(text):
        return found
    return Counter({*_of_message(text), *(name for name in found if not name.startswith("{"))})


def without_placeholders(text: str) -> str:
    """The text alone, whose language can be guessed."""
    return PLACEHOLDER.sub(" ", text)


def changed_placeholders(source: str, text: str) -> str:
    """Which placeholders are lost or added, in words; nothing if none."""
    before, after = placeholders(source), placeholders(text)
    parts = [("lost", before - after), ("added", after - before)]
    return "; ".join(f"{word} {' '.join(which)}" for word, which in parts if which)


def _of_message(text: str) -> Iterator[str]:
    """The arguments of an ICU message, the keys of its selects, and braces without a partner."""
    around: list[str] = []  # what is open: a kind of choice, or a "message" in one of its branches
    end = 0
    for brace in _BRACE.finditer(text):
        if brace.start() < end or len(brace[0]) > 1:
            continue
        before, end = text[end : brace.start()].split(), brace.end()
        if brace[0] == "}":
            if not around:
                yield "}"
            del around[-1:]
        elif around and around[-1] != "message":
            if around[-1] == "select":
                yield f"{(before or [''])[-1]} {{…}}"
            around.append("message")
        elif choice := _CHOICE.match(text, brace.start()):
            yield f"{{{choice[1]}, {choice[2]}}}"
            around.append(choice[2])
            end = choice.end()
        elif argument := _ARGUMENT.match(text, brace.start()):
            yield f"{{{', '.join(filter(None, argument.groups()))}}}"
            end = argument.end()
        else:
            around.append("message")
    yield from "{" * len(around)
