"""What the shipped models know, and what they are therefore not asked.

A model this small answers anything with confidence. Text outside its world is refused
instead: any unknown word in what is to be translated, many unknown words elsewhere. The
words lie in one file beside the models, because to find them again takes a while.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path

from dragoman.errors import PromptRefused, UserError
from dragoman.formats.template import load
from dragoman.languages import language_name
from dragoman.phrasebook import models
from dragoman.phrasebook.lexicon import LANGUAGES
from dragoman.phrasebook.vocabulary import SPACED_WORD, vocabulary

FORMATS_KNOWN = ("gqm", "sqm", "codeblock-think")
UNKNOWN_SHARE = 0.25
"""How much of the texts beside the source may be unknown: candidates hold mistakes."""
NAMED = 8
"""How many unknown words a refusal names."""

_CHINESE = re.compile(r"[\u3400-\u9fff]+")
_FENCED = re.compile(r"^(`{3,})\n(.*?)\n\1$", re.M | re.S)


def write_words(file: Path) -> None:
    """Write every word of the world, one a line, all languages together."""
    words = {form for language in LANGUAGES for form in vocabulary(language)}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{word}\n" for word in sorted(words)), encoding="utf-8")


class KnownWords:
    """The words of a list, and texts held against them."""

    def __init__(self, words: Iterable[str]):
        self.all = frozenset(words)

    @classmethod
    def read(cls) -> KnownWords:
        """The words that ship with the models."""
        file = models.FOLDER / models.WORDS
        try:
            return cls(file.read_text(encoding="utf-8").split())
        except FileNotFoundError:
            raise UserError(f"{file} is missing; see docs/phrasebook.md") from None

    def check(self, prompt: str) -> None:
        """Raise `PromptRefused` for a prompt that the shipped models know nothing of."""
        if match := _known_beginning().match(prompt):
            languages = [name for name in match.groups() if name]
            unknown = [name for name in languages if name not in _language_names()]
            source, *texts = [text for _, text in _FENCED.findall(prompt, match.end())] or [""]
        else:
            unknown, source, texts = [], prompt, []
        if not any(map(str.isalnum, source)):
            raise PromptRefused("there is no word in the text")
        if unknown := unknown + self.unknown(source):
            raise _refused(unknown)
        words = [word for text in texts for word in self.words(text)]
        unknown = [word for word in words if not self.knows(word)]
        if len(unknown) > UNKNOWN_SHARE * len(words):
            raise _refused(unknown)

    def unknown(self, text: str) -> list[str]:
        return [word for word in self.words(text) if not self.knows(word)]

    def knows(self, word: str) -> bool:
        return word.casefold() in self.all

    def words(self, text: str) -> list[str]:
        """The words of a text in any language; unknown Chinese is cut into characters."""
        words: list[str] = []
        end = 0
        for run in _CHINESE.finditer(text):
            words += _spaced_words(text[end : run.start()])
            words += self._chinese_word.findall(run[0])
            end = run.end()
        return words + _spaced_words(text[end:])

    @cached_property
    def _chinese_word(self) -> re.Pattern[str]:
        """The longest known word, or one character."""
        chinese = sorted(filter(_CHINESE.fullmatch, self.all), key=len, reverse=True)
        return re.compile("|".join([*map(re.escape, chinese), "."]))


def _spaced_words(text: str) -> list[str]:
    return [word for word in SPACED_WORD.findall(text) if word[0].isalnum()]


def _refused(unknown: list[str]) -> PromptRefused:
    named = list(dict.fromkeys(unknown))
    more = ["…"] if len(named) > NAMED else []
    return PromptRefused(
        "the phrasebook's models know only the phrasebook (see docs/phrasebook.md); "
        f"they do not know: {', '.join(named[:NAMED] + more)}"
    )


@cache
def _language_names() -> frozenset[str]:
    return frozenset(map(language_name, LANGUAGES))


@cache
def _known_beginning() -> re.Pattern[str]:
    """How prompts begin in the formats that the models know, up to the source's fence; the
    groups are the languages."""
    task = load("gqm-task-ranking_score").rstrip("\n")
    beginnings = (
        load(name).replace("{task}", task).partition("{source}")[0] for name in FORMATS_KNOWN
    )
    return re.compile(
        "|".join(
            r"([^\n]+?)".join(map(re.escape, re.split(r"\{\w+\}", beginning)))
            for beginning in beginnings
        )
    )
