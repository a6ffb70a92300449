"""Text tasks from the phrasebook: prompts in the published wire formats, with gold replies.

They are what the base model reads: lists of words, translation in every direction, and
analyses of candidates, against a source or against a translation in their own language.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations

from dragoman.formats import make_format
from dragoman.phrasebook import replies
from dragoman.phrasebook.errors import plant
from dragoman.phrasebook.grammar import say, write
from dragoman.phrasebook.lexicon import LANGUAGES, lexicon
from dragoman.phrasebook.meaning import Meaning
from dragoman.phrasebook.rough import rough
from dragoman.phrasebook.world import Split, draw, meanings, split_of
from dragoman.types import Candidate, Group, Segment

OFTEN = {
    ("en", "de"): 16, ("en", "zh"): 16, ("de", "en"): 2, ("zh", "en"): 2,
    ("en", "es"): 2, ("en", "fr"): 2, ("de", "zh"): 2, ("zh", "de"): 2,
}  # fmt: skip
DIRECTIONS: dict[tuple[str, str], int] = {
    pair: OFTEN.get(pair, 1) for pair in permutations(LANGUAGES, 2)
}
"""Every direction, and how often it is drawn: most where policies are rewarded and judged."""


BEGINNING = 50_000
"""How many tasks go by before groups are compared in earnest."""
ODD = 0.6
"""How many sentences say something odd. From sensible ones alone a model learns which words go
together, and then writes that in place of a pair it has never seen."""


SOMEBODY = {"en": "somebody", "de": "jemand", "zh": "有人", "es": "alguien", "fr": "quelqu'un"}
"""The subject of idioms in the dictionary; no sentence has it."""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: a prompt and the reply to learn."""

    prompt: str
    reply: str


def base_tasks(seed: int, split: Split = "train", *, begun: bool = False) -> Iterator[Task]:
    """The mixture that the base model is trained on, without end; `begun` skips its beginning."""
    rng = random.Random(f"base/{seed}")
    stream = meanings(split, seed)
    kinds = (_words, _translation, _alone, _group, _group_of_one_language)
    for number, meaning in enumerate(stream):
        # Words and translation come first, for one cannot judge what one cannot say; then
        # single candidates, where spotting an error is learned in the fewest tokens.
        weights = (18, 44, 32, 2, 4) if number < BEGINNING and not begun else (16, 22, 28, 28, 6)
        if rng.random() < ODD:
            meaning = with_another_thing(meaning, rng)
        yield rng.choices(kinds, weights)[0](meaning, rng)


def direction(rng: random.Random) -> tuple[str, str]:
    """A source and a target language."""
    return rng.choices(list(DIRECTIONS), list(DIRECTIONS.values()))[0]


def segment(meaning: Meaning, source: str, target: str, id: str = "") -> Segment:
    """A meaning to be translated, with its usual translation."""
    text, reference = (replies.translation(meaning, code) for code in (source, target))
    return Segment(id, text, source, target, reference)


def translation_task(meaning: Meaning, source: str, target: str, text: str | None = None) -> Task:
    """To translate a sentence, as well as it can be done or as `text` does it."""
    prompt = make_format("codeblock-think").write(segment(meaning, source, target)).text
    text = replies.translation(meaning, target) if text is None else text
    return Task(prompt, replies.reply_with_translation(meaning, text))


def group_task(meaning: Meaning, seg: Segment, texts: Sequence[str]) -> Task:
    """To compare, rank and score candidates."""
    group = Group(seg, tuple(Candidate(text) for text in texts))
    gqm = make_format("gqm")
    verdict = replies.verdict(texts, meaning, seg.target_lang)
    return Task(gqm.write(group).text, gqm.respond(verdict))  # type: ignore[attr-defined]


def alone_task(meaning: Meaning, seg: Segment, text: str) -> Task:
    """To score one candidate."""
    prompt = make_format("sqm").write(Group(seg, (Candidate(text),))).text
    return Task(prompt, replies.reply_alone(text, meaning, seg.target_lang))


def candidates(
    meaning: Meaning, source: str, target: str, rng: random.Random, count: int
) -> list[str]:
    """Translations of mixed quality: right, with planted errors, or as a poor model writes."""
    model = rng.random() < 0.3
    return [_candidate(meaning, source, target, rng, model) for _ in range(count)]


def planted(
    meaning: Meaning, source: str, target: str, rng: random.Random, count: int
) -> list[str]:
    """Translations that are right or have planted errors, and nothing else wrong."""
    return [_candidate(meaning, source, target, rng, model=False) for _ in range(count)]


def _candidate(m: Meaning, source: str, target: str, rng: random.Random, model: bool) -> str:
    if model and rng.random() < 0.6:
        return rough(m, target, source, rng)
    errors = rng.choice((0, 1, 1, 1, 2, 3))
    if errors == 0:
        ways = say(m, target)
        return write(rng.choice(ways) if rng.random() < 0.3 else ways[0], target)
    return plant(m, target, source, rng, errors).text


def _translation(meaning: Meaning, rng: random.Random) -> Task:
    return translation_task(meaning, *direction(rng))


def _group(meaning: Meaning, rng: random.Random) -> Task:
    source, target = direction(rng)
    texts = candidates(meaning, source, target, rng, rng.choice((2, 2, 3, 4)))
    return group_task(meaning, segment(meaning, source, target), texts)


def _group_of_one_language(meaning: Meaning, rng: random.Random) -> Task:
    """The translation itself is the source: comparing without translating."""
    source, target = direction(rng)
    texts = candidates(meaning, source, target, rng, rng.choice((2, 2, 3, 4)))
    return group_task(meaning, segment(meaning, target, target), texts)


def _alone(meaning: Meaning, rng: random.Random) -> Task:
    source, target = direction(rng)
    text = candidates(meaning, source, target, rng, 1)[0]
    source = target if rng.random() < 0.4 else source
    return alone_task(meaning, segment(meaning, source, target), text)


def _words(meaning: Meaning, rng: random.Random) -> Task:
    """One or several lines to translate: words and idioms from the dictionary, and sentences."""
    source, target = direction(rng)
    lines = [_entry(source, target, rng)]
    for _ in range(rng.randint(0, 7)):
        odd = with_another_thing(meaning, rng)
        sentence = odd != meaning and rng.random() < 0.45
        lines.append(_as_line(odd, source, target) if sentence else _entry(source, target, rng))
    rng.shuffle(lines)
    seg = Segment("", "\n".join(line for line, _ in lines), source, target)
    prompt = make_format("codeblock-think").write(seg).text
    return Task(prompt, f"Words.\n\n```\n{chr(10).join(line for _, line in lines)}\n```")


def _entry(source: str, target: str, rng: random.Random) -> tuple[str, str]:
    """An entry of the dictionary, often an idiom: each of those is in few sentences, or none."""
    return rng.choice(idioms(source, target) if rng.random() < 0.4 else dictionary(source, target))


def _as_line(meaning: Meaning, source: str, target: str) -> tuple[str, str]:
    return replies.translation(meaning, source), replies.translation(meaning, target)


@cache
def dictionary(source: str, target: str) -> list[tuple[str, str]]:
    """Words and idioms of two languages that say the same, from sentences of all splits.

    A dictionary has every word; what the splits keep apart is how words meet in sentences.
    """
    rng = random.Random("dictionary")
    found: dict[str, set[str]] = {}
    for _ in range(5_000):
        meaning = draw(rng)
        here, there = (_chunks(meaning, code) for code in (source, target))
        for sense, text in here.items():
            if sense in there:
                found.setdefault(text, set()).add(there[sense])
    return [(a, b) for a, those in found.items() for b in sorted(those)[:2] if len(those) <= 3]


@cache
def idioms(source: str, target: str) -> list[tuple[str, str]]:
    """Those entries of the dictionary that are idioms, each also said of somebody."""
    known = {_joined(it[source][0].split(), source) for it in lexicon().idioms.values()}
    alone = [(a, b) for a, b in dictionary(source, target) if a in known]
    return alone + [
        (_joined((SOMEBODY[source], a), source), _joined((SOMEBODY[target], b), target))
        for a, b in alone
    ]


def with_another_thing(meaning: Meaning, rng: random.Random) -> Meaning:
    """The same done to anything at all, if a verb is in it and the split remains the same."""
    if not meaning.object or meaning.verb not in _plain_verbs():
        return meaning
    adjective = meaning.object.adjective
    if adjective and lexicon().adjectives[adjective].sense_note:
        adjective = None
    thing = replace(meaning.object, id=rng.choice(list(lexicon().things)), adjective=adjective)
    odd = replace(meaning, object=thing)
    return odd if split_of(odd) == split_of(meaning) else meaning


@cache
def _plain_verbs() -> frozenset[str]:
    """Verbs that are told from all others in every language, whatever they are done to."""
    verbs = lexicon().verbs
    said = Counter((code, verb[code][0]) for verb in verbs.values() for code in LANGUAGES)
    return frozenset(
        id
        for id, verb in verbs.items()
        if all(said[code, verb[code][0]] == 1 for code in LANGUAGES)
    )


def _chunks(meaning: Meaning, language: str) -> dict[str, str]:
    """The words of each sense, joined."""
    chunks: dict[str, list[str]] = {}
    for word in say(meaning, language)[0].words:
        idiom = meaning.idiom and word.sense.startswith(f"{meaning.idiom}:")
        if word.severity == "minor" and not idiom:
            continue
        chunks.setdefault(meaning.idiom or "" if idiom else word.sense, []).append(word.text)
    return {sense: _joined(words, language) for sense, words in chunks.items()}


def _joined(words: Sequence[str], language: str) -> str:
    return ("" if language == "zh" else " ").join(words).replace("' ", "'")
