"""Chinese: classifiers, aspect instead of tense, no articles and no plural of things."""

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

LANGUAGE = "zh"
FULL_STOP = "。"

FUNCTION_WORDS = frozenset("了 在 上 里 的 从 用 我 我的 不 没有 为 过 得 它 一个".split())


def say(meaning: Meaning) -> tuple[Sentence, ...]:
    """Every acceptable sentence, the usual one first."""
    return distinct(_sentence(meaning, *way) for way in ways(meaning, LANGUAGE))


def _sentence(m: Meaning, synonym: bool, moved: bool) -> Sentence:
    if m.frame == "where":
        assert m.site
        words = content("请问", "polite") + mark("，") if m.polite else []
        words += _site(m.site) + small("在") + content("哪里", "where")
        return Sentence(tuple(words), closing="？")
    if m.frame == "request":
        return _request(m, synonym)
    subject, predicate = _parts(m, synonym)
    when = time(m, LANGUAGE)
    words = [*when, *subject] if moved else [*subject, *when]
    words += predicate
    if m.reason:
        words += _reason(m, synonym)
    return Sentence(tuple(words), closing=FULL_STOP)


def _request(m: Meaning, synonym: bool) -> Sentence:
    assert m.verb and m.object
    words = content("请", "polite") + small("您", "you") if m.polite else small("你", "you")
    if m.verb in FOR_ME:
        words += small("给 我")
    words += content(verb_form(m.verb, LANGUAGE), m.verb) + _thing(m.object, synonym)
    if m.polite:
        words += mark("，") + content("好吗", "polite")
        return Sentence(tuple(words), closing="？")
    return Sentence((*words, *content("好不好", "casual")), closing="？")


def _parts(m: Meaning, synonym: bool) -> tuple[Words, Words]:
    """The topic, and what is said of it; the time stands before, between or after neither."""
    if m.frame == "price":
        return _price(m, synonym)
    if m.frame == "distance":
        assert m.site and m.other_site
        return _site(m.site), small("离") + _site(m.other_site, "2") + amount(m, LANGUAGE)
    subject = _thing(m.object, synonym) if not m.subject and m.object else []
    subject = _person(m.subject, synonym) if m.subject else subject
    if m.frame == "state":
        assert m.adjective
        adjective = content(_bare(m.adjective, synonym), m.adjective)
        if m.negated:
            degree = {"plain": [], "very": content("非常", "degree:very"),
                      "too": content("太", "degree:too")}[m.degree]  # fmt: skip
            return subject, critical("不", "not") + degree + adjective
        if m.degree == "too":
            return subject, content("太", "degree:too") + adjective + small("了")
        if m.degree == "very":
            return subject, content("非常", "degree:very") + adjective
        return subject, small("很") + adjective
    if m.frame == "idiom":
        return subject, idiom(m, LANGUAGE, FUNCTION_WORDS)
    if m.frame == "trip":
        ride = small("坐") + vehicle(m, LANGUAGE, synonym)
        go = content("去", f"travel:{m.tense}")
        go += small("了") if m.tense == "past" and not m.negated else []
        return subject, _before_verb(m) + ride + go + city(m, LANGUAGE)
    assert m.verb and m.object
    where = place(m, LANGUAGE)
    if m.frame == "modal":
        assert m.modal
        no = critical("不", "not") if m.negated else []
        modal = content({"want": "想", "must": "必须", "can": "能"}[m.modal], m.modal)
        verb = content(verb_form(m.verb, LANGUAGE), m.verb + ":plain")
        return subject, no + modal + where + verb + _thing(m.object, synonym)
    verb = content(verb_form(m.verb, LANGUAGE), f"{m.verb}:{m.tense}")
    verb += small("了") if m.tense == "past" and not m.negated else []
    before = where + _before_verb(m) if m.negated else _before_verb(m) + where
    return subject, before + verb + _thing(m.object, synonym)


def _before_verb(m: Meaning) -> Words:
    if m.tense == "future":
        return (critical("不", "not") if m.negated else []) + small("会")
    if m.negated:
        return critical("没有" if m.tense == "past" else "不", "not")
    return []


def _price(m: Meaning, synonym: bool) -> tuple[Words, Words]:
    assert m.object
    price = amount(m, LANGUAGE)
    if m.unit is None:
        return _thing(m.object, synonym), content("要", "cost") + price
    noun = forms(lexicon().things, m.object.id, LANGUAGE, synonym)[0]
    return quantity(m, LANGUAGE) + content(noun, m.object.id), content("要", "cost") + price


def _reason(m: Meaning, synonym: bool) -> Words:
    assert m.subject and m.reason
    pronoun = {"m": "他", "f": "她"}[gender_of(m.subject)] + ("们" if m.subject.plural else "")
    adjective = content(_bare(m.reason, synonym), m.reason)
    because = content("因为", "because") + small(pronoun, f"reason:{pronoun}")
    return mark("，") + because + small("很") + adjective


def _person(p: Person, synonym: bool) -> Words:
    if p.kind == "name":
        return name_of(p, LANGUAGE)
    if p.kind == "pronoun":
        return content({"he": "他", "she": "她", "they": "他们"}[p.id], p.id)
    before = {"the": [], "a": small("一 位", "article"), "my": small("我的", "small:my")}[p.kind]
    adjective = _adjective(p.adjective, synonym) if p.adjective else []
    noun = content(forms(lexicon().people, p.id, LANGUAGE, synonym)[0], p.id)
    return before + adjective + noun + (small("们", "plural") if p.plural else [])


def _thing(t: Thing, synonym: bool) -> Words:
    noun, classifier = forms(lexicon().things, t.id, LANGUAGE, synonym)
    if t.kind == "count":
        assert t.count
        before = number(t.count, LANGUAGE)
    else:
        before = small("那" if t.kind == "the" else "一", "article")
    adjective = _adjective(t.adjective, synonym) if t.adjective else []
    return before + small(classifier, f"classifier:{t.id}") + adjective + content(noun, t.id)


def _adjective(id: str, synonym: bool) -> Words:
    return content(forms(lexicon().adjectives, id, LANGUAGE, synonym)[0], id)


def _bare(id: str, synonym: bool) -> str:
    """An adjective as it stands after its noun: 重, not 重的."""
    return forms(lexicon().adjectives, id, LANGUAGE, synonym)[0].removesuffix("的")


def _site(id: str, which: str = "") -> Words:
    return content(lexicon().sites[id][LANGUAGE][0], id + which)
