"""XLIFF, 1.2 and 2: units with a source and a place for its target.

Inline elements are shown to the translator as bare tags with their ids, those that hold native code
without it. A target is filled only if every tag of the source is in the translation, once and
rightly nested; then the elements go in as they were. What is in doubt else is put in, with a state
that says it is still to be done.

lxml reads and writes. (translate-toolkit would do more than is needed here, and its licence is
the GPL.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragoman.errors import BadRecord, UserError
from dragoman.row_files import replacing, writing
from dragoman.translators.documents.inline import Inline, Unfit, xml
from dragoman.translators.documents.text import edges
from dragoman.translators.documents.translations import Translations


@dataclass(frozen=True)
class _Version:
    """How a version says things: `undone` are the states of what is still to be done, the first
    for what is in doubt."""

    unit: str
    languages: tuple[str, str]
    undone: tuple[str, ...]


_ONE = _Version("trans-unit", ("source-language", "target-language"), ("needs-translation", "new"))
_TWO = _Version("unit", ("srcLang", "trgLang"), ("initial",))


class XliffDocument:
    """The whole file, in memory."""

    def __init__(self, path: Path):
        etree = xml()
        self._path = path
        # What is fetched or expanded comes from strangers: nothing is.
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            with path.open("rb") as stream:
                self._tree: Any = etree.parse(stream, parser)
        except OSError as error:
            raise UserError(f"{path}: cannot read: {error.strerror or error}") from error
        except etree.XMLSyntaxError as error:
            raise BadRecord(path, error.lineno or 1, f"not XML: {error.msg}") from None
        if self._tree.docinfo.doctype:
            raise BadRecord(path, 1, "has a DOCTYPE, which XLIFF has not")
        root = self._tree.getroot()
        self._version = _TWO if root.get("version", "").startswith("2") else _ONE
        if etree.QName(root).localname != "xliff":
            raise BadRecord(path, root.sourceline, "not XLIFF: its root is no <xliff>")

    @property
    def languages(self) -> tuple[str | None, str | None]:
        source, target = self._version.languages
        named = {(e.get(source), e.get(target)) for e in self._tree.iter() if source in e.attrib}
        if len(named) > 1:
            raise UserError(f"{self._path} is in several languages; give each a file of its own")
        return named.pop() if named else (None, None)

    def texts(self) -> Iterator[str]:
        for segment in self._open_segments():
            yield edges(Inline(_child(segment, "source")).text)[1]

    def put(self, translations: Translations, output: Path) -> None:
        root = self._tree.getroot()
        if self._version is _TWO and not self.languages[1]:
            raise BadRecord(self._path, root.sourceline, "<xliff> says no trgLang; add it")
        for segment in list(self._open_segments()):
            self._fill(segment, translations)
        translations.end()
        encoding = self._tree.docinfo.encoding or "UTF-8"
        with replacing(output) as partial, writing(output), partial.open("wb") as stream:
            self._tree.write(stream, encoding=encoding, xml_declaration=True)
            stream.write(b"\n")

    def _open_segments(self) -> Iterator[Any]:
        """What has a source and no usable target: units in 1.2, segments of units in 2."""
        for unit in self._tree.iter(f"{{*}}{self._version.unit}"):
            if not _is_translatable(unit):
                continue
            for segment in [unit] if self._version is _ONE else unit.iterfind("{*}segment"):
                source, target = _child(segment, "source"), _child(segment, "target")
                if source is None or not Inline(source).text.strip():
                    continue
                state = self._stated(segment, target).get("state") if target is not None else None
                if target is None or state in self._version.undone or not Inline(target).text:
                    yield segment

    def _fill(self, segment: Any, translations: Translations) -> None:
        source = _child(segment, "source")
        inline = Inline(source)
        before, shown, after = edges(inline.text)
        text = translations.next()
        if text is None:
            return
        target = _child(segment, "target")
        try:
            filled = inline.filled(before + text + after, target)
        except Unfit as why:
            translations.doubt(f"{why}; left out")
            return
        if target is None:
            _insert(segment, filled)
        else:
            filled.tail = target.tail
            segment.replace(target, filled)
        doubtful = translations.changed(shown, text)
        stated = self._stated(segment, filled)
        stated.set("state", self._version.undone[0] if doubtful else "translated")
        stated.attrib.pop("subState", None)

    def _stated(self, segment: Any, target: Any) -> Any:
        """The element that has the state of a target."""
        return target if self._version is _ONE else segment


def _child(element: Any, name: str) -> Any:
    return element.find(f"{{*}}{name}")


def _is_translatable(unit: Any) -> bool:
    for element in (unit, *unit.iterancestors()):
        if said := element.get("translate"):
            return said == "yes"
    return True


def _insert(segment: Any, target: Any) -> None:
    """Put a target behind the source, on a line of its own where the source has one."""
    before = _child(segment, "seg-source")
    before = _child(segment, "source") if before is None else before
    target.tail = before.tail
    if segment.text and not segment.text.strip():
        before.tail = segment.text
    segment.insert(segment.index(before) + 1, target)
