"""Feed mangled replies to every reader of every judge format.

    python benchmarks/fuzz_readers.py [--replies 1000000] [--seed 1]

Each reply is a well-formed one after random edits: cut off, spliced with another, lines
doubled or dropped, numbers and letters changed, look-alike characters put in; some are
random text. A reader may refuse, with `UnreadableReply` and nothing else. What the strict
and the lenient readers return lies on the scale; rankings agree with scores in all. The
first breach stops the run and prints the reply.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, get_args

from dragoman.errors import UnreadableReply
from dragoman.formats import Format, Reading, make_format
from dragoman.formats.alone import Score
from dragoman.formats.gqm import respond
from dragoman.formats.letters import letters
from dragoman.ranking import rank_scores
from dragoman.types import Candidate, Group, Segment, Verdict

GROUP_FORMATS = ("gqm", "gqm-ranking", "gqm-score", "gqm-api")
ALONE_FORMATS = ("sqm", "sqm-api", "sqm-api-strict", "gemba-sqm")
HIGHEST = dict.fromkeys((*GROUP_FORMATS, *ALONE_FORMATS), 10) | {"gemba-sqm": 100}
FORMS = ("ranking_score", "ranking", "score")

CONFUSABLES = {
    "A": "АΑＡ𝐀a",
    "B": "ВΒＢ𝐁b",
    "C": "СⅭＣc",
    ":": "：︰∶ː",
    ">": "＞≻⟩≥<",
    "=": "＝≈",
    ",": "，、;،",
    " ": "\u3000\u00a0\u200b\t\u2028",
    "\n": "\r\n\u2028\u0085\u000b",
    "1": "１۱①¹٢",
    "8": "８٨⁸八",
}
NOISE = [
    *"ABCDabz019:>=,./-+()[]{}*_`#|~%\\\"' \t\n\r\x00",
    *("**", "```", "\n\n", "</think>", "<think>", "<|im_end|>", "### ", "Scores:", "Ranking:"),
    *("评分：", "A: 8", "B: 3", "A > B", "/10", ".5", "10", "100", "-3", "\ud800", "😀", "五"),
    *("I hope this helps!", "Sorry, swap A and B.", "Translation ", '{"A": 8}', "8 points", "分"),
]
ANALYSES = [
    "A is fluent; B drops a clause.",
    "### Accuracy\n\nA: 9, B: 1\n\nB > A in style.",
    "Scores:\nA: 1, B: 2, C: 3\n\nBut on a second look:",
    "译文A忠实原文，译文B漏译了成语。",
    "",
]
WRAPPERS = ["{}", "**{}**", "`{}`", "```\n{}\n```", "- {}", "Final answer: {}", "{}.", "{}\n(end)"]


@dataclass
class Tally:
    """What became of the replies that one reader was given."""

    read: int = 0
    refused: int = 0
    seconds: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter[str])


class Breach(AssertionError):
    """A reader did what none may do."""


def group_reply(rng: random.Random, n: int) -> str:
    """A well-formed reply about n candidates, in the target form or as models write it."""
    scores = tuple(rng.randint(0, 10) for _ in range(n))
    verdict = Verdict(rank_scores(scores), scores, rng.choice(ANALYSES))
    if rng.random() < 0.6:
        return respond(verdict, rng.choice(FORMS))
    colon, comma = rng.choice([": ", "：", " = ", " ("]), rng.choice([", ", "，", "; ", "\n"])
    items = comma.join(f"{x}{colon}{s}" for x, s in zip(letters(n), scores, strict=True))
    return f"{verdict.analysis}\n\nScores:\n{rng.choice(WRAPPERS).format(items)}\n"


def alone_reply(rng: random.Random, _: int) -> str:
    """A well-formed reply about one candidate."""
    score = str(rng.randint(0, rng.choice([10, 100])))
    line = rng.choice(["{}", "{}/10", "{}/100", "{}.5", "Score: {}", "评分：{}分"]).format(score)
    return f"{rng.choice(ANALYSES)}\n\n{rng.choice(WRAPPERS).format(line)}\n"


def mangle(rng: random.Random, text: str, other: str) -> str:
    """The text after none to three random edits."""
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        text = rng.choice(EDITS)(rng, text, other)
    return text


def _cut(rng: random.Random, text: str, other: str) -> str:
    return text[: rng.randint(0, len(text))]


def _splice(rng: random.Random, text: str, other: str) -> str:
    return text[: rng.randint(0, len(text))] + other[rng.randint(0, len(other)) :]


def _delete(rng: random.Random, text: str, other: str) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + text[at + rng.randint(1, 6) :]


def _insert(rng: random.Random, text: str, other: str) -> str:
    # Near the end more often: there the answer stands.
    at = len(text) - min(len(text), int(rng.expovariate(1 / 20)))
    return text[:at] + rng.choice(NOISE) + text[at:]


def _lines(rng: random.Random, text: str, other: str) -> str:
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    lines[at : at + 1] = rng.choice([[], [lines[at]] * 2, [rng.choice(lines), lines[at]]])
    return "\n".join(lines)


def _confuse(rng: random.Random, text: str, other: str) -> str:
    character = rng.choice(list(CONFUSABLES))
    return text.replace(character, rng.choice(CONFUSABLES[character]), rng.choice([1, -1]))


def _number(rng: random.Random, text: str, other: str) -> str:
    places = [i for i, c in enumerate(text) if "0" <= c <= "9"]
    if not places:
        return text
    at = rng.choice(places)
    return (
        text[:at]
        + rng.choice(["0", "7", "10", "11", "8.5", "8/10", "-1", "", "1e1", "5%"])
        + (text[at + 1 :])
    )


def _letter(rng: random.Random, text: str, other: str) -> str:
    places = [i for i, c in enumerate(text) if c in "ABCDEF"]
    if not places:
        return text
    at = rng.choice(places)
    return text[:at] + rng.choice("ABCDEFZab") + text[at + 1 :]


def _noise(rng: random.Random, text: str, other: str) -> str:
    return "".join(rng.choices(NOISE, k=rng.randint(1, 40)))


EDITS = [_cut, _splice, _delete, _insert, _insert, _lines, _confuse, _number, _letter, _letter]
EDITS += [_delete, _insert, _number, _cut, _confuse, _noise]


def check(name: str, reading: Reading, n: int, answer: Verdict | Score) -> None:
    """Whether an answer is one that a reader may give."""
    if isinstance(answer, Score):
        if reading != "compat" and not 0 <= answer.value <= HIGHEST[name]:
            raise Breach(f"off the scale: {answer.value}")
        return
    if len(answer.ranking) != n:
        raise Breach(f"{len(answer.ranking)} of {n} candidates ranked")
    if answer.scores is None:
        if name != "gqm-ranking":
            raise Breach("no scores")
        return
    if len(answer.scores) != n or rank_scores(answer.scores) != answer.ranking:
        raise Breach(f"ranking {answer.ranking} for scores {answer.scores}")
    if reading != "compat" and not all(0 <= s <= HIGHEST[name] for s in answer.scores):
        raise Breach(f"off the scale: {answer.scores}")


def feed(
    format: Format[Any, Any], items: list[Group], replies: list[tuple[str, int]], tally: Tally
) -> None:
    """Give all replies to one reader."""
    begun = time.perf_counter()
    for text, n in replies:
        try:
            answer = format.read(text, items[n])
        except UnreadableReply as refusal:
            tally.refused += 1
            tally.reasons[refusal.reason] += 1
            continue
        except Exception as error:
            raise Breach(f"{format.name} {format.reading}: {error!r} for {text!r}") from error
        tally.read += 1
        try:
            check(format.name, format.reading, n, answer)
        except Breach as breach:
            raise Breach(f"{format.name} {format.reading}: {breach} for {text!r}") from None
    tally.seconds += time.perf_counter() - begun


def make_replies(
    rng: random.Random, count: int, well_formed: Callable[[random.Random, int], str]
) -> list[tuple[str, int]]:
    """Replies, each with the number of candidates that it is said to be about."""
    replies: list[tuple[str, int]] = []
    other = well_formed(rng, 3)
    for _ in range(count):
        n = rng.choice((2, 2, 3, 4, 6))
        text = well_formed(rng, n)
        replies.append((mangle(rng, text, other), n))
        other = text
    return replies


def fuzz(replies: int, seed: int, chunk: int = 20_000) -> dict[tuple[str, Reading], Tally]:
    """Feed that many replies to each reader; raises `Breach` at the first wrong one."""
    rng = random.Random(seed)
    segment = Segment("s", "源", "zh", "en")
    groups = [Group(segment, (Candidate("x"),) * max(n, 1)) for n in range(7)]
    alone = [Group(segment, (Candidate("x"),))] * 7
    readings: tuple[Reading, ...] = get_args(Reading)
    tallies: dict[tuple[str, Reading], Tally] = {}
    for begun in range(0, replies, chunk):
        count = min(chunk, replies - begun)
        for names, items, well_formed in (
            (GROUP_FORMATS, groups, group_reply),
            (ALONE_FORMATS, alone, alone_reply),
        ):
            batch = make_replies(rng, count, well_formed)
            for name in names:
                for reading in readings:
                    tally = tallies.setdefault((name, reading), Tally())
                    feed(make_format(name, reading), items, batch, tally)
    return tallies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--replies", type=int, default=1_000_000, help="for each reader")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begun = time.perf_counter()
    tallies = fuzz(options.replies, options.seed)
    print(f"| format | reader | replies | read | refused | seconds | replies/s |\n|{'---|' * 7}")
    for (name, reading), t in tallies.items():
        rate = (t.read + t.refused) / t.seconds
        cells = (name, reading, t.read + t.refused, t.read, t.refused)
        print(f"| {' | '.join(map(str, cells))} | {t.seconds:.1f} | {rate:,.0f} |")
    print(f"\nno breach; {time.perf_counter() - begun:.0f} s in all, seed {options.seed}")


if __name__ == "__main__":
    main()
