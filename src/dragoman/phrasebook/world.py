"""Sentences without end: meanings drawn by seed, in splits that share no shape and no word pair.

A meaning belongs to a split when both its shape (the sentence without its words) and the
pair of words that meet in it do. Most of what could be said belongs to none: one half of it
is in one split and the other half in another, and nobody sees it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal
from zlib import crc32

from dragoman.phrasebook.lexicon import lexicon
from dragoman.phrasebook.meaning import Degree, Frame, Meaning, Modal, Person, Tense, Thing

Split = Literal["train", "validation", "test"]

FRAMES: dict[Frame, int] = {
    "action": 44, "modal": 12, "idiom": 9, "trip": 6, "price": 7, "state": 8,
    "where": 2, "distance": 3, "request": 9,
}  # fmt: skip
TENSES: tuple[Tense, ...] = ("past", "present", "future")
MODALS: tuple[Modal, ...] = ("want", "must", "can")
DEGREES: tuple[Degree, ...] = ("plain", "very", "too")

RIDES = ("train", "bus", "taxi", "car", "boat")
CURRENCIES = ("euro", "dollar", "pound")
CHILDREN = ("boy", "girl", "child")
KIN = ("sister", "brother", "uncle", "aunt", "friend", "neighbor", "boss")
FREQUENCIES = ("often", "always", "sometimes", "every_day")
"""Times that mean something else beside a negation."""
REQUESTS = ("bring", "show", "open", "close", "repair", "clean", "wash", "pack", "book", "pick_up")
NOT_PREDICATED = frozenset(
    "red blue green black white yellow light_colour round broken new old_thing old_person "
    "sick".split()
)
"""Adjectives that Chinese does not put behind its noun as it does the others."""
MISHAPS = ("lose", "miss", "forget", "break", "steal")
"""What nobody wants to do, must do or is asked to do."""

SHAPES_SHARED: tuple[Frame, ...] = ("where", "distance", "price")
"""Frames of few shapes: only their word pairs tell the splits apart."""


def meanings(split: Split, seed: int) -> Iterator[Meaning]:
    """Meanings of one split, without end; the same seed draws the same ones."""
    rng = random.Random(f"{split}/{seed}")
    while True:
        # The frame first, so that every split has its frames as often as the others.
        frame = _frame(rng)
        meaning = _DRAW[frame](rng)
        while split_of(meaning) != split:
            meaning = _DRAW[frame](rng)
        yield meaning


def split_of(meaning: Meaning) -> Split | None:
    """Where a meaning may be seen; None is nowhere."""
    pair = _share(" ".join(meaning.pair))
    if meaning.frame in SHAPES_SHARED:
        return pair
    return pair if _share(meaning.shape) == pair else None


def _share(text: str) -> Split:
    place = crc32(f"369 {text}".encode()) % 100
    return "train" if place < 80 else ("validation" if place < 88 else "test")


def draw(rng: random.Random) -> Meaning:
    """Any meaning at all."""
    return _DRAW[_frame(rng)](rng)


def _frame(rng: random.Random) -> Frame:
    return rng.choices(list(FRAMES), list(FRAMES.values()))[0]


def _person(rng: random.Random, pronouns: bool = True) -> Person:
    what = rng.random()
    if what < 0.1:
        return Person("name", _any(rng, lexicon().names))
    if what < 0.18 and pronouns:
        return Person("pronoun", *rng.choice((("he", False), ("she", False), ("they", True))))
    if what < 0.28:
        return Person("my", rng.choice(KIN), rng.random() < 0.2)
    id = _any(rng, lexicon().people)
    adjective = _adjective(rng, "person") if rng.random() < 0.35 else None
    if id in CHILDREN and adjective == "old_person":
        adjective = "young"
    plural = rng.random() < 0.2
    kind: Literal["the", "a"] = "a" if not plural and rng.random() < 0.15 else "the"
    return Person(kind, id, plural, adjective)


def _thing(rng: random.Random, id: str, counted: bool = True) -> Thing:
    what = rng.random()
    adjective = _adjective(rng, _class(id)) if rng.random() < 0.4 else None
    if what < 0.4 and counted:
        return Thing("count", id, _any(rng, lexicon().numbers), adjective)
    return Thing("a" if what < 0.65 else "the", id, None, adjective)


def _class(thing: str) -> str:
    return lexicon().things[thing].goes_with[0]


def _adjective(rng: random.Random, said_of: str) -> str | None:
    fitting = _adjectives_of(said_of)
    return rng.choice(fitting) if fitting else None


@cache
def _adjectives_of(said_of: str) -> tuple[str, ...]:
    return tuple(id for id, it in lexicon().adjectives.items() if said_of in it.goes_with)


@cache
def things_for(verb: str) -> tuple[str, ...]:
    """What a verb can be done to."""
    classes = lexicon().verbs[verb].goes_with
    return tuple(id for id in lexicon().things if _class(id) in classes)


def _any(rng: random.Random, entries: Mapping[str, object]) -> str:
    return rng.choice(list(entries))


def _time(rng: random.Random, tense: Tense, negated: bool) -> str | None:
    fitting = [id for id, it in lexicon().times.items() if it.goes_with[0] == tense]
    if negated:
        fitting = [id for id in fitting if id not in FREQUENCIES]
    return rng.choice(fitting)


def _deed(rng: random.Random, avoiding: tuple[str, ...] = ()) -> tuple[str, Thing, bool]:
    """A verb, its object, and whether it is negated: only what is definite is *not* done."""
    verb = rng.choice([verb for verb in lexicon().verbs if verb not in avoiding])
    thing = _thing(rng, rng.choice(things_for(verb)))
    if rng.random() < 0.25:
        return verb, Thing("the", thing.id, None, thing.adjective), True
    return verb, thing, False


def _action(rng: random.Random) -> Meaning:
    tense = rng.choice(TENSES)
    verb, thing, negated = _deed(rng)
    time = _time(rng, tense, negated) if rng.random() < 0.5 else None
    place = _any(rng, lexicon().places) if rng.random() < 0.3 and not negated else None
    subject = _person(rng)
    # A child is "it" in German and "he" elsewhere: nobody explains what it does.
    explained = rng.random() < 0.12 and subject.kind != "pronoun" and subject.id != "child"
    return Meaning(
        "action", subject, verb, object=thing, tense=tense, negated=negated,
        time=None if explained else time, place=None if explained else place,
        reason=_adjective(rng, "person") if explained else None,
    )  # fmt: skip


def _modal(rng: random.Random) -> Meaning:
    modal = rng.choice(MODALS)
    verb, thing, negated = _deed(rng, MISHAPS)
    negated = negated and modal != "must"
    place = _any(rng, lexicon().places) if rng.random() < 0.25 and not negated else None
    subject = _person(rng)
    return Meaning("modal", subject, verb, modal, thing, negated=negated, place=place)


def _idiom(rng: random.Random) -> Meaning:
    subject = _person(rng)
    while subject.plural:
        subject = _person(rng)
    time = _time(rng, "past", False) if rng.random() < 0.4 else None
    idiom = _any(rng, lexicon().idioms)
    return Meaning("idiom", subject, tense="past", time=time, idiom=idiom)


def _trip(rng: random.Random) -> Meaning:
    tense = rng.choice(TENSES)
    negated = rng.random() < 0.2
    time = _time(rng, tense, negated) if rng.random() < 0.5 else None
    return Meaning(
        "trip", _person(rng), tense=tense, negated=negated, time=time,
        city=_any(rng, lexicon().cities), vehicle=rng.choice(RIDES),
    )  # fmt: skip


def _price(rng: random.Random) -> Meaning:
    amount, currency = _any(rng, lexicon().numbers), rng.choice(CURRENCIES)
    if rng.random() < 0.5:
        thing = _thing(rng, _any(rng, lexicon().things), counted=False)
        return Meaning("price", object=thing, amount=amount, measure=currency)
    food = rng.random() < 0.6
    goods = [t for t in lexicon().things if _class(t) == ("food" if food else "drink")]
    return Meaning(
        "price", object=Thing("the", rng.choice(goods)), amount=amount, measure=currency,
        quantity=_any(rng, lexicon().numbers), unit="kilo" if food else "liter",
    )  # fmt: skip


def _state(rng: random.Random) -> Meaning:
    degree, negated = rng.choice(DEGREES), rng.random() < 0.25
    person = _person(rng, pronouns=False) if rng.random() < 0.5 else None
    if person:
        person = Person(person.kind, person.id, person.plural)
        said_of, thing = "person", None
    else:
        thing = Thing("the", _any(rng, lexicon().things))
        said_of = _class(thing.id)
    fitting = [a for a in _adjectives_of(said_of) if a not in NOT_PREDICATED]
    if not fitting:
        return _state(rng)
    return Meaning(
        "state", person, object=thing, negated=negated, adjective=rng.choice(fitting),
        degree="plain" if negated else degree,
    )  # fmt: skip


def _where(rng: random.Random) -> Meaning:
    return Meaning("where", polite=rng.random() < 0.5, site=_any(rng, lexicon().sites))


def _distance(rng: random.Random) -> Meaning:
    site, other = rng.sample(list(lexicon().sites), 2)
    measure = rng.choice(("kilometer", "meter"))
    amount = _any(rng, lexicon().numbers)
    return Meaning("distance", site=site, other_site=other, amount=amount, measure=measure)


def _request(rng: random.Random) -> Meaning:
    verb = rng.choice(REQUESTS)
    thing = _thing(rng, rng.choice(things_for(verb)))
    return Meaning("request", verb=verb, object=thing, polite=rng.random() < 0.5)


_DRAW = {
    "action": _action, "modal": _modal, "idiom": _idiom, "trip": _trip, "price": _price,
    "state": _state, "where": _where, "distance": _distance, "request": _request,
}  # fmt: skip
