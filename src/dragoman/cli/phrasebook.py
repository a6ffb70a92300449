"""`dragoman phrasebook`: look into the miniature world, and write its data sets."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from dragoman.cli.options import key_and_value
from dragoman.errors import UserError
from dragoman.phrasebook import datasets
from dragoman.phrasebook.lexicon import LANGUAGES
from dragoman.row_files import STDIN, to_line, write_lines

if TYPE_CHECKING:
    from dragoman.phrasebook.meaning import Meaning
    from dragoman.types import Judgement

Flag = Annotated[bool, Parameter(negative=(), show_default=False)]
Several = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())]

phrasebook = App(
    name="phrasebook",
    help="Look into the miniature world: its sentences, and its data sets.",
    result_action="return_value",
)


@phrasebook.command
def show(
    *,
    split: str = "train",
    seed: int = 1,
    size: int = 5,
    languages: Several = LANGUAGES,
    groups: Flag = False,
) -> None:
    """Show sentences in every language, with errors planted in them and what these cost.

    Under `also` stands what is as good. A faulty translation has its gold score in front, from 0
    to 10, and its errors behind, with their severity.

    Parameters
    ----------
    split
        train, validation or test.
    seed
        Another seed draws other sentences.
    size
        How many.
    languages
        en, de, zh, es, fr or some of them.
    groups
        Also show a group of candidates, from the first language into the second, with the gold
        analysis, ranking and scores.
    """
    from dragoman.cli.tables import show_judgement
    from dragoman.phrasebook.world import meanings

    for language in languages:
        if language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise UserError(f"--languages {language}: the phrasebook has {known}")
    if groups and len(set(languages)) < 2:
        raise UserError("--groups translates from one language into another; name two")
    known_split = datasets.check_split(split)
    rng = random.Random(f"show/{split}/{seed}")
    for number, meaning in enumerate(islice(meanings(known_split, seed), size)):
        print(*_sentences(meaning, languages), *_faults(meaning, languages, rng), "", sep="\n")
        if groups:
            id = datasets.segment_id(known_split, seed, number, languages[0], languages[1])
            show_judgement(_gold_group(meaning, languages[0], languages[1], id, rng))
            print()


@phrasebook.command
def data(
    name: str,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"], allow_leading_hyphen=True)],
    split: str = "train",
    seed: int = 1,
    size: int = 2000,
    direction: Several = datasets.EN_TO_BOTH,
    option: Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)] = (),
    overwrite: Flag = False,
) -> None:
    """Write the rows of a data set as JSON lines. Recipes name it as phrasebook:NAME.

    Parameters
    ----------
    name
        translations, judge, judge-alone, groups or segments; see docs/phrasebook.md.
    output
        A JSONL file; - for standard output.
    split
        train, validation or test.
    seed
        Another seed draws other sentences.
    size
        How many sentences.
    direction
        Which ways to translate, by turns.
    option
        KEY=VALUE for the data set itself, such as most=3.
    overwrite
        Replace a file that is there.
    """
    more = dict(key_and_value("--option", text) for text in option)
    for key in more:
        if key in ("split", "seed", "size", "directions", "name"):
            raise UserError(f"--option {key}: say that with its own flag")
    rows = datasets.load(name, split=split, seed=seed, size=size, directions=direction, **more)
    if str(output) != STDIN and output.exists() and not overwrite:
        raise UserError(f"{output} is there already; --overwrite replaces it")
    with write_lines(output) as write:
        for row in rows:
            write(to_line(row))


def _sentences(meaning: Meaning, languages: Sequence[str]) -> Iterator[str]:
    from dragoman.phrasebook.grammar import say, write

    for language in languages:
        usual, *others = say(meaning, language)
        yield f"{language}  {write(usual, language)}"
        for other in others:
            yield f"      also: {write(other, language)}"


def _faults(meaning: Meaning, languages: Sequence[str], rng: random.Random) -> Iterator[str]:
    """A faulty translation into each language, where one was to be had."""
    from dragoman.phrasebook import gold
    from dragoman.phrasebook.errors import plant

    for language in languages:
        source = next(code for code in LANGUAGES if code != language)
        planted = plant(meaning, language, source, rng, rng.choice((1, 1, 2)))
        if planted.errors:
            score = gold.score(planted.text, meaning, language)
            errors = ", ".join(f"{kind}: {severity}" for kind, severity in planted.errors)
            yield f"  {score:2} {language}  {planted.text}  ({errors})"


def _gold_group(
    meaning: Meaning, source: str, target: str, id: str, rng: random.Random
) -> Judgement:
    from dragoman.phrasebook import tasks
    from dragoman.phrasebook.replies import verdict
    from dragoman.signature import signature
    from dragoman.types import Candidate, Group, Judgement

    texts = tasks.planted(meaning, source, target, rng, 4)
    group = Group(tasks.segment(meaning, source, target, id), tuple(map(Candidate, texts)))
    signed = signature({"judge": "gold"})
    return Judgement(group, verdict(texts, meaning, target), None, signature=signed)
