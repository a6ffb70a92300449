"""Segments from parallel corpora: TMX, and two files of lines as Moses reads them.

TMX is streamed. The source is in the language that the header names, or else in that of a
unit's first variant; each other variant is a reference, and makes a segment. Files of lines are
named together, as `news.{de,en}`, the source's language first.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any, cast
from xml.etree import ElementTree

from dragoman.errors import BadRecord, UserError
from dragoman.row_files import Row, read_text_lines

_PAIR = re.compile(r"(.*)\{([^{},/]+),([^{},/]+)\}([^{}/]*)", re.DOTALL)
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
# TMX marks up what a segment's text holds of formatting; this is no text.
_MARKUP = {"bpt", "ept", "ph", "it", "ut"}


def moses_files(path: str | Path) -> tuple[tuple[Path, str], tuple[Path, str]] | None:
    """Both files and their languages, if the name stands for two files."""
    match = _PAIR.fullmatch(str(path))
    if match is None or Path(path).exists():
        return None
    before, source, target, after = match.groups()
    return (
        (Path(f"{before}{source}{after}"), source),
        (Path(f"{before}{target}{after}"), target),
    )


def read_moses(path: str | Path) -> Iterator[tuple[int, Row]]:
    """A segment from each pair of lines; empty lines, which have no translation, are passed by."""
    both = moses_files(path)
    if both is None:
        raise UserError(f"{path}: name two files of lines, as news.{{de,en}}")
    (source_file, source_lang), (target_file, target_lang) = both
    lines = zip_longest(read_text_lines(source_file), read_text_lines(target_file))
    for number, (source, target) in enumerate(lines, start=1):
        if source is None or target is None:
            short = source_file if source is None else target_file
            raise BadRecord(short, number, "the other file goes on, this one has ended")
        if not source[1].strip() or not target[1].strip():
            continue
        yield (
            number,
            {
                "id": str(number),
                "src_lang": source_lang,
                "tgt_lang": target_lang,
                "source": source[1],
                "reference": target[1],
            },
        )


def read_tmx(path: str | Path) -> Iterator[tuple[int, Row]]:
    """The segments of a TMX file; the number counts translation units."""
    source_lang, number = "", 0
    try:
        with _open(path) as stream:
            # expat bounds how much entities may expand, and ElementTree loads none from elsewhere.
            events = ElementTree.iterparse(stream, ("start", "end"))  # noqa: S314
            body = cast(ElementTree.Element, next(events)[1])
            for event, element in cast(Iterator[tuple[str, ElementTree.Element]], events):
                if event == "start" and element.tag == "header":
                    source_lang = element.get("srclang", "")
                if event == "start" and element.tag == "body":
                    body = element
                if event == "end" and element.tag == "tu":
                    number += 1
                    for row in _unit(element, number, source_lang):
                        yield number, row
                    # What was read is let go of.
                    body.clear()
    except ElementTree.ParseError as error:
        raise BadRecord(path, error.position[0], f"not TMX: {error.msg}") from None
    except (StopIteration, LookupError, UnicodeError, ValueError) as error:
        raise BadRecord(path, number + 1, f"not TMX: {error}") from None
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot read: {reason}") from None


def _unit(unit: ElementTree.Element, number: int, source_lang: str) -> Iterator[dict[str, Any]]:
    variants: list[tuple[str, str]] = []
    for variant in unit.iter("tuv"):
        segment = variant.find("seg")
        text = "" if segment is None else "".join(_text(segment)).strip()
        if text:
            variants.append((variant.get(_LANGUAGE) or variant.get("lang", ""), text))
    source = next((one for one in variants if _same(one[0], source_lang)), None)
    if source is None and source_lang in ("", "*all*"):
        source = next(iter(variants), None)
    if source is None:
        return
    name = unit.get("tuid") or str(number)
    targets = [variant for variant in variants if variant is not source]
    for language, text in targets:
        yield {
            "id": name if len(targets) == 1 else f"{name}/{language}",
            "src_lang": source[0],
            "tgt_lang": language,
            "source": source[1],
            "reference": text,
        }


def _text(element: ElementTree.Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag not in _MARKUP:
            yield from _text(child)
        yield child.tail or ""


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _open(path: str | Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb") if str(path).endswith(".gz") else open(path, "rb"))
