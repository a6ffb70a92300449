"""Every word form of a language with what it can mean, and texts cut into words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from itertools import product
from types import MappingProxyType

from dragoman.phrasebook.grammar import say
from dragoman.phrasebook.lexicon import lexicon
from dragoman.phrasebook.meaning import Meaning, Person, Thing
from dragoman.phrasebook.wording import Word
from dragoman.phrasebook.world import (
    CURRENCIES,
    DEGREES,
    MODALS,
    REQUESTS,
    RIDES,
    TENSES,
    things_for,
)

SPACED_WORD = re.compile(r"aujourd['’]hui|[^\W_][\w-]*['’]?|[^\s\w]", re.IGNORECASE)
UNKNOWN_CHINESE_OR_FOREIGN = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")


@cache
def vocabulary(language: str) -> Mapping[str, tuple[Word, ...]]:
    """Each form, in small letters, with the words that it can be."""
    found: dict[str, dict[Word, None]] = {}
    for meaning in _everything():
        for sentence in say.__wrapped__(meaning, language):
            for word in sentence.words:
                if word.sense:
                    found.setdefault(word.text.casefold(), {})[word] = None
    return MappingProxyType({form: tuple(words) for form, words in found.items()})


@cache
def chinese_words() -> re.Pattern[str]:
    """Any word of the Chinese vocabulary, longest first."""
    words = sorted(vocabulary("zh"), key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, words)))


@lru_cache(200_000)
def words_of(text: str, language: str) -> tuple[str, ...]:
    """A text as words, without punctuation. Chinese is cut at the longest known words, and
    what is unknown of it into characters; a foreign word in it is one word."""
    if language == "zh":
        pieces: list[str] = []
        end = 0
        for match in chinese_words().finditer(text):
            pieces += UNKNOWN_CHINESE_OR_FOREIGN.findall(text[end : match.start()])
            pieces.append(match[0])
            end = match.end()
        pieces += UNKNOWN_CHINESE_OR_FOREIGN.findall(text[end:])
    else:
        pieces = SPACED_WORD.findall(text)
    return tuple(piece for piece in pieces if piece[0].isalnum())


def _everything() -> Iterator[Meaning]:
    """Meanings that between them use every form of every word."""
    words = lexicon()
    anna, cook = Person("name", "anna"), Person("the", "cook")
    people = [Person("the", "cook"), Person("the", "cook", True), Person("the", "nurse"),
              Person("the", "nurse", True)]  # fmt: skip
    for id, entry in words.things.items():
        verb = next(verb for verb in words.verbs if id in things_for(verb))
        fitting = [a for a, it in words.adjectives.items() if entry.goes_with[0] in it.goes_with]
        for adjective, kind in product((None, *fitting), ("the", "a", "count")):
            count = "2" if kind == "count" else None
            thing = Thing(kind, id, count, adjective)  # type: ignore[arg-type]
            yield Meaning("action", anna, verb, object=thing)
            yield Meaning("price", object=thing, amount="3", measure="euro")
            yield Meaning("state", object=Thing("the", id), adjective=adjective or "new")
        yield Meaning("trip", cook, city="vienna", vehicle=id)
        for unit in ("kilo", "liter"):
            yield Meaning("price", object=Thing("the", id), amount="3", measure="euro",
                          quantity="4", unit=unit)  # fmt: skip
    said_of_people = [a for a, it in words.adjectives.items() if "person" in it.goes_with]
    for id, adjective, many in product(words.people, (None, *said_of_people), (False, True)):
        kinds = ("the", "my") if many else ("the", "a", "my")
        for kind in kinds:
            person = Person(kind, id, many, adjective)  # type: ignore[arg-type]
            yield Meaning("action", person, "buy", object=Thing("the", "apple"))
    for verb, tense, person, negated in product(words.verbs, TENSES, people, (False, True)):
        thing = Thing("the", things_for(verb)[0])
        yield Meaning("action", person, verb, object=thing, tense=tense, negated=negated)
        for modal in MODALS:
            yield Meaning("modal", person, verb, modal, thing, negated=negated)
    for verb, polite in product(REQUESTS, (False, True)):
        yield Meaning("request", verb=verb, object=Thing("the", things_for(verb)[0]), polite=polite)
    for adjective, person, degree, negated in product(
        said_of_people, people, DEGREES, (False, True)
    ):
        yield Meaning("state", person, adjective=adjective, degree=degree, negated=negated)
    for adjective, person, tense in product(said_of_people, people, TENSES):
        yield Meaning("action", person, "buy", object=Thing("the", "apple"), tense=tense,
                      reason=adjective)  # fmt: skip
    for city, tense, person, negated in product(words.cities, TENSES, people, (False, True)):
        for ride in RIDES:
            yield Meaning("trip", person, tense=tense, negated=negated, city=city, vehicle=ride)
    for id in (*words.names,):
        yield Meaning("action", Person("name", id), "buy", object=Thing("the", "apple"))
    for id in ("he", "she", "they"):
        person = Person("pronoun", id, id == "they")
        yield Meaning("action", person, "buy", object=Thing("the", "apple"))
    for number, measure in product(words.numbers, CURRENCIES):
        yield Meaning("price", object=Thing("the", "apple"), amount=number, measure=measure)
    for site, polite in product(words.sites, (False, True)):
        yield Meaning("where", polite=polite, site=site)
        for measure in ("kilometer", "meter"):
            yield Meaning("distance", site="bank_site", other_site=site, amount="3",
                          measure=measure)  # fmt: skip
    for time in words.times:
        yield Meaning("action", cook, "buy", object=Thing("the", "apple"), time=time)
    for place in words.places:
        yield Meaning("action", cook, "buy", object=Thing("the", "apple"), place=place)
    for idiom, literal in product(words.idioms, (False, True)):
        yield Meaning("idiom", cook, tense="past", idiom=idiom, literal=literal)
