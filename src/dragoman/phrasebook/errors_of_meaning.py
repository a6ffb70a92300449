"""Errors of meaning: something else is said, correctly.

Each takes a meaning and gives another, or None where there is nothing to get wrong.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from dragoman.phrasebook.lexicon import Entries, lexicon
from dragoman.phrasebook.meaning import Meaning, Person, Thing
from dragoman.phrasebook.world import CURRENCIES, RIDES, things_for


def _other(entries: Entries | Sequence[str], id: str, rng: random.Random) -> str:
    return rng.choice([other for other in entries if other != id])


def _wrong_word(m: Meaning, rng: random.Random) -> Meaning | None:
    words = lexicon()
    choices = [name for name in _PLAIN_SLOTS if getattr(m, name)]
    choices += ["subject"] * 2 * bool(m.subject) + ["object"] * 3 * bool(m.object)
    choices += ["verb"] * 2 * bool(m.verb) + ["modal"] * bool(m.modal)
    choices += ["adjective"] * bool(m.adjective)
    if not choices:
        return None
    slot = rng.choice(choices)
    if slot in _PLAIN_SLOTS:
        return replace(m, **{slot: _other(_rivals(m, slot), getattr(m, slot), rng)})
    if slot == "modal":
        return replace(m, modal=rng.choice(("want", "must", "can")))
    if slot == "adjective":
        return replace(m, adjective=_other(_like(m.adjective), m.adjective or "", rng))
    if slot == "subject":
        assert m.subject
        return replace(m, subject=_another_person(m.subject, rng))
    if slot == "verb":
        assert m.verb and m.object
        fitting = [v for v in words.verbs if m.object.id in things_for(v)]
        others = [v for v in fitting if v != m.verb] or [v for v in words.verbs if v != m.verb]
        return replace(m, verb=rng.choice(others))
    assert m.object
    return replace(m, object=_another_thing(m.object, m.verb, rng))


_PLAIN_SLOTS = (
    "time", "place", "city", "vehicle", "site", "other_site", "measure", "reason",
)  # fmt: skip


def _rivals(m: Meaning, slot: str) -> Sequence[str]:
    """What could stand there instead."""
    words = lexicon()
    if slot == "time" and m.time:
        tense = words.times[m.time].goes_with
        return [time for time, it in words.times.items() if it.goes_with == tense]
    if slot == "measure":
        return CURRENCIES if m.measure in CURRENCIES else ("kilometer", "meter")
    if slot == "reason":
        return _like(m.reason)
    lists: Mapping[str, Sequence[str]] = {
        "place": tuple(words.places), "city": tuple(words.cities), "vehicle": RIDES,
        "site": tuple(words.sites), "other_site": tuple(words.sites),
    }  # fmt: skip
    return lists[slot]


def _another_person(person: Person, rng: random.Random) -> Person:
    words = lexicon()
    if person.adjective and rng.random() < 0.4:
        return replace(person, adjective=_other(_like(person.adjective), person.adjective, rng))
    if person.kind == "name":
        return replace(person, id=_other(words.names, person.id, rng))
    if person.kind == "pronoun":
        return Person("pronoun", "she" if person.id == "he" else "he")
    return replace(person, id=_other(words.people, person.id, rng))


def _another_thing(thing: Thing, verb: str | None, rng: random.Random) -> Thing:
    if thing.adjective and rng.random() < 0.4:
        return replace(thing, adjective=_other(_like(thing.adjective), thing.adjective, rng))
    others = things_for(verb) if verb and rng.random() < 0.7 else tuple(lexicon().things)
    others = others if len(others) > 1 else tuple(lexicon().things)
    return replace(thing, id=_other(others, thing.id, rng))


def _like(adjective: str | None) -> list[str]:
    """Adjectives that are said of some of the same things."""
    words = lexicon().adjectives
    if adjective is None:
        return []
    about = set(words[adjective].goes_with)
    return [id for id, it in words.items() if about & set(it.goes_with)]


def _number(m: Meaning, rng: random.Random) -> Meaning | None:
    numbers = lexicon().numbers
    if m.object and m.object.count:
        return replace(m, object=replace(m.object, count=_other(numbers, m.object.count, rng)))
    if m.quantity and rng.random() < 0.5:
        return replace(m, quantity=_other(numbers, m.quantity, rng))
    if m.amount:
        return replace(m, amount=_other(numbers, m.amount, rng))
    return None


def _negation(m: Meaning, rng: random.Random) -> Meaning | None:
    # English says *must* alike of what is not to be done: nothing would be wrong.
    if m.frame not in ("action", "modal", "trip", "state") or m.modal == "must":
        return None
    return replace(m, negated=not m.negated)


def _omission(m: Meaning, rng: random.Random) -> Meaning | None:
    choices = [name for name in ("time", "place", "reason") if getattr(m, name)]
    choices += ["subject's"] if m.subject and m.subject.adjective else []
    choices += ["object's"] if m.object and m.object.adjective else []
    choices += ["degree"] if m.degree != "plain" else []
    if not choices:
        return None
    slot = rng.choice(choices)
    if slot == "degree":
        return replace(m, degree="plain")
    if slot == "subject's":
        assert m.subject
        return replace(m, subject=replace(m.subject, adjective=None))
    if slot == "object's":
        assert m.object
        return replace(m, object=replace(m.object, adjective=None))
    return replace(m, **{slot: None})


def _addition(m: Meaning, rng: random.Random) -> Meaning | None:
    words = lexicon()
    choices: list[Meaning] = []
    if m.frame in ("action", "idiom", "trip") and not m.time:
        times = [t for t, it in words.times.items() if it.goes_with[0] == m.tense]
        choices.append(replace(m, time=rng.choice(times)))
    if m.frame in ("action", "modal") and not m.place and not m.negated:
        choices.append(replace(m, place=rng.choice(list(words.places))))
    if m.subject and not m.subject.adjective and m.subject.kind in ("the", "a"):
        said = [a for a, it in words.adjectives.items() if "person" in it.goes_with]
        choices.append(replace(m, subject=replace(m.subject, adjective=rng.choice(said))))
    if m.object and not m.object.adjective and m.frame in ("action", "modal", "request"):
        about = words.things[m.object.id].goes_with[0]
        said = [a for a, it in words.adjectives.items() if about in it.goes_with]
        if said:
            choices.append(replace(m, object=replace(m.object, adjective=rng.choice(said))))
    return rng.choice(choices) if choices else None


def _literal_idiom(m: Meaning, rng: random.Random) -> Meaning | None:
    return replace(m, literal=True) if m.frame == "idiom" else None


def _tense(m: Meaning, rng: random.Random) -> Meaning | None:
    if m.frame not in ("action", "trip") or m.time:
        return None
    return replace(m, tense=rng.choice(("past", "present", "future")))


def _register(m: Meaning, rng: random.Random) -> Meaning | None:
    return replace(m, polite=not m.polite) if m.frame in ("request", "where") else None


KINDS: Mapping[str, Callable[[Meaning, random.Random], Meaning | None]] = MappingProxyType(
    {
        "wrong word": _wrong_word, "number": _number, "negation": _negation,
        "omission": _omission, "addition": _addition, "literal idiom": _literal_idiom,
        "tense": _tense, "register": _register,
    }
)  # fmt: skip
