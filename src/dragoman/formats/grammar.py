"""What a complete GQM reply looks like, for engines: a grammar to decode under, and a
pattern to stop at.

The grammar is GBNF, as llama.cpp, xgrammar and vLLM take it. Any analysis may come first,
but a line that begins like the answer is the answer, and it ends the reply.

- Up to four candidates: every letter stands once, in both lines in the same order, scores
  fall at each ` > ` and are equal at each ` = `.
- Five and more: the orders are too many to list. The ranking has n letters and the scores
  n items that never rise, but that each letter stands once, and that the two lines agree,
  is left to the reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import combinations

from dragoman.formats.letters import letters
from dragoman.formats.strict import SCALE, Form

MOST_ENUMERATED = 4

_NUMBER = "(?:10|[0-9])"
_BLANKS = r"[ \t]*\n(?:[ \t]*\n)*"

Tiers = tuple[tuple[str, ...], ...]


@cache
def finished(n: int, form: Form) -> str:
    """A pattern for `re.search` that finds a complete answer at the very end of a text.

    A line end must follow it, because `B: 1` may go on to `B: 10`.
    """
    names = letters(n)
    label = f"[{names[0]}-{names[-1]}]"
    ranking = rf"Final Ranking:{_BLANKS}{label}(?: [>=] {label}){{{n - 1}}}"
    scores = rf"{label}: {_NUMBER}(?:, {label}: {_NUMBER}){{{n - 1}}}"
    in_order = ", ".join(f"{name}: {_NUMBER}" for name in names)
    answer = {
        "ranking": ranking,
        "ranking_score": rf"{ranking}{_BLANKS}#*[ \t]*Scores:{_BLANKS}{scores}",
        "score": rf"\n\n{in_order}",
    }[form]
    return rf"{answer}[ \t]*\n\s*\Z"


@cache
def gbnf(n: int, form: Form) -> str:
    """The grammar of every well-formed reply about n candidates."""
    if form == "score":
        answer = list(_letter_order(letters(n)))
        start = f"{letters(n)[0]}: "
    else:
        exact = n <= MOST_ENUMERATED
        answer = list((_exact if exact else _loose)(letters(n), form == "ranking_score"))
        start = "### Final Ranking:"
    lines = ["root ::= analysis answer", *_analysis(start), *answer]
    return "\n".join(lines) + "\n"


def _analysis(start: str) -> Iterator[str]:
    """Rules for lines that do not begin with `start`: one rule for each of its characters."""
    yield 'analysis ::= (line "\\n")*'
    yield "line ::= l0"
    yield "rest ::= [^\\n]*"
    for i, character in enumerate(start):
        go_on = f' | "{character}" l{i + 1}' if i + 1 < len(start) else ""
        yield f'l{i} ::= "" | [^{character}\\n] rest{go_on}'


def _letter_order(names: str) -> Iterator[str]:
    """The `score` form: each letter with its score, in the order of the prompt."""
    items = ' ", " '.join(f'"{name}: " n' for name in names)
    yield f'answer ::= {items} "\\n"'
    yield f"n ::= {_any_of(range(SCALE + 1))}"


def _exact(names: str, scored: bool) -> Iterator[str]:
    """One alternative for each ranking; scores by rules that tiers with the same end share."""
    orders = list(weak_orders(tuple(names)))
    yield f"answer ::= {' | '.join(f'r{i}' for i in range(len(orders)))}"
    if not scored:
        for i, tiers in enumerate(orders):
            yield f'r{i} ::= "### Final Ranking:\\n\\n{_draw(tiers)}\\n"'
        return
    for i, tiers in enumerate(orders):
        head = f"### Final Ranking:\\n\\n{_draw(tiers)}\\n\\n### Scores:\\n\\n"
        yield f'r{i} ::= "{head}" {_scores_rule(tiers, SCALE)} "\\n"'
    queue = {(tiers, SCALE): None for tiers in orders}
    done: set[tuple[Tiers, int]] = set()
    while queue:
        (tiers, most), _ = queue.popitem()
        done.add((tiers, most))
        first = ", ".join(f"{name}: {most}" for name in tiers[0])
        options, follow = [f'"{first}"'], list[tuple[Tiers, int]]()
        if len(tiers) > 1:
            options = [f'"{first}, " {_scores_rule(tiers[1:], most - 1)}']
            follow.append((tiers[1:], most - 1))
        if most >= len(tiers):  # a lower start still leaves a score for every tier
            options.append(_scores_rule(tiers, most - 1))
            follow.append((tiers, most - 1))
        queue |= {pair: None for pair in follow if pair not in done}
        yield f"{_scores_rule(tiers, most)} ::= {' | '.join(options)}"


def _scores_rule(tiers: Tiers, most: int) -> str:
    """The name of the rule for the scores of these tiers, none above `most`."""
    return "s" + "-".join("".join(tier) for tier in tiers) + f"-{most}"


def _loose(names: str, scored: bool) -> Iterator[str]:
    """For large groups: n letters with signs, then n scores that never rise."""
    n = len(names)
    ranking = " ".join(["label", *(['(" > " | " = ") label'] * (n - 1))])
    yield f"label ::= [{names[0]}-{names[-1]}]"
    if not scored:
        yield f'answer ::= "### Final Ranking:\\n\\n" {ranking} "\\n"'
        return
    yield f'answer ::= "### Final Ranking:\\n\\n" {ranking} "\\n\\n### Scores:\\n\\n" t{n}-{SCALE}'
    for left in range(n, 0, -1):
        for most in range(SCALE, -1, -1):
            options = (
                f'label ": {value}" ' + (f'", " t{left - 1}-{value}' if left > 1 else '"\\n"')
                for value in range(most, -1, -1)
            )
            yield f"t{left}-{most} ::= {' | '.join(options)}"


def weak_orders(names: tuple[str, ...]) -> Iterator[Tiers]:
    """Every ranking of the names, ties in the order given."""
    if not names:
        yield ()
    for size in range(1, len(names) + 1):
        for tier in combinations(names, size):
            rest = tuple(name for name in names if name not in tier)
            for tiers in weak_orders(rest):
                yield (tier, *tiers)


def _draw(tiers: Tiers) -> str:
    return " > ".join(" = ".join(tier) for tier in tiers)


def _any_of(numbers: Iterable[int]) -> str:
    return " | ".join(f'"{number}"' for number in numbers)
