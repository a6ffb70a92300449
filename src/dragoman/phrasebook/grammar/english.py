"""English."""

from __future__ import annotations

from dragoman.phrasebook.grammar.common import (
    FOR_ME,
    FREQUENCY,
    Words,
    amount,
    city,
    forms,
    gender_of,
    idiom,
    name_of,
    number,
    place,
    quantity,
    time,
    vehicle,
    verb_form,
    ways,
)
from dragoman.phrasebook.lexicon import lexicon
from dragoman.phrasebook.meaning import Meaning, Person, Thing
from dragoman.phrasebook.wording import (
    Sentence,
    content,
    critical,
    distinct,
    mark,
    small,
)

LANGUAGE = "en"

IRREGULAR_PLURALS = {
    "child": "children", "man": "men", "woman": "women", "policeman": "policemen",
    "knife": "knives", "potato": "potatoes", "tomato": "tomatoes", "scarf": "scarves",
}  # fmt: skip
FUNCTION_WORDS = frozenset(
    "a an the of on in at to for up out it me my her his not too one down by from with".split()
)


def say(meaning: Meaning) -> tuple[Sentence, ...]:
    """Every acceptable sentence, the usual one first."""
    if meaning.frame == "idiom":
        # Said plainly it is as good; there is no word-by-word English to go wrong.
        choices = [(plain, moved) for plain in (False, True) for moved in (False, True)]
        moves = choices if meaning.time else [(False, False), (True, False)]
        return distinct(_sentence(meaning, plain, moved) for plain, moved in moves)
    return distinct(_sentence(meaning, *way) for way in ways(meaning, LANGUAGE))


def plural(noun: str) -> str:
    """apple → apples, baby → babies, box → boxes."""
    if noun in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[noun]
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def third_person(verb: str) -> str:
    """buy → buys, carry → carries, pick up → picks up."""
    first, _, rest = verb.partition(" ")
    if first.endswith("y") and first[-2] not in "aeiou":
        first = first[:-1] + "ies"
    else:
        first += "es" if first.endswith(("s", "x", "ch", "sh", "o")) else "s"
    return f"{first} {rest}".strip()


def _sentence(m: Meaning, synonym: bool, moved: bool) -> Sentence:
    if m.frame == "where":
        assert m.site
        words = small("excuse me") + mark(",") if m.polite else []
        return Sentence((*words, *content("where", "where"), *small("is the"), *_site(m.site)),
                        closing="?")  # fmt: skip
    if m.frame == "request":
        assert m.verb and m.object
        me = small("me") if m.verb in FOR_ME else []
        words = content("could" if m.polite else "can", "polite" if m.polite else "casual")
        words += small("you") + content(verb_form(m.verb, LANGUAGE), m.verb) + me
        words += _thing(m.object, synonym)
        if m.polite:
            words += mark(",") + content("please", "polite")
        return Sentence(tuple(words), closing="?")
    words = _clause(m, synonym)
    if m.time:
        when = time(m, LANGUAGE)
        if m.time in FREQUENCY and not moved and m.frame in ("action", "trip"):
            at = len(_subject(m, synonym)) + (1 if m.tense == "future" else 0)
            words = words[:at] + when + words[at:]
        else:
            words = when + words if moved else words + when
    if m.reason:
        assert m.subject
        words += mark(",") + _reason(m, synonym)
    return Sentence(tuple(words))


def _clause(m: Meaning, synonym: bool) -> Words:
    if m.frame == "price":
        return _price(m, synonym)
    if m.frame == "distance":
        assert m.site and m.other_site
        start = small("the") + _site(m.site) + small("is") + amount(m, LANGUAGE)
        return start + small("from the") + _site(m.other_site, "2")
    words = _subject(m, synonym)
    plural_subject = bool(m.subject and m.subject.plural)
    if m.frame == "state":
        assert m.adjective
        words += small("are" if plural_subject else "is", "be")
        words += critical("not", "not") if m.negated else []
        words += content(m.degree, f"degree:{m.degree}") if m.degree != "plain" else []
        return words + _adjective(m.adjective, synonym)
    if m.frame == "idiom":
        return words + idiom(m, LANGUAGE, FUNCTION_WORDS, plainly=synonym)
    if m.frame == "trip":
        words += _verb("travel", "travel", "traveled", m, plural_subject)
        words += small("to") + city(m, LANGUAGE)
        return words + small("by") + vehicle(m, LANGUAGE, synonym)
    assert m.verb and m.object
    if m.frame == "modal":
        words += _modal(m, plural_subject) + content(verb_form(m.verb, LANGUAGE), m.verb + ":plain")
    else:
        base, past = lexicon().verbs[m.verb][LANGUAGE]
        words += _verb(m.verb, base, past, m, plural_subject)
    words += _thing(m.object, synonym)
    return words + place(m, LANGUAGE)


def _verb(sense: str, base: str, past: str, m: Meaning, many: bool) -> Words:
    no = critical("not", "not") if m.negated else []
    tense = f"{sense}:{m.tense}"
    if m.tense == "future":
        return small("will") + no + content(base, tense)
    if m.negated:
        does = "did" if m.tense == "past" else ("do" if many else "does")
        return small(does, "do") + no + content(base, tense)
    if m.tense == "past":
        return content(past, tense)
    return content(base if many else third_person(base), tense)


def _modal(m: Meaning, many: bool) -> Words:
    if m.modal == "want":
        no = small("do" if many else "does", "do") + critical("not", "not") if m.negated else []
        want = "want" if many or m.negated else "wants"
        return no + content(want, "want") + small("to")
    if m.modal == "must":
        return content("must", "must")
    return content("can", "can") + (critical("not", "not") if m.negated else [])


def _subject(m: Meaning, synonym: bool) -> Words:
    if m.subject is None:
        assert m.object
        return _thing(m.object, synonym)
    return _person(m.subject, synonym)


def _person(p: Person, synonym: bool) -> Words:
    if p.kind == "name":
        return name_of(p, LANGUAGE)
    if p.kind == "pronoun":
        return content(p.id, p.id)
    noun = forms(lexicon().people, p.id, LANGUAGE, synonym)[0]
    noun = plural(noun) if p.plural else noun
    adjective = _adjective(p.adjective, synonym) if p.adjective else []
    article = p.kind if p.kind != "a" else _a(adjective, noun)
    sense = "small:my" if p.kind == "my" else "article"
    return small(article, sense) + adjective + content(noun, p.id)


def _thing(t: Thing, synonym: bool) -> Words:
    noun = forms(lexicon().things, t.id, LANGUAGE, synonym)[0]
    adjective = _adjective(t.adjective, synonym) if t.adjective else []
    if t.kind == "count":
        assert t.count
        return number(t.count, LANGUAGE) + adjective + content(plural(noun), t.id)
    article = "the" if t.kind == "the" else _a(adjective, noun)
    return small(article, "article") + adjective + content(noun, t.id)


def _a(adjective: Words, noun: str) -> str:
    following = adjective[0].text if adjective else noun
    return "an" if following[0] in "aeiou" else "a"


def _price(m: Meaning, synonym: bool) -> Words:
    assert m.object
    price = amount(m, LANGUAGE)
    if m.unit is None:
        return _thing(m.object, synonym) + content("costs", "cost") + price
    noun = forms(lexicon().things, m.object.id, LANGUAGE, synonym)[0]
    what = plural(noun) if m.unit == "kilo" else noun
    goods = quantity(m, LANGUAGE) + small("of") + content(what, m.object.id)
    return goods + content("cost", "cost") + price


def _reason(m: Meaning, synonym: bool) -> Words:
    assert m.subject and m.reason
    pronoun = "they" if m.subject.plural else {"m": "he", "f": "she"}[gender_of(m.subject)]
    was = {True: ("were", "are"), False: ("was", "is")}[m.subject.plural]
    be = small(was[0] if m.tense == "past" else was[1], "be")
    return content("because", "because") + small(pronoun) + be + _adjective(m.reason, synonym)


def _adjective(id: str, synonym: bool) -> Words:
    return content(forms(lexicon().adjectives, id, LANGUAGE, synonym)[0], id)


def _site(id: str, which: str = "") -> Words:
    return content(lexicon().sites[id][LANGUAGE][0], id + which)
