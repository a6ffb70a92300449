"""What holds of every sentence of the phrasebook, whatever is drawn."""

from __future__ import annotations

import random
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.formats import make_format
from dragoman.phrasebook import gold
from dragoman.phrasebook.errors import plant
from dragoman.phrasebook.grammar import say, write
from dragoman.phrasebook.lexicon import LANGUAGES, lexicon
from dragoman.phrasebook.meaning import Meaning
from dragoman.phrasebook.replies import verdict
from dragoman.phrasebook.rough import rough
from dragoman.phrasebook.sloppy import sloppy
from dragoman.phrasebook.vocabulary import words_of
from dragoman.phrasebook.wording import Word
from dragoman.phrasebook.world import draw
from dragoman.types import Candidate, Group, Segment

drawn = st.integers(0, 2**32).map(lambda seed: draw(random.Random(seed)))
seeds = st.integers(0, 2**32).map(random.Random)
languages = st.sampled_from(LANGUAGES)
often = settings(max_examples=60, deadline=None)


@often
@given(drawn, languages)
def test_every_acceptable_sentence_is_worth_ten(meaning: Meaning, language: str) -> None:
    ways = say(meaning, language)
    assert ways
    for sentence in ways:
        comparison = gold.compare(write(sentence, language), meaning, language)
        assert comparison.score == 10
        assert comparison.errors == ()


@often
@given(drawn, languages)
def test_a_text_is_cut_into_the_words_that_it_was_made_of(meaning: Meaning, language: str) -> None:
    for sentence in say(meaning, language):
        words = [word.text.casefold() for word in sentence.words if word.sense]
        text = write(sentence, language)
        assert [word.casefold() for word in words_of(text, language)] == words


@often
@given(drawn, languages)
def test_a_sentence_begins_and_ends_as_one_does(meaning: Meaning, language: str) -> None:
    for sentence in say(meaning, language):
        text = write(sentence, language)
        asked = meaning.frame in ("where", "request")
        ends = {"zh": "？" if asked else "。", "fr": " ?" if asked else "."}
        assert text.endswith(ends.get(language, "?" if asked else "."))
        assert "  " not in text
        if language == "zh":
            assert " " not in text
        else:
            first = text.removeprefix("¿")
            assert first[0].isupper()
            # A question opens where it begins: ¿Dónde …? but: Disculpe, ¿dónde …?
            assert text.count("¿") == (language == "es" and asked)
            assert text.startswith(("¿", "Disculpe, ¿")) == (language == "es" and asked)


def part(meaning: Meaning, language: str, which: str) -> tuple[list[Word], int] | None:
    """The words of the usual sentence, and where its object or subject stands."""
    thing = getattr(meaning, which)
    if thing is None or thing.kind in ("name", "pronoun"):
        return None
    words = list(say(meaning, language)[0].words)
    return words, next(i for i, word in enumerate(words) if word.sense == thing.id)


ARTICLES = {
    ("the", "nom"): {"m": "der", "f": "die", "n": "das", "p": "die"},
    ("the", "acc"): {"m": "den", "f": "die", "n": "das", "p": "die"},
    ("a", "nom"): {"m": "ein", "f": "eine", "n": "ein"},
    ("a", "acc"): {"m": "einen", "f": "eine", "n": "ein"},
    ("my", "nom"): {"m": "mein", "f": "meine", "n": "mein", "p": "meine"},
}
ENDINGS = {
    ("the", "nom"): {"m": "e", "f": "e", "n": "e", "p": "en"},
    ("the", "acc"): {"m": "en", "f": "e", "n": "e", "p": "en"},
    ("a", "nom"): {"m": "er", "f": "e", "n": "es"},
    ("a", "acc"): {"m": "en", "f": "e", "n": "es"},
}


@often
@given(drawn, st.sampled_from(("subject", "object")))
def test_german_articles_and_endings_agree(meaning: Meaning, which: str) -> None:
    found = part(meaning, "de", which)
    thing = getattr(meaning, which)
    if found is None or thing.kind == "count" or meaning.unit:
        return
    words, at = found
    people = which == "subject"
    gender = (lexicon().people if people else lexicon().things)[thing.id]["de"][1]
    gender = "p" if people and thing.plural else gender
    case = "nom" if people or meaning.frame in ("price", "state") else "acc"
    behind_adjective = 2 if thing.adjective else 1
    assert words[at - behind_adjective].text == ARTICLES[thing.kind, case][gender]
    if thing.adjective:
        stem = lexicon().adjectives[thing.adjective]["de"][0]
        stem = {"teuer": "teur", "müde": "müd"}.get(stem, stem)
        assert words[at - 1].text == stem + ENDINGS[thing.kind, case][gender]


@often
@given(drawn)
def test_french_elides_before_vowels(meaning: Meaning) -> None:
    for sentence in say(meaning, "fr"):
        text = write(sentence, "fr")
        assert not re.search(r"\b(le|la|de|ne|que|ma|sa) [aeiouyâàéèêëîïôöûüœ]", text.lower())
        assert not re.search(r"\b(le|la|de|ne|que|ma|sa) h(?!ache|aricot|aut|uit)", text.lower())
        assert not re.search(r"'h(ache|aricot|aut|uit)", text.lower())
        assert not re.search(r"\b(de le|de les|à le|à les)\b", text.lower())
        assert "' " not in text


@often
@given(drawn)
def test_english_has_an_before_vowels(meaning: Meaning) -> None:
    for sentence in say(meaning, "en"):
        for article, letter in re.findall(r"\b(an?) (\w)", write(sentence, "en").lower()):
            assert (article == "an") == (letter in "aeiou")


def bare(text: str) -> str:
    """Without accents: joven and jóvenes begin alike."""
    marks = unicodedata.normalize("NFD", text)
    return "".join(mark for mark in marks if not unicodedata.combining(mark))


@often
@given(drawn, st.sampled_from(("es", "fr")), st.sampled_from(("subject", "object")))
def test_romance_adjectives_agree_with_their_noun(
    meaning: Meaning, language: str, which: str
) -> None:
    found = part(meaning, language, which)
    thing = getattr(meaning, which)
    if found is None or not thing.adjective:
        return
    words, at = found
    lists = lexicon().people if which == "subject" else lexicon().things
    gender = lists[thing.id][language][1]
    many = thing.kind == "count" or (which == "subject" and thing.plural)
    masculine, feminine, *_ = lexicon().adjectives[thing.adjective][language]
    before = masculine.startswith("<")
    (said,) = [w.text for w in (words[at - 1 if before else at + 1],)]
    wanted = feminine if gender == "f" else masculine.removeprefix("<")
    if many:
        assert said.endswith(("s", "x"))
        assert bare(said).startswith(bare(wanted)[:-1])
        assert gender == "m" or bare(said).startswith(bare(feminine.removesuffix("z")))
    elif said in ("vieil", "nouvel", "bel"):
        assert gender == "m"
        assert words[at].text[0] in "aeiouyéèêœh"
    else:
        assert said == wanted


@often
@given(drawn)
def test_chinese_classifiers_match_their_nouns(meaning: Meaning) -> None:
    if meaning.object is None or meaning.unit:
        return
    _, classifier = lexicon().things[meaning.object.id]["zh"]
    for sentence in say(meaning, "zh"):
        (said,) = [word for word in sentence.words if word.sense.startswith("classifier:")]
        assert said.sense == f"classifier:{meaning.object.id}"
        assert said.text == classifier


@often
@given(drawn, languages, seeds, st.sampled_from(("planted", "rough", "sloppy")))
def test_gold_scores_any_text_by_its_errors(
    meaning: Meaning, language: str, rng: random.Random, how: str
) -> None:
    text = {
        "planted": lambda: plant(meaning, language, "fr", rng, 3).text,
        "rough": lambda: rough(meaning, language, "fr", rng),
        "sloppy": lambda: sloppy(meaning, language, rng),
    }[how]()
    comparison = gold.compare(text, meaning, language)
    points = {"minor": 1, "major": 3, "critical": 5}
    assert comparison.score == max(0, 10 - sum(points[it] for it in comparison.errors))
    assert (comparison.score == 10) == (comparison.errors == ())


@often
@given(drawn, languages, st.data())
def test_losing_one_more_word_is_never_better(
    meaning: Meaning, language: str, data: st.DataObject
) -> None:
    """Words are taken away one by one from a sentence that can be said in one way only."""
    ways = say(meaning, language)
    if len(ways) > 1:
        return
    order = data.draw(st.permutations([i for i, w in enumerate(ways[0].words) if w.sense]))
    gone: set[int] = set()
    before = 10
    for i in order[:4]:
        gone.add(i)
        words = tuple(word for at, word in enumerate(ways[0].words) if at not in gone)
        if not any(word.sense for word in words):
            return
        now = gold.score(write(ways[0]._replace(words=words), language), meaning, language)
        assert now <= before
        assert now < 10
        before = now


@often
@given(drawn, languages, seeds, st.integers(2, 6))
def test_a_gold_reply_is_read_back(
    meaning: Meaning, language: str, rng: random.Random, count: int
) -> None:
    texts = [rough(meaning, language, "en", rng) for _ in range(count)]
    said = verdict(texts, meaning, language)
    group = Group(Segment("x", "source", "en", language), tuple(map(Candidate, texts)))
    gqm = make_format("gqm", "strict")
    read = gqm.read(gqm.respond(said), group)  # type: ignore[attr-defined]
    assert read.scores == said.scores
    assert read.ranking == said.ranking
    for text, row in zip(texts, said.analysis.splitlines(), strict=True):
        assert row.endswith(f"= {gold.score(text, meaning, language)}")


@often
@given(drawn, languages, seeds, st.permutations(range(4)))
def test_another_order_of_candidates_is_the_same_verdict(
    meaning: Meaning, language: str, rng: random.Random, order: list[int]
) -> None:
    texts = [plant(meaning, language, "es", rng, 2).text for _ in range(4)]
    straight = verdict(texts, meaning, language)
    mixed = verdict([texts[i] for i in order], meaning, language)
    assert straight.scores is not None
    assert mixed.scores == tuple(straight.scores[i] for i in order)
    assert mixed.ranking.places == tuple(straight.ranking.places[i] for i in order)
    rows = [row[3:] for row in straight.analysis.splitlines()]
    assert [row[3:] for row in mixed.analysis.splitlines()] == [rows[i] for i in order]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_foreign_sentence_is_worth_little(language: str) -> None:
    rng = random.Random(4)
    for _ in range(40):
        meaning = draw(rng)
        elsewhere = "de" if language == "fr" else "fr"
        assert gold.score(write(say(meaning, elsewhere)[0], elsewhere), meaning, language) <= 5
