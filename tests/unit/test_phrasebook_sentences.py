"""Sentences of the phrasebook beside what a person would write, and its splits."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice

import pytest

from dragoman.phrasebook.grammar import english, french, german, say, spanish, write
from dragoman.phrasebook.lexicon import LANGUAGES, lexicon
from dragoman.phrasebook.meaning import Meaning, Person, Thing
from dragoman.phrasebook.replies import thought
from dragoman.phrasebook.world import Split, meanings, split_of

# Written by hand: a meaning, and what one says in English, German, Chinese, Spanish, French.
EXPECTED: list[tuple[Meaning, tuple[str, str, str, str, str]]] = [
    (
        Meaning("action", Person("the", "cook"), "buy", object=Thing("count", "apple", "2", "red"),
                tense="past"),
        ("The cook bought two red apples.", "Der Koch hat zwei rote Äpfel gekauft.",
         "厨师买了两个红色的苹果。", "El cocinero compró dos manzanas rojas.",
         "Le cuisinier a acheté deux pommes rouges."),
    ),
    (
        Meaning("action", Person("my", "sister"), "find", object=Thing("the", "key"), tense="past",
                negated=True),
        ("My sister did not find the key.", "Meine Schwester hat den Schlüssel nicht gefunden.",
         "我的姐姐没有找到那把钥匙。", "Mi hermana no encontró la llave.",
         "Ma sœur n'a pas trouvé la clé."),
    ),
    (
        Meaning("modal", Person("name", "anna"), "rent", "want",
                Thing("a", "car", adjective="cheap")),
        ("Anna wants to rent a cheap car.", "Anna will ein billiges Auto mieten.",
         "安娜想租一辆便宜的汽车。", "Anna quiere alquilar un coche barato.",
         "Anna veut louer une voiture économique."),
    ),
    (
        Meaning("idiom", Person("the", "boss"), tense="past", idiom="give_up"),
        ("The boss threw in the towel.", "Der Chef hat das Handtuch geworfen.", "老板认输了。",
         "El jefe tiró la toalla.", "Le patron a jeté l'éponge."),
    ),
    (
        Meaning("trip", Person("the", "tourist", plural=True), tense="past", time="last_week",
                city="munich", vehicle="train"),
        ("The tourists traveled to Munich by train last week.",
         "Die Touristen sind letzte Woche mit dem Zug nach München gefahren.",
         "游客们上周坐火车去了慕尼黑。",
         "Los turistas viajaron a Múnich en tren la semana pasada.",
         "Les touristes sont partis pour Munich en train la semaine dernière."),
    ),
    (
        Meaning("price", object=Thing("the", "tomato"), amount="3", measure="euro", quantity="2",
                unit="kilo"),
        ("Two kilos of tomatoes cost three euros.", "Zwei Kilo Tomaten kosten drei Euro.",
         "两公斤西红柿要三欧元。", "Dos kilos de tomates cuestan tres euros.",
         "Deux kilos de tomates coûtent trois euros."),
    ),
    (
        Meaning("state", object=Thing("the", "soup"), adjective="hot_meal", degree="too"),
        ("The soup is too hot.", "Die Suppe ist zu scharf.", "那份汤太辣了。",
         "La sopa es demasiado picante.", "La soupe est trop épicée."),
    ),
    (
        Meaning("where", site="hospital_site"),
        ("Where is the hospital?", "Wo ist das Krankenhaus?", "医院在哪里？",
         "¿Dónde está el hospital?", "Où est l'hôpital ?"),
    ),
    (
        Meaning("distance", site="hotel_site", other_site="beach_site", amount="5",
                measure="kilometer"),
        ("The hotel is five kilometers from the beach.",
         "Das Hotel ist fünf Kilometer vom Strand entfernt.", "酒店离海滩五公里。",
         "El hotel está a cinco kilómetros de la playa.",
         "L'hôtel est à cinq kilomètres de la plage."),
    ),
    (
        Meaning("request", verb="show", object=Thing("the", "map"), polite=True),
        ("Could you show me the map, please?", "Könnten Sie mir bitte die Landkarte zeigen?",
         "请您给我展示那张地图，好吗？", "¿Podría mostrarme el mapa, por favor?",
         "Pourriez-vous me montrer la carte, s'il vous plaît ?"),
    ),
    (
        Meaning("action", Person("the", "nurse"), "eat", object=Thing("a", "salad"),
                tense="future", reason="happy"),
        ("The nurse will eat a salad, because she is happy.",
         "Die Krankenschwester wird einen Salat essen, weil sie glücklich ist.",
         "护士会吃一份沙拉，因为她很快乐。",
         "La enfermera va a comer una ensalada, porque está feliz.",
         "L'infirmière va manger une salade, parce qu'elle est heureuse."),
    ),
    (
        Meaning("action", Person("the", "student", plural=True, adjective="young"), "read",
                object=Thing("the", "newspaper"), time="every_day", place="park"),
        ("The young students read the newspaper in the park every day.",
         "Die jungen Studenten lesen jeden Tag die Zeitung im Park.",
         "年轻的学生们每天在公园里读那份报纸。",
         "Los estudiantes jóvenes leen el periódico en el parque todos los días.",
         "Les jeunes étudiants lisent le journal dans le parc tous les jours."),
    ),
    (
        Meaning("action", Person("the", "driver"), "pick_up",
                object=Thing("the", "suitcase", adjective="heavy")),
        ("The driver picks up the heavy suitcase.", "Der Fahrer holt den schweren Koffer ab.",
         "司机取那个重的箱子。", "El conductor recoge la maleta pesada.",
         "Le chauffeur récupère la valise lourde."),
    ),
    (
        Meaning("action", Person("pronoun", "they", plural=True), "play",
                object=Thing("the", "piano"), tense="future"),
        ("They will play the piano.", "Sie werden das Klavier spielen.", "他们会弹奏那架钢琴。",
         "Ellos van a tocar el piano.", "Ils vont jouer du piano."),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("meaning", "texts"), EXPECTED, ids=[m.frame for m, _ in EXPECTED])
def test_sentences_are_what_one_says(meaning: Meaning, texts: tuple[str, ...]) -> None:
    assert tuple(write(say(meaning, code)[0], code) for code in LANGUAGES) == texts


@pytest.mark.parametrize(
    ("function", "table"),
    [
        (english.plural, "apple apples, baby babies, key keys, bus buses, watch watches, "
                         "box boxes, knife knives, child children"),
        (english.third_person, "buy buys, carry carries, wash washes, pick+up picks+up, go goes"),
        (spanish.plural, "casa casas, flor flores, habitación habitaciones, feliz felices, "
                         "joven jóvenes, autobús autobuses, menú menús, paraguas paraguas"),
        (french.plural, "pomme pommes, gâteau gâteaux, journal journaux, jus jus, vieux vieux"),
    ],
)  # fmt: skip
def test_words_are_inflected(function: Callable[[str], str], table: str) -> None:
    for pair in table.split(", "):
        word, wanted = (form.replace("+", " ") for form in pair.split())
        assert function(word) == wanted


@pytest.mark.parametrize("id", list(lexicon().things))
def test_english_has_an_before_every_vowel(id: str) -> None:
    meaning = Meaning("price", object=Thing("a", id), amount="2", measure="euro")
    article, noun, *_ = write(say(meaning, "en")[0], "en").split()
    assert article == ("An" if noun[0] in "aeiou" else "A")


def test_german_adjectives_take_their_endings() -> None:
    assert german.inflect("teuer", "e") == "teure"
    assert german.inflect("müde", "er") == "müder"
    assert german.inflect("rot", "en") == "roten"


def test_french_contracts_and_elides() -> None:
    def trip(site: str) -> str:
        meaning = Meaning("distance", site="bank_site", other_site=site, amount="2",
                          measure="meter")  # fmt: skip
        return write(say(meaning, "fr")[0], "fr")

    assert trip("market_site").endswith("mètres du marché.")
    assert trip("hospital_site").endswith("mètres de l'hôpital.")
    assert trip("beach_site").endswith("mètres de la plage.")
    peace = Meaning("idiom", Person("name", "anna"), tense="past", idiom="peace")
    assert write(say(peace, "fr")[0], "fr") == "Anna a enterré la hache de guerre."


def test_spanish_contracts() -> None:
    meaning = Meaning("distance", site="bank_site", other_site="park_site", amount="2",
                      measure="meter")  # fmt: skip
    assert write(say(meaning, "es")[0], "es") == "El banco está a dos metros del parque."


def test_the_other_ways_are_another_place_for_the_time_and_a_synonym() -> None:
    meaning = Meaning("trip", Person("the", "cook"), time="today", city="rome", vehicle="taxi")
    assert [write(way, "en") for way in say(meaning, "en")] == [
        "The cook travels to Rome by taxi today.",
        "Today the cook travels to Rome by taxi.",
        "The cook travels to Rome by cab today.",
        "Today the cook travels to Rome by cab.",
    ]
    assert [write(way, "de") for way in say(meaning, "de")] == [
        "Der Koch fährt heute mit dem Taxi nach Rom.",
        "Heute fährt der Koch mit dem Taxi nach Rom.",
    ]


AMBIGUOUS = [
    ("light", "light_weight", "light_colour"), ("old", "old_thing", "old_person"),
    ("hot", "hot_drink", "hot_meal"), ("short", "short_thing", "short_person"),
    ("strong", "strong_drink", "strong_person"),
]  # fmt: skip


@pytest.mark.parametrize(("word", "one", "other"), AMBIGUOUS)
def test_an_ambiguous_adjective_is_told_apart_elsewhere(word: str, one: str, other: str) -> None:
    adjectives = lexicon().adjectives
    assert adjectives[one]["en"] == adjectives[other]["en"] == (word,)
    assert any(adjectives[one][code] != adjectives[other][code] for code in LANGUAGES)
    assert adjectives[one].sense_note != adjectives[other].sense_note
    note = thought(Meaning("state", Person("the", "cook"), adjective=one))
    assert note == f"Note {adjectives[one].sense_note}."
    assert note.startswith(f"Note {word}: ")


@pytest.mark.parametrize(
    ("one", "other"), [("wear", "put_on"), ("take", "shoot"), ("lose", "miss"), ("wear", "carry")]
)
def test_an_ambiguous_verb_is_told_apart_elsewhere(one: str, other: str) -> None:
    verbs = lexicon().verbs
    assert any(verbs[one][code][0] == verbs[other][code][0] for code in LANGUAGES)
    assert any(verbs[one][code][0] != verbs[other][code][0] for code in LANGUAGES)


def test_every_idiom_is_said_in_every_language() -> None:
    idioms = lexicon().idioms
    assert len(idioms) >= 40
    for id, ways in idioms.items():
        assert set(ways) == set(LANGUAGES)
        for code, (natural, literal) in ways.items():
            assert natural, (id, code)
            assert literal, (id, code)
            assert natural != literal, (id, code)


def test_people_have_one_gender_in_spanish_and_french() -> None:
    for person in lexicon().people.values():
        assert person["es"][1] == person["fr"][1] in ("m", "f")


FORMS = {
    "things": {"en": 1, "de": 3, "zh": 2, "es": 2, "fr": 2},
    "people": {"en": 1, "de": 3, "zh": 1, "es": 2, "fr": 2},
    "adjectives": {"en": 1, "de": 1, "zh": 1, "es": 3, "fr": 2},
    "verbs": {"en": 2, "de": 3, "zh": 1, "fr": 4},
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_there(name: str) -> None:
    for entry in getattr(lexicon(), name).values():
        for code, length in FORMS[name].items():
            assert len(entry[code]) == length, (entry.id, code)


@pytest.fixture(scope="module")
def drawn() -> dict[Split, list[Meaning]]:
    splits: tuple[Split, ...] = ("train", "validation", "test")
    return {
        split: list(islice(meanings(split, 1), 3000 if split == "train" else 1000))
        for split in splits
    }


def test_splits_share_no_pair_no_idiom_and_no_shape(drawn: dict[Split, list[Meaning]]) -> None:
    shared = ("where", "distance", "price")
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        pairs = [{(m.frame, *m.pair) for m in drawn[split]} for split in (one, other)]
        assert not pairs[0] & pairs[1]
        idioms = [{m.idiom for m in drawn[split] if m.idiom} for split in (one, other)]
        assert not idioms[0] & idioms[1]
        shapes = [{m.shape for m in drawn[split] if m.frame not in shared}
                  for split in (one, other)]  # fmt: skip
        assert not shapes[0] & shapes[1]


def test_every_split_has_every_frame_and_is_the_same_again(
    drawn: dict[Split, list[Meaning]],
) -> None:
    for split, those in drawn.items():
        assert len({m.frame for m in those}) >= 8
        assert {split_of(m) for m in those} == {split}
        assert list(islice(meanings(split, 1), 20)) == those[:20]
        assert list(islice(meanings(split, 2), 20)) != those[:20]


def test_no_text_of_the_test_split_is_one_of_train(drawn: dict[Split, list[Meaning]]) -> None:
    for code in ("en", "zh"):
        seen = {write(say(m, code)[0], code) for m in drawn["train"]}
        assert not {write(say(m, code)[0], code) for m in drawn["test"]} & seen


def test_word_lists_have_no_stray_marks() -> None:
    for entries in (lexicon().things, lexicon().verbs, lexicon().people):
        for entry in entries.values():
            for code in LANGUAGES:
                assert not re.search(r"[+|;_<]", " ".join(entry[code])), entry.id
