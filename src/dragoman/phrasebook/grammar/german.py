"""German: cases, adjective endings, the verb second in main clauses and last in the others."""

from __future__ import annotations

from typing import Literal

from dragoman.phrasebook.grammar.common import (
    FOR_ME,
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

LANGUAGE = "de"

Case = Literal["nom", "acc"]
Gender = str  # m, f, n, or p for any plural

DEFINITE = {"nom": {"m": "der", "f": "die", "n": "das", "p": "die"},
            "acc": {"m": "den", "f": "die", "n": "das", "p": "die"}}  # fmt: skip
INDEFINITE = {"nom": {"m": "", "f": "e", "n": "", "p": "e"},
              "acc": {"m": "en", "f": "e", "n": "", "p": "e"}}  # fmt: skip
DATIVE = {"m": "dem", "f": "der", "n": "dem"}
FROM_THE = {"m": "vom", "f": "von der", "n": "vom"}

AFTER_DEFINITE = {"nom": {"m": "e", "f": "e", "n": "e", "p": "en"},
                  "acc": {"m": "en", "f": "e", "n": "e", "p": "en"}}  # fmt: skip
AFTER_INDEFINITE = {"nom": {"m": "er", "f": "e", "n": "es", "p": "en"},
                    "acc": {"m": "en", "f": "e", "n": "es", "p": "en"}}  # fmt: skip
AFTER_NOTHING = "e"  # plurals after a number

CLOSE_TO_VERB = ("sich", "mir", "uns", "es")

FUNCTION_WORDS = frozenset(
    "hat ist das die der den dem des ein eine einen in im ins auf mir mich sich jemanden etwas "
    "zu es uns durch für am an um nicht alle sehr weiten beiden mit".split()
)


def say(meaning: Meaning) -> tuple[Sentence, ...]:
    """Every acceptable sentence, the usual one first."""
    return distinct(_sentence(meaning, *way) for way in ways(meaning, LANGUAGE))


def inflect(adjective: str, ending: str) -> str:
    """teuer + e → teure."""
    stem = "teur" if adjective == "teuer" else adjective
    return stem + ending.removeprefix("e") if stem.endswith("e") else stem + ending


def _sentence(m: Meaning, synonym: bool, moved: bool) -> Sentence:
    if m.frame == "where":
        assert m.site
        words = content("Entschuldigung", "polite") + mark(",") if m.polite else []
        words += content("wo", "where") + small("ist")
        return Sentence((*words, *_site(m.site)), closing="?")
    if m.frame == "request":
        return _request(m, synonym)
    subject, verb, middle, end = _parts(m, synonym)
    if m.time:
        when = time(m, LANGUAGE)
        # A pronoun keeps close to the verb: hat sich gestern gestritten.
        close = middle[:1] if middle and middle[0].text in CLOSE_TO_VERB else []
        rest = middle[len(close) :]
        if moved:
            words = [*when, *verb, *subject, *middle]
        else:
            words = [*subject, *verb, *close, *when, *rest]
    else:
        words = [*subject, *verb, *middle]
    words += end
    if m.reason:
        words += _reason(m, synonym)
    return Sentence(tuple(words))


def _request(m: Meaning, synonym: bool) -> Sentence:
    assert m.verb and m.object
    polite = content("könnten", "polite") + small("Sie", "you")
    words = polite if m.polite else content("kannst", "casual") + small("du", "you")
    words += small("mir") if m.verb in FOR_ME else []
    words += content("bitte", "polite") if m.polite else []
    words += _thing(m.object, "acc", synonym) + content(verb_form(m.verb, LANGUAGE), m.verb)
    return Sentence(tuple(words), closing="?")


def _parts(m: Meaning, synonym: bool) -> tuple[Words, Words, Words, Words]:
    """Subject, finite verb, what stands between the brackets, and what closes them."""
    many = bool(m.subject and m.subject.plural)
    if m.frame == "price":
        return _price(m, synonym)
    if m.frame == "distance":
        assert m.site and m.other_site
        other = lexicon().sites[m.other_site][LANGUAGE]
        away = small(FROM_THE[other[1]], "from") + content(other[0], m.other_site + "2")
        return _site(m.site), small("ist", "be"), amount(m, LANGUAGE) + away, small("entfernt")
    subject = _thing(m.object, "nom", synonym) if not m.subject and m.object else []
    subject = _person(m.subject, synonym) if m.subject else subject
    no = critical("nicht", "not") if m.negated else []
    if m.frame == "state":
        assert m.adjective
        degree = {"plain": "", "very": "sehr", "too": "zu"}[m.degree]
        words = no + content(degree, f"degree:{m.degree}")
        predicate = forms(lexicon().adjectives, m.adjective, LANGUAGE, synonym)[0]
        be = small("sind" if many else "ist", "be")
        return subject, be, words + content(predicate, m.adjective), []
    if m.frame == "idiom":
        first, *rest = idiom(m, LANGUAGE, FUNCTION_WORDS)
        return subject, [first], rest, []
    if m.frame == "trip":
        assert m.vehicle
        gender = forms(lexicon().things, m.vehicle, LANGUAGE, synonym)[1]
        way = small("mit") + small(DATIVE[gender]) + vehicle(m, LANGUAGE, synonym)
        way += no + small("nach") + city(m, LANGUAGE)
        forms_of = ("fahren", "fahren" if many else "fährt", "gefahren")
        return _finite(subject, "travel", forms_of, way, m, many, "sind" if many else "ist")
    assert m.verb and m.object
    middle = _thing(m.object, "acc", synonym) + no + place(m, LANGUAGE)
    infinitive, present, participle = lexicon().verbs[m.verb][LANGUAGE]
    if m.frame == "modal":
        assert m.modal
        singular, plural = {
            "want": ("will", "wollen"), "must": ("muss", "müssen"), "can": ("kann", "können"),
        }[m.modal]  # fmt: skip
        modal = content(plural if many else singular, m.modal)
        return subject, modal, middle, content(infinitive, m.verb + ":plain")
    if many:
        # The plural is the infinitive, in two words where its particle splits off.
        particle = present.partition(" ")[2]
        present = f"{infinitive.removeprefix(particle)} {particle}".strip()
    have = "haben" if many else "hat"
    return _finite(subject, m.verb, (infinitive, present, participle), middle, m, many, have)


def _finite(
    subject: Words,
    sense: str,
    verb: tuple[str, str, str],
    middle: Words,
    m: Meaning,
    many: bool,
    auxiliary: str,
) -> tuple[Words, Words, Words, Words]:
    infinitive, present, participle = verb
    tense = f"{sense}:{m.tense}"
    if m.tense == "past":
        return subject, small(auxiliary, "have"), middle, content(participle, tense)
    if m.tense == "future":
        will = small("werden" if many else "wird", "will")
        return subject, will, middle, content(infinitive, tense)
    finite, _, particle = present.partition(" ")
    return subject, content(finite, tense), middle, small(particle)


def _price(m: Meaning, synonym: bool) -> tuple[Words, Words, Words, Words]:
    assert m.object
    price = amount(m, LANGUAGE)
    if m.unit is None:
        return _thing(m.object, "nom", synonym), content("kostet", "cost"), price, []
    noun = forms(lexicon().things, m.object.id, LANGUAGE, synonym)
    what = noun[2] if m.unit == "kilo" else noun[0]
    return quantity(m, LANGUAGE) + content(what, m.object.id), content("kosten", "cost"), price, []


def _reason(m: Meaning, synonym: bool) -> Words:
    assert m.subject and m.reason
    gender = gender_of(m.subject)
    pronoun = "sie" if m.subject.plural or gender == "f" else "er"
    be = {True: ("waren", "sind"), False: ("war", "ist")}[m.subject.plural]
    adjective = forms(lexicon().adjectives, m.reason, LANGUAGE, synonym)[0]
    return (
        mark(",") + content("weil", "because") + small(pronoun, f"reason:{pronoun}")
        + content(adjective, m.reason) + small(be[0] if m.tense == "past" else be[1], "reason:be")
    )  # fmt: skip


def _person(p: Person, synonym: bool) -> Words:
    if p.kind == "name":
        return name_of(p, LANGUAGE)
    if p.kind == "pronoun":
        return content({"he": "er", "she": "sie", "they": "sie"}[p.id], p.id)
    noun, gender, plural = forms(lexicon().people, p.id, LANGUAGE, synonym)
    gender = "p" if p.plural else gender
    word = content(plural if p.plural else noun, p.id)
    return _determined(p.kind, p.adjective, gender, "nom", synonym) + word


def _thing(t: Thing, case: Case, synonym: bool) -> Words:
    noun, gender, plural = forms(lexicon().things, t.id, LANGUAGE, synonym)
    if t.kind != "count":
        determined = _determined(t.kind, t.adjective, gender, case, synonym)
        return determined + content(noun, t.id)
    assert t.count
    adjective = []
    if t.adjective:
        base = forms(lexicon().adjectives, t.adjective, LANGUAGE, synonym)[0]
        adjective = content(inflect(base, AFTER_NOTHING), t.adjective)
    return number(t.count, LANGUAGE) + adjective + content(plural, t.id)


def _determined(kind: str, adjective: str | None, gender: str, case: Case, synonym: bool) -> Words:
    """The article and the adjective after it."""
    if kind == "the":
        words = small(DEFINITE[case][gender], "article")
        ending = AFTER_DEFINITE[case][gender]
    else:
        stem, sense = ("mein", "small:my") if kind == "my" else ("ein", "article")
        words = small(stem + INDEFINITE[case][gender], sense)
        ending = AFTER_INDEFINITE[case][gender]
    if adjective:
        base = forms(lexicon().adjectives, adjective, LANGUAGE, synonym)[0]
        words += content(inflect(base, ending), adjective)
    return words


def _site(id: str) -> Words:
    noun, gender = lexicon().sites[id][LANGUAGE]
    return small(DEFINITE["nom"][gender], "article") + content(noun, id)
