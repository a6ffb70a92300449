"""What the grammars share: looking words up, and putting the time first or last."""

from __future__ import annotations

from itertools import product

from dragoman.phrasebook.lexicon import Entries, lexicon
from dragoman.phrasebook.meaning import Meaning, Person
from dragoman.phrasebook.wording import Word, content, critical, starred

Words = list[Word]

FREQUENCY = ("often", "always", "sometimes")
"""Times that some languages put beside the verb."""

NEVER_FIRST = ("often", "always")
"""Times that nobody begins a plain sentence with."""

FOR_ME = ("bring", "show")
"""What one asks for oneself: bring me, show me."""


def forms(entries: Entries, id: str, language: str, synonym: bool) -> tuple[str, ...]:
    """The forms of a word, or of its synonym where it has one and that is asked for."""
    own = entries[id][language]
    if not synonym:
        return own
    other = lexicon().synonyms.get((language, id))
    return own if other is None else (*other, *own[len(other) :])


def has_synonym(meaning: Meaning, language: str) -> bool:
    """Whether some word of the sentence can be said in two ways."""
    ids = [meaning.adjective, meaning.vehicle]
    for part in (meaning.subject, meaning.object):
        ids += [part.id, part.adjective] if part else []
    return any((language, id) in lexicon().synonyms for id in ids if id)


def ways(meaning: Meaning, language: str) -> list[tuple[bool, bool]]:
    """Every choice of (synonym, time in its other place), the usual one first."""
    synonym = (False, True) if has_synonym(meaning, language) else (False,)
    moved = (False, True) if meaning.time not in (None, *NEVER_FIRST) else (False,)
    return list(product(synonym, moved))


def name_of(person: Person, language: str) -> Words:
    """Somebody's name."""
    return content(lexicon().names[person.id][language][0], person.id)


def gender_of(person: Person) -> str:
    """Of whom it is said: m or f, whatever the gender of the noun. *They* are m."""
    if person.kind == "name":
        return lexicon().names[person.id].goes_with[0]
    if person.kind == "pronoun":
        return "f" if person.id == "she" else "m"
    # Spanish nouns for people, and the French ones here, have the gender of the person.
    return lexicon().people[person.id]["es"][1]


def verb_form(verb: str, language: str, which: int = 0) -> str:
    """A form of a verb; the first is the infinitive."""
    return lexicon().verbs[verb][language][which]


def number(id: str, language: str) -> Words:
    """How many."""
    return critical(lexicon().numbers[id][language][0], id)


def amount(meaning: Meaning, language: str) -> Words:
    """So many euros, or so many kilometers."""
    assert meaning.amount and meaning.measure
    measure = lexicon().measures[meaning.measure][language][0]
    return number(meaning.amount, language) + content(measure, meaning.measure)


def quantity(meaning: Meaning, language: str) -> Words:
    """So many kilos, or liters."""
    assert meaning.quantity and meaning.unit
    many = lexicon().numbers[meaning.quantity][language][0]
    unit = content(lexicon().measures[meaning.unit][language][0], meaning.unit)
    return critical(many, f"{meaning.quantity} of it") + unit


def city(meaning: Meaning, language: str) -> Words:
    """Where the trip goes."""
    assert meaning.city
    return content(lexicon().cities[meaning.city][language][0], meaning.city)


def vehicle(meaning: Meaning, language: str, synonym: bool) -> Words:
    """What one travels in."""
    assert meaning.vehicle
    return content(forms(lexicon().things, meaning.vehicle, language, synonym)[0], meaning.vehicle)


def time(meaning: Meaning, language: str) -> Words:
    """When, if that is said."""
    if meaning.time is None:
        return []
    return starred(lexicon().times[meaning.time][language][0], meaning.time)


def place(meaning: Meaning, language: str) -> Words:
    """Where, if that is said."""
    if meaning.place is None:
        return []
    return starred(lexicon().places[meaning.place][language][0], meaning.place)


def idiom(meaning: Meaning, language: str, little: frozenset[str], plainly: bool = False) -> Words:
    """An idiom; its little words count little. The other way of the word list says it word by
    word; in English, said plainly, it is as good as the first."""
    assert meaning.idiom
    natural, other = lexicon().idioms[meaning.idiom][language]
    text = other if meaning.literal or plainly else natural
    return [
        Word(word, f"{meaning.idiom}:{i}", "minor" if word in little else "major")
        for i, word in enumerate(text.split())
    ]
