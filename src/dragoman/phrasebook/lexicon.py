"""The word lists beside this file, read once. Every entry is the same thing in all languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

LANGUAGES = ("en", "de", "zh", "es", "fr")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list: its id, what it can go with, and its forms in each language."""

    id: str
    goes_with: tuple[str, ...]
    forms: Mapping[str, tuple[str, ...]]

    def __getitem__(self, language: str) -> tuple[str, ...]:
        return self.forms[language]

    @property
    def sense_note(self) -> str:
        """What an ambiguous English word means here; empty for the others."""
        return " ".join(self.forms.get("note", ()))


Entries = Mapping[str, Entry]


def _lines(name: str) -> list[list[str]]:
    text = files("dragoman.phrasebook").joinpath("words", f"{name}.txt").read_text("utf-8")
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def _forms(cells: list[str]) -> dict[str, tuple[str, ...]]:
    """The forms of one language stand in one cell; `+` joins the words of one form."""
    split = (tuple(form.replace("+", " ") for form in cell.split()) for cell in cells)
    return dict(zip((*LANGUAGES, "note"), split, strict=False))


def _entries(name: str, extra: int) -> Entries:
    """A list whose lines have `extra` cells between the id and the languages."""
    return MappingProxyType(
        {
            cells[0]: Entry(
                cells[0],
                tuple(" ".join(cells[1 : 1 + extra]).split()),
                MappingProxyType(_forms(cells[1 + extra :])),
            )
            for cells in _lines(name)
        }
    )


def _phrases(name: str, extra: int) -> Entries:
    """The same for phrases: a cell is one form, however many words it has."""
    return MappingProxyType(
        {
            cells[0]: Entry(
                cells[0],
                tuple(" ".join(cells[1 : 1 + extra]).split()),
                MappingProxyType(
                    dict(zip(LANGUAGES, ((c,) for c in cells[1 + extra :]), strict=True))
                ),
            )
            for cells in _lines(name)
        }
    )


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All lists."""

    things: Entries
    people: Entries
    names: Entries
    verbs: Entries
    adjectives: Entries
    numbers: Entries
    cities: Entries
    sites: Entries
    measures: Entries
    places: Entries
    times: Entries
    idioms: Mapping[str, Mapping[str, tuple[str, str]]]
    synonyms: Mapping[tuple[str, str], tuple[str, ...]]


@cache
def lexicon() -> Lexicon:
    """The word lists."""
    idioms = {
        cells[0]: MappingProxyType(
            {
                language: (natural.strip(), other.strip())
                for language, cell in zip(LANGUAGES, cells[1:], strict=True)
                for natural, other in [cell.split(";")]
            }
        )
        for cells in _lines("idioms")
    }
    synonyms = {
        (language, id): tuple(form.replace("+", " ") for form in word.split())
        for language, id, word in _lines("synonyms")
    }
    return Lexicon(
        things=_entries("things", 1),
        people=_entries("people", 0),
        names=_entries("names", 1),
        verbs=_entries("verbs", 1),
        adjectives=_entries("adjectives", 1),
        numbers=_entries("numbers", 0),
        cities=_entries("cities", 0),
        sites=_entries("sites", 0),
        measures=_entries("measures", 1),
        places=_phrases("places", 0),
        times=_phrases("times", 1),
        idioms=MappingProxyType(idioms),
        synonyms=MappingProxyType(synonyms),
    )
