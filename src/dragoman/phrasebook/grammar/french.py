"""French: elision, contraction, compound past, adjectives on either side of the noun."""

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
    Word,
    content,
    critical,
    distinct,
    mark,
    small,
)

LANGUAGE = "fr"

VOWELS = "aeiouyâàéèêëîïôöûüœh"
ASPIRATED = ("hache", "haricot", "haut", "huit")  # every other h of the word lists is silent
BEFORE_VOWEL = {"vieux": "vieil", "nouveau": "nouvel", "beau": "bel"}
FUNCTION_WORDS = frozenset(
    "a est le la les l' un une de d' du des à au aux en dans par pour m' nous se s' ses son sa "
    "ne n' pas tout me sur ce et".split()
)


def say(meaning: Meaning) -> tuple[Sentence, ...]:
    """Every acceptable sentence, the usual one first."""
    return distinct(_sentence(meaning, *way) for way in ways(meaning, LANGUAGE))


def plural(word: str) -> str:
    """pomme → pommes, gâteau → gâteaux, journal → journaux, jus → jus."""
    if word[-1] in "sxz":
        return word
    if word.endswith("eau"):
        return word + "x"
    return word[:-2] + "aux" if word.endswith("al") else word + "s"


def begins_with_vowel(word: str) -> bool:
    """As it is said: an h that is not heard counts for nothing."""
    word = word.lower()
    return word[0] in VOWELS and not word.startswith(ASPIRATED)


def elide(words: Words) -> Words:
    """le + ami → l'ami, ne + a → n'a, de + eau → d'eau, que + il → qu'il."""
    done: Words = []
    for word, following in zip(words, [*words[1:], None], strict=True):
        shortens = word.text in ("le", "la", "ne", "de", "que") and word.severity == "minor"
        if shortens and following and following.sense and begins_with_vowel(following.text):
            done.append(Word(word.text[:-1] + "'", word.sense, word.severity))
        else:
            done.append(word)
    return done


def _sentence(m: Meaning, synonym: bool, moved: bool) -> Sentence:
    if m.frame == "where":
        assert m.site
        words = content("excusez-moi", "polite") + mark(",") if m.polite else []
        words += content("où", "where") + small("est", "be") + _site(m.site)
        return Sentence(tuple(elide(words)), closing=" ?")
    if m.frame == "request":
        return _request(m, synonym)
    words = _clause(m, synonym)
    if m.time:
        when = time(m, LANGUAGE)
        if m.time in FREQUENCY and not moved and m.frame in ("action", "trip"):
            assert m.subject
            after_verb = len(_person(m.subject, synonym)) + 1
            words[after_verb:after_verb] = when
        else:
            words = [*when, *words] if moved else [*words, *when]
    if m.reason:
        words += _reason(m, synonym)
    return Sentence(tuple(elide(words)))


def _request(m: Meaning, synonym: bool) -> Sentence:
    assert m.verb and m.object
    sense = "polite" if m.polite else "casual"
    words = content("pourriez-vous" if m.polite else "peux-tu", sense)
    infinitive = verb_form(m.verb, LANGUAGE)
    if m.verb in FOR_ME:
        words += small("m'" if begins_with_vowel(infinitive) else "me", "small:me")
    words += content(infinitive, m.verb)
    words += _of(m.verb, _thing(m.object, synonym))
    if m.polite:
        words += mark(",") + small("s' il vous") + content("plaît", "polite")
    return Sentence(tuple(elide(words)), closing=" ?")


def _clause(m: Meaning, synonym: bool) -> Words:
    if m.frame == "price":
        return _price(m, synonym)
    if m.frame == "distance":
        assert m.site and m.other_site
        start = _site(m.site) + small("est", "be") + small("à") + amount(m, LANGUAGE)
        return start + of_the(_site(m.other_site, "2"))
    subject = _thing(m.object, synonym) if not m.subject and m.object else []
    subject = _person(m.subject, synonym) if m.subject else subject
    many = bool(m.subject and m.subject.plural)
    if m.frame == "state":
        assert m.adjective
        degree = {"plain": "", "very": "très", "too": "trop"}[m.degree]
        words = subject + _negated(small("sont" if many else "est", "be"), m)
        words += content(degree, f"degree:{m.degree}")
        return words + _adjective(m.adjective, _gender(m, synonym), many, synonym)
    if m.frame == "idiom":
        return subject + idiom(m, LANGUAGE, FUNCTION_WORDS)
    if m.frame == "trip":
        return subject + _trip(m, many, synonym)
    assert m.verb and m.object
    infinitive, present, presents, participle = lexicon().verbs[m.verb][LANGUAGE]
    if m.frame == "modal":
        assert m.modal
        singular, several = {
            "want": ("veut", "veulent"), "must": ("doit", "doivent"), "can": ("peut", "peuvent"),
        }[m.modal]  # fmt: skip
        verb = _negated(content(several if many else singular, m.modal), m)
        verb += content(infinitive, m.verb + ":plain")
    elif m.tense == "past":
        have = small("ont" if many else "a", "have")
        verb = _negated(have, m) + content(participle, f"{m.verb}:past")
    elif m.tense == "future":
        will = small("vont" if many else "va", "will")
        verb = _negated(will, m) + content(infinitive, f"{m.verb}:future")
    else:
        verb = _negated(content(presents if many else present, f"{m.verb}:present"), m)
    return subject + verb + _of(m.verb, _thing(m.object, synonym)) + place(m, LANGUAGE)


def _trip(m: Meaning, many: bool, synonym: bool) -> Words:
    assert m.subject
    if m.tense == "past":
        agreed = "parti" + ("e" if gender_of(m.subject) == "f" else "")
        agreed += "s" if many else ""
        be = small("sont" if many else "est", "be")
        verb = _negated(be, m) + content(agreed, "travel:past")
    elif m.tense == "future":
        verb = _negated(small("vont" if many else "va", "will"), m)
        verb += content("partir", "travel:future")
    else:
        verb = _negated(content("partent" if many else "part", "travel:present"), m)
    verb += small("pour") + city(m, LANGUAGE)
    return verb + small("en") + vehicle(m, LANGUAGE, synonym)


def _negated(finite: Words, m: Meaning) -> Words:
    if not m.negated:
        return finite
    return small("ne") + finite + critical("pas", "not")


def _price(m: Meaning, synonym: bool) -> Words:
    assert m.object
    price = amount(m, LANGUAGE)
    if m.unit is None:
        return _thing(m.object, synonym) + content("coûte", "cost") + price
    noun = forms(lexicon().things, m.object.id, LANGUAGE, synonym)[0]
    what = plural(noun) if m.unit == "kilo" else noun
    goods = quantity(m, LANGUAGE) + small("de") + content(what, m.object.id)
    return goods + content("coûtent", "cost") + price


def _reason(m: Meaning, synonym: bool) -> Words:
    assert m.subject and m.reason
    gender, many = gender_of(m.subject), m.subject.plural
    pronoun = {"m": "il", "f": "elle"}[gender] + ("s" if many else "")
    be = {True: ("étaient", "sont"), False: ("était", "est")}[many]
    words = mark(",") + content("parce", "because") + small("que") + small(pronoun, "reason:who")
    words += small(be[0] if m.tense == "past" else be[1], "reason:be")
    return words + _adjective(m.reason, gender, many, synonym)


def _gender(m: Meaning, synonym: bool) -> str:
    if m.subject:
        return gender_of(m.subject)
    assert m.object
    return forms(lexicon().things, m.object.id, LANGUAGE, synonym)[1]


def _person(p: Person, synonym: bool) -> Words:
    if p.kind == "name":
        return name_of(p, LANGUAGE)
    if p.kind == "pronoun":
        return content({"he": "il", "she": "elle", "they": "ils"}[p.id], p.id)
    noun, gender = forms(lexicon().people, p.id, LANGUAGE, synonym)
    many = p.plural
    word = content(plural(noun) if many else noun, p.id)
    words = _around(word, p.adjective, gender, many, synonym)
    if p.kind == "my":
        feminine = gender == "f" and not begins_with_vowel(words[0].text)
        return small("mes" if many else ("ma" if feminine else "mon"), "small:my") + words
    return _article(p.kind, gender, many) + words


def _thing(t: Thing, synonym: bool) -> Words:
    noun, gender = forms(lexicon().things, t.id, LANGUAGE, synonym)
    many = t.kind == "count"
    word = content(plural(noun) if many else noun, t.id)
    words = _around(word, t.adjective, gender, many, synonym)
    if many:
        assert t.count
        return number(t.count, LANGUAGE) + words
    return _article(t.kind, gender, False) + words


def _article(kind: str, gender: str, many: bool) -> Words:
    if kind == "the":
        return small("les" if many else {"m": "le", "f": "la"}[gender], "article")
    return small({"m": "un", "f": "une"}[gender], "article")


def _around(noun: Words, adjective: str | None, gender: str, many: bool, synonym: bool) -> Words:
    """The noun with its adjective on the side where French puts it."""
    if adjective is None:
        return noun
    words = _adjective(adjective, gender, many, synonym)
    before = forms(lexicon().adjectives, adjective, LANGUAGE, synonym)[0].startswith("<")
    if not before:
        return noun + words
    short = BEFORE_VOWEL.get(words[0].text)
    if short and begins_with_vowel(noun[0].text) and not many:
        words = content(short, adjective)
    return words + noun


def _of(verb: str, thing: Words) -> Words:
    """One plays *of* an instrument: de + le piano → du piano."""
    return of_the(thing) if verb == "play" else thing


def of_the(words: Words) -> Words:
    """de + le → du, unless the next word elides the article."""
    article, *rest = words
    if article.text == "le" and not begins_with_vowel(rest[0].text):
        return [*small("du", "from"), *rest]
    return [*small("de", "from"), article, *rest]


def _adjective(id: str, gender: str, many: bool, synonym: bool) -> Words:
    masculine, feminine, *_ = forms(lexicon().adjectives, id, LANGUAGE, synonym)
    form = feminine if gender == "f" else masculine.removeprefix("<")
    return content(plural(form) if many else form, id)


def _site(id: str, which: str = "") -> Words:
    noun, gender = lexicon().sites[id][LANGUAGE]
    return _article("the", gender, False) + content(noun, id + which)
