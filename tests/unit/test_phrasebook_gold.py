"""What errors cost: each kind as its severity says, idioms word by word, and the gold replies."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace

import pytest

from dragoman.formats import make_format
from dragoman.phrasebook import gold, replies, tasks
from dragoman.phrasebook.errors import SEVERITIES, WEIGHTS, Kind, plant
from dragoman.phrasebook.grammar import say, write
from dragoman.phrasebook.lexicon import LANGUAGES, lexicon
from dragoman.phrasebook.meaning import Meaning, Person, Tense, Thing
from dragoman.phrasebook.wording import POINTS
from dragoman.phrasebook.world import draw
from dragoman.types import Candidate, Group

COOK = Person("the", "cook")
APPLES = Meaning("action", COOK, "buy", object=Thing("count", "apple", "2", "red"), tense="past")

# What a text loses that differs from the right one in one planted error. An error of meaning
# touches at least a word of its severity, and often small words beside it. Tense is told by one
# little word in Chinese.
COSTS: dict[Kind, tuple[int, int]] = {
    "wrong word": (3, 13), "number": (5, 9), "omission": (3, 13), "addition": (3, 13),
    "literal idiom": (2, 15), "tense": (1, 9), "register": (3, 13), "agreement": (1, 3),
    "word order": (1, 1), "untranslated": (1, 3), "wrong language": (4, 60),
}  # fmt: skip


@pytest.fixture(scope="module")
def costs() -> dict[Kind, list[int]]:
    """What single errors cost, by kind, over all languages."""
    rng = random.Random(11)
    found: dict[Kind, list[int]] = defaultdict(list)
    for _ in range(350):
        meaning = draw(rng)
        for language in LANGUAGES:
            planted = plant(meaning, language, "en" if language != "en" else "de", rng, 1)
            for kind, severity in planted.errors:
                assert severity == SEVERITIES[kind]
                found[kind].append(gold.compare(planted.text, meaning, language).cost)
    return found


@pytest.mark.parametrize("kind", COSTS)
def test_an_error_costs_what_its_severity_says(kind: Kind, costs: dict[Kind, list[int]]) -> None:
    least, most = COSTS[kind]
    assert len(costs[kind]) >= 3
    assert least <= min(costs[kind])
    assert max(costs[kind]) <= most
    usual = sorted(costs[kind])[len(costs[kind]) // 2]
    assert usual >= POINTS[SEVERITIES[kind]]


def test_every_kind_is_planted_and_has_a_severity(costs: dict[Kind, list[int]]) -> None:
    assert set(costs) == set(SEVERITIES) == set(WEIGHTS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tense", ["past", "present", "future"])
@pytest.mark.parametrize("negated", [False, True])
def test_a_negation_lost_or_added_is_critical(language: str, tense: Tense, negated: bool) -> None:
    meaning = Meaning("action", COOK, "find", object=Thing("the", "key"), tense=tense,
                      negated=negated)  # fmt: skip
    other = replace(meaning, negated=not negated)
    text = write(say(other, language)[0], language)
    assert gold.compare(text, meaning, language).cost >= 5


@pytest.mark.parametrize(
    ("text", "language", "score"),
    [
        ("The cook bought two red apples.", "en", 10),
        ("the cook bought two red apples", "en", 10),  # letters' size and marks are free
        ("The cook bought two red apple.", "en", 9),
        ("Cook bought two red apples.", "en", 9),
        ("Two red apples the cook bought.", "en", 9),
        ("The cook bought two apples.", "en", 7),
        ("The cook bought two green apples.", "en", 7),
        ("The cook bought two big red apples.", "en", 7),
        ("The cook bought three red apples.", "en", 5),
        ("The cook bought not two red apples.", "en", 5),
        ("The cook bought three green apples.", "en", 2),
        ("Der Koch hat zwei roten Äpfel gekauft.", "de", 9),
        ("Der Koch hat zwei rote Äpfel verkauft.", "de", 7),
        ("厨师买了两个红色的土豆。", "zh", 7),  # potatoes are counted alike
        ("El cocinero compró dos manzanas rojos.", "es", 9),
        ("Le cuisinier a acheté deux pommes.", "fr", 7),
        ("", "en", 0),
        ("Bonjour!", "en", 0),
    ],
)
def test_scores_of_texts(text: str, language: str, score: int) -> None:
    assert gold.score(text, APPLES, language) == score


@pytest.mark.parametrize("id", list(lexicon().idioms))
def test_an_idiom_word_by_word_is_wrong_but_in_english(id: str) -> None:
    natural = Meaning("idiom", COOK, tense="past", idiom=id)
    for language in LANGUAGES:
        literal = Meaning("idiom", COOK, tense="past", idiom=id, literal=True)
        text = write(say(literal, language)[0], language)
        assert (gold.score(text, natural, language) == 10) == (language == "en"), text


def test_the_analysis_of_a_candidate() -> None:
    def row(text: str) -> str:
        return replies.row(gold.compare(text, APPLES, "en"), "en")

    assert row("The cook bought two red apples.") == "The cook bought two red apples = 10"
    assert row("Cook bought two apples.") == "The[1] cook bought two red[4] apples = 6"
    assert row("The cook bought three red apples.") == "The cook bought two[5] red apples = 5"
    assert row("The cook bought two big red apples.") == (
        "The cook bought two red apples + big[3] = 7"
    )
    assert row("Two red apples the cook bought.") == "The cook bought two red apples ~[1] = 9"
    assert row("Bonjour") == "The[1] cook[4] bought[7] two[10] = 0"


def test_the_gold_verdict_on_a_group() -> None:
    texts = ["The cook bought two apples.", "The cook bought two red apples.", "Nobody."]
    verdict = replies.verdict(texts, APPLES, "en")
    assert verdict.scores == (7, 10, 0)
    assert verdict.ranking.tiers == ((1,), (0,), (2,))


def test_tasks_are_prompts_and_replies_of_the_wire_formats() -> None:
    segment = tasks.segment(APPLES, "en", "de")
    texts = ["Der Koch hat zwei rote Äpfel gekauft.", "Der Koch hat zwei Äpfel gekauft."]
    group = Group(segment, tuple(map(Candidate, texts)))
    task = tasks.group_task(APPLES, segment, texts)
    gqm = make_format("gqm")
    assert task.prompt == gqm.write(group).text
    assert gqm.read(task.reply, group).scores == (10, 7)
    lesson = tasks.translation_task(APPLES, "en", "de")
    assert make_format("codeblock-think").read(lesson.reply, segment) == texts[0]


def test_a_gold_reply_about_one_candidate_is_read_back() -> None:
    text = "Der Koch hat zwei Äpfel gekauft."
    segment = tasks.segment(APPLES, "en", "de")
    task = tasks.alone_task(APPLES, segment, text)
    read = make_format("sqm").read(task.reply, Group(segment, (Candidate(text),)))
    assert read.value == 7


def test_the_dictionary_has_words_and_idioms() -> None:
    dictionary = dict(tasks.dictionary("en", "de"))
    assert dictionary["kicked the bucket"] == "hat das Zeitliche gesegnet"
    assert dictionary["suitcase"] == "Koffer"
