"""What the base model reads: lists, odd sentences, and what is kept from it."""

from __future__ import annotations

import random
from itertools import islice, permutations

import pytest

from dragoman.phrasebook import tasks
from dragoman.phrasebook.lexicon import LANGUAGES, lexicon
from dragoman.phrasebook.replies import translation
from dragoman.phrasebook.world import meanings, split_of, things_for


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_odd_sentences_stay_in_their_split(split: str) -> None:
    rng = random.Random(1)
    odd = 0
    for meaning in islice(meanings(split, 1), 400):  # type: ignore[arg-type]
        other = tasks.with_another_thing(meaning, rng)
        assert split_of(other) == split
        if other.object and other.verb:
            odd += other.object.id not in things_for(other.verb)
    assert odd > 5


def test_verbs_that_depend_on_the_thing_keep_theirs() -> None:
    """Of "wear a watch" and "wear a coat" each has a Chinese verb of its own."""
    rng = random.Random(1)
    ambiguous = {"wear", "put_on", "carry", "take", "shoot", "lose", "miss"}
    seen: set[str] = set()
    for meaning in islice(meanings("train", 2), 1500):
        if meaning.verb in ambiguous:
            seen.add(meaning.verb)
            assert tasks.with_another_thing(meaning, rng) == meaning
    assert seen == ambiguous


def test_an_adjective_that_depends_on_the_thing_goes_with_it() -> None:
    rng = random.Random(3)
    dropped = 0
    for meaning in islice(meanings("train", 3), 1500):
        other = tasks.with_another_thing(meaning, rng)
        if other != meaning and meaning.object and other.object and meaning.object.adjective:
            noted = lexicon().adjectives[meaning.object.adjective].sense_note
            assert other.object.adjective == (None if noted else meaning.object.adjective)
            dropped += bool(noted)
    assert dropped > 10


def test_the_dictionary_has_every_idiom_alone_and_of_somebody() -> None:
    german = dict(tasks.idioms("en", "de"))
    assert german["stepped on it"] == "hat sich beeilt"
    assert german["somebody stepped on it"] == "jemand hat sich beeilt"
    assert dict(tasks.idioms("fr", "zh"))["quelqu'un a cassé sa pipe"] == "有人去世了"
    for source, target in permutations(LANGUAGES, 2):
        said = {it[source][0] for it in lexicon().idioms.values()}
        assert len(tasks.idioms(source, target)) == 2 * len(said)


def test_no_sentence_of_another_split_is_in_what_the_base_reads() -> None:
    """Idioms of the test split are in its dictionary, but never in a sentence."""
    held_out = {translation(meaning, "en") for meaning in islice(meanings("test", 5), 2000)}
    lines = {
        line
        for task in islice(tasks.base_tasks(7, begun=True), 3000)
        for line in (task.prompt + "\n" + task.reply).splitlines()
    }
    assert not held_out & lines
    assert {"somebody stepped on it", "stepped on it"} & lines
