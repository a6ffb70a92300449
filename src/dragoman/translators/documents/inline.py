"""The content of a <source> of XLIFF as a text with bare tags, and a target from such a text.

`Press <g id="1">Save</g><x id="2"/>`: elements around text are a pair of tags, those that hold
native code, or nothing, are one. Everything between tags is text as it is, not XML: a translator
may write & and <.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, cast

from dragoman.errors import MissingExtra

# The elements with text in them that is translated, of XLIFF 1.2 and 2.
PAIRED = ("g", "mrk", "pc")


def xml() -> Any:
    """lxml's XML; it has no types."""
    try:
        import lxml.etree as etree
    except ModuleNotFoundError:
        raise MissingExtra("lxml", "files") from None
    return cast(Any, etree)


class Unfit(Exception):
    """A translation that cannot be a target, and why."""


class Inline:
    """`text` is what is shown; `filled` makes a target from its translation."""

    def __init__(self, source: Any):
        self._source = source
        self._elements: defaultdict[str, list[Any]] = defaultdict(list)
        self._number = 0
        self.text = "".join(self._shown(source))

    def filled(self, text: str, target: Any = None) -> Any:
        """A <target> with this text and the elements of the source; with the attributes of one
        that there is."""
        etree = xml()
        space = etree.QName(self._source).namespace
        made: Any = etree.Element(etree.QName(space, "target"), nsmap=self._source.nsmap)
        made.attrib.update({} if target is None else target.attrib)
        left = {tag: list(elements) for tag, elements in self._elements.items()}
        open_ = [made]
        for part in self._parts(text):
            if part not in left and not self._closes(part):
                _add_text(open_[-1], part)
            elif self._closes(part):
                if len(open_) == 1 or part != f"</{_name(open_[-1])}>":
                    raise Unfit(f"{part} closes nothing")
                open_.pop()
            elif left[part]:
                element = _bare(left[part].pop(0))
                open_[-1].append(element)
                if _name(element) in PAIRED:
                    open_.append(element)
            else:
                raise Unfit(f"{part} stands there too often")
        lost = " ".join(tag for tag, elements in left.items() for _ in elements)
        if lost or len(open_) > 1:
            raise Unfit(f"lost {lost}" if lost else f"lost </{_name(open_[-1])}>")
        return made

    def _shown(self, element: Any) -> Iterator[str]:
        yield element.text or ""
        for child in element:
            if isinstance(child.tag, str):  # a comment has a function there
                name = _name(child)
                self._number += 1
                identity = child.get("id") or child.get("mid") or self._number
                if name in PAIRED:
                    tag = f'<{name} id="{identity}">'
                    self._elements[tag].append(child)
                    yield tag
                    yield from self._shown(child)
                    yield f"</{name}>"
                else:
                    tag = f'<{name} id="{identity}"/>'
                    self._elements[tag].append(child)
                    yield tag
            yield child.tail or ""

    def _closes(self, part: str) -> bool:
        return part in {f"</{_name(e[0])}>" for e in self._elements.values()}

    def _parts(self, text: str) -> list[str]:
        """Tags of the source, and what is between them."""
        if not self._elements:
            return [text]
        tags = {*self._elements, *(f"</{name}>" for name in PAIRED)}
        return re.split(f"({'|'.join(map(re.escape, tags))})", text)


def _name(element: Any) -> str:
    return xml().QName(element).localname


def _bare(element: Any) -> Any:
    """A copy, without the text that is to be replaced."""
    made = deepcopy(element)
    made.tail = None
    if _name(element) in PAIRED:
        made.text = None
        del made[:]
    return made


def _add_text(element: Any, text: str) -> None:
    try:
        if len(element):
            element[-1].tail = (element[-1].tail or "") + text
        else:
            element.text = (element.text or "") + text
    except ValueError:
        raise Unfit("a character that XML cannot hold") from None
