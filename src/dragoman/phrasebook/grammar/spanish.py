"""Spanish: gender and number agree, adjectives follow, two verbs for being."""

from __future__ import annotations

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

LANGUAGE = "es"

ACCENTS = str.maketrans("áéíóú", "aeiou")
IRREGULAR_PLURALS = {"joven": "jóvenes", "paraguas": "paraguas", "suéter": "suéteres"}
DEFINITE = {("m", False): "el", ("f", False): "la", ("m", True): "los", ("f", True): "las"}
FUNCTION_WORDS = frozenset(
    "el la los las un una de del a en por para no se me su sus lo y por nos que ni al dos".split()
)


def say(meaning: Meaning) -> tuple[Sentence, ...]:
    """Every acceptable sentence, the usual one first."""
    return distinct(_sentence(meaning, *way) for way in ways(meaning, LANGUAGE))


def plural(word: str) -> str:
    """casa → casas, flor → flores, habitación → habitaciones, feliz → felices."""
    if word in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[word]
    if word[-1] in "aeiouéú":
        return word + "s"
    if word.endswith("z"):
        return word[:-1] + "ces"
    if word[-2:] in ("ón", "ín", "ús", "és", "án"):
        word = word[:-2] + word[-2:].translate(ACCENTS)
    return word + "es"


def _sentence(m: Meaning, synonym: bool, moved: bool) -> Sentence:
    if m.frame == "where":
        assert m.site
        words = content("dónde", "where") + small("está", "be") + _site(m.site)
        if not m.polite:
            return Sentence(tuple(words), "¿", "?")
        words = content("disculpe", "polite") + mark(", ¿") + words
        return Sentence(tuple(words), closing="?")
    if m.frame == "request":
        return _request(m, synonym)
    words = _clause(m, synonym)
    if m.time:
        when = time(m, LANGUAGE)
        words = [*when, *words] if moved else [*words, *when]
    if m.reason:
        words += _reason(m, synonym)
    return Sentence(tuple(words))


def _request(m: Meaning, synonym: bool) -> Sentence:
    assert m.verb and m.object
    words = content("podría" if m.polite else "puedes", "polite" if m.polite else "casual")
    me = "me" if m.verb in FOR_ME else ""
    words += content(verb_form(m.verb, LANGUAGE) + me, m.verb) + _thing(m.object, synonym)
    if m.polite:
        words += mark(",") + small("por") + content("favor", "polite")
    return Sentence(tuple(words), "¿", "?")


def _clause(m: Meaning, synonym: bool) -> Words:
    if m.frame == "price":
        return _price(m, synonym)
    if m.frame == "distance":
        assert m.site and m.other_site
        start = _site(m.site) + small("está", "be") + small("a") + amount(m, LANGUAGE)
        return start + _of_the(_site(m.other_site, "2"))
    subject = _thing(m.object, synonym) if not m.subject and m.object else []
    subject = _person(m.subject, synonym) if m.subject else subject
    many = bool(m.subject and m.subject.plural)
    no = critical("no", "not") if m.negated else []
    if m.frame == "state":
        assert m.adjective
        be = {("ser", False): "es", ("ser", True): "son",
              ("estar", False): "está", ("estar", True): "están"}  # fmt: skip
        verb = forms(lexicon().adjectives, m.adjective, LANGUAGE, synonym)[2]
        degree = {"plain": "", "very": "muy", "too": "demasiado"}[m.degree]
        words = subject + no + small(be[verb, many], "be") + content(degree, f"degree:{m.degree}")
        return words + _adjective(m.adjective, _gender(m, synonym), many, synonym)
    if m.frame == "idiom":
        return subject + idiom(m, LANGUAGE, FUNCTION_WORDS)
    if m.frame == "trip":
        travel = ("viajar", "viaja", "viajó")
        words = subject + no + _verb("travel", travel, m, many)
        words += small("a") + city(m, LANGUAGE)
        return words + small("en") + vehicle(m, LANGUAGE, synonym)
    assert m.verb and m.object
    if m.frame == "modal":
        assert m.modal
        singular, plural_form, joint = {
            "want": ("quiere", "quieren", ""), "must": ("tiene", "tienen", "que"),
            "can": ("puede", "pueden", ""),
        }[m.modal]  # fmt: skip
        words = subject + no + content(plural_form if many else singular, m.modal) + small(joint)
        words += content(verb_form(m.verb, LANGUAGE), m.verb + ":plain")
    else:
        words = subject + no + _verb(m.verb, lexicon().verbs[m.verb][LANGUAGE], m, many)
    return words + _thing(m.object, synonym) + place(m, LANGUAGE)


def _verb(sense: str, verb: tuple[str, ...], m: Meaning, many: bool) -> Words:
    infinitive, present, past = verb[:3]
    tense = f"{sense}:{m.tense}"
    if m.tense == "future":
        return small("van" if many else "va", "will") + small("a") + content(infinitive, tense)
    if m.tense == "present":
        return content(present + ("n" if many else ""), tense)
    if not many:
        return content(past, tense)
    if len(verb) > 3:
        return content(verb[3], tense)
    regular = past[:-2] + "ieron" if past.endswith("ió") else past[:-1] + "aron"
    return content(regular, tense)


def _price(m: Meaning, synonym: bool) -> Words:
    assert m.object
    price = amount(m, LANGUAGE)
    if m.unit is None:
        return _thing(m.object, synonym) + content("cuesta", "cost") + price
    noun = forms(lexicon().things, m.object.id, LANGUAGE, synonym)[0]
    what = plural(noun) if m.unit == "kilo" else noun
    goods = quantity(m, LANGUAGE) + small("de") + content(what, m.object.id)
    return goods + content("cuestan", "cost") + price


def _reason(m: Meaning, synonym: bool) -> Words:
    assert m.subject and m.reason
    verb = forms(lexicon().adjectives, m.reason, LANGUAGE, synonym)[2]
    past = m.tense == "past"
    be = {("ser", False): "era" if past else "es", ("ser", True): "eran" if past else "son",
          ("estar", False): "estaba" if past else "está",
          ("estar", True): "estaban" if past else "están"}[verb, m.subject.plural]  # fmt: skip
    gender = gender_of(m.subject)
    adjective = _adjective(m.reason, gender, m.subject.plural, synonym)
    return mark(",") + content("porque", "because") + small(be, "reason:be") + adjective


def _gender(m: Meaning, synonym: bool) -> str:
    if m.subject:
        return gender_of(m.subject)
    assert m.object
    return forms(lexicon().things, m.object.id, LANGUAGE, synonym)[1]


def _person(p: Person, synonym: bool) -> Words:
    if p.kind == "name":
        return name_of(p, LANGUAGE)
    if p.kind == "pronoun":
        return content({"he": "él", "she": "ella", "they": "ellos"}[p.id], p.id)
    noun, gender = forms(lexicon().people, p.id, LANGUAGE, synonym)
    many = p.plural
    article = {"the": DEFINITE[gender, many], "a": {"m": "un", "f": "una"}[gender],
               "my": "mis" if many else "mi"}[p.kind]  # fmt: skip
    words = small(article, "small:my" if p.kind == "my" else "article")
    words += content(plural(noun) if many else noun, p.id)
    return words + (_adjective(p.adjective, gender, many, synonym) if p.adjective else [])


def _thing(t: Thing, synonym: bool) -> Words:
    noun, gender = forms(lexicon().things, t.id, LANGUAGE, synonym)
    many = t.kind == "count"
    adjective = _adjective(t.adjective, gender, many, synonym) if t.adjective else []
    if many:
        assert t.count
        before = number(t.count, LANGUAGE)
    else:
        the, a = DEFINITE[gender, False], {"m": "un", "f": "una"}[gender]
        before = small(the if t.kind == "the" else a, "article")
    return before + content(plural(noun) if many else noun, t.id) + adjective


def _of_the(site: Words) -> Words:
    """de + el → del."""
    article, *rest = site
    if article.text == "el":
        return [*small("del", "from"), *rest]
    return [*small("de", "from"), article, *rest]


def _adjective(id: str, gender: str, many: bool, synonym: bool) -> Words:
    masculine, feminine, *_ = forms(lexicon().adjectives, id, LANGUAGE, synonym)
    form = feminine if gender == "f" else masculine
    return content(plural(form) if many else form, id)


def _site(id: str, which: str = "") -> Words:
    noun, gender = lexicon().sites[id][LANGUAGE]
    return small(DEFINITE[gender, False], "article") + content(noun, id + which)
