"""Where a judge of the phrasebook errs: by split, sentence, gap, group and way of asking.

`pairs` is the share of unequal pairs in the right order, of groups with planted errors that
could be read, with 95 % intervals over groups; `unread` the share that could not. The
training split's groups are new ones: what differs from the test split is that the words of a pair
have met before.

    python benchmarks/where_judges_err.py [ENGINE] [--size 300]
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from dragoman.asking import Asker, Patience
from dragoman.data.rows import GoldGroup, gold_group_from_row
from dragoman.engines import Engine, make_engine
from dragoman.judges import make_judge
from dragoman.phrasebook import replies
from dragoman.phrasebook.datasets import load, segment_meaning
from dragoman.ranking import sign
from dragoman.reproduce.judging import JUDGE_TOKENS, weigh
from dragoman.reproduce.statistics import Interval, interval
from dragoman.types import Judgement, Sampling

SEED = 515
WAYS: dict[str, tuple[float, dict[str, Any]]] = {
    "at once, greedily": (0, {}),
    "at once, 5 votes at temperature 0.7": (0.7, {"votes": 5}),
    "in balanced orders": (0, {"permute": "balanced"}),
    "two at a time": (0, {"slots": 2}),
}
GAPS = {"1 point": (1, 1), "2 or 3 points": (2, 3), "more": (4, 10)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", nargs="?", default="phrasebook:judge")
    parser.add_argument("--size", type=int, default=300)
    options = parser.parse_args()
    asyncio.run(look(make_engine(options.engine), options.size))


async def look(engine: Engine, size: int) -> None:
    print("| | pairs | unread |\n|---|---|---|")
    for split in ("train", "validation"):
        some = planted(split, size)
        show(f"{split} split", await judged(engine, some), some)
    groups = planted("test", size)
    judgements = await judged(engine, groups)
    show("test split", judgements, groups)
    for name, (least, most) in GAPS.items():
        show(f"{name} apart", judgements, groups, gap=(least, most))
    kinds: dict[str, list[int]] = defaultdict(list)
    for number, gold in enumerate(groups):
        meaning = segment_meaning(gold.group.segment)
        assert meaning
        kinds[f"sentences: {meaning.frame}"].append(number)
        kinds[f"groups of {len(gold.scores)}"].append(number)
    for name in sorted(kinds):
        chosen = kinds[name]
        show(name, [judgements[i] for i in chosen], [groups[i] for i in chosen])
    for name, (temperature, wrapped) in WAYS.items():
        show(name, await judged(engine, groups, temperature, **wrapped), groups)
    await engine.close()
    told = Counter(kind for one in zip(judgements, groups, strict=True) for kind in rows(*one))
    shares = ", ".join(f"{count / told.total():.3f} {kind}" for kind, count in told.most_common())
    print(f"{told.total()} analyses of candidates of the test split: {shares}")


def planted(split: str, size: int) -> list[GoldGroup]:
    return [gold_group_from_row(row) for row in load("groups", split=split, seed=SEED, size=size)]


async def judged(
    engine: Engine, groups: Sequence[GoldGroup], temperature: float = 0, **wrapped: Any
) -> list[Judgement]:
    sampling = Sampling(temperature=temperature, max_tokens=JUDGE_TOKENS, seed=1)
    judge = make_judge("group", Asker(engine, sampling, Patience(0)), **wrapped)
    return list(await asyncio.gather(*(judge.judge(gold.group) for gold in groups)))


def show(
    name: str,
    judgements: Sequence[Judgement],
    groups: Sequence[GoldGroup],
    gap: tuple[int, int] = (1, 10),
) -> None:
    both = list(zip(judgements, groups, strict=True))
    pairs = interval([[right(*one, gap) for one in both]], shared=True)
    unread = interval([[weigh(*one)["unread"] for one in both]], shared=True)
    print(f"| {name} | {written(pairs)} | {written(unread)} |", flush=True)


def right(judgement: Judgement, gold: GoldGroup, gap: tuple[int, int]) -> float | None:
    """The share of a group's pairs in the right order, of those whose gold scores are so far
    apart."""
    if judgement.verdict is None:
        return None
    scores = judgement.verdict.scores or [
        -float(place) for place in judgement.verdict.ranking.places
    ]
    told = [
        sign(scores[i] - scores[j]) == sign(gold.scores[i] - gold.scores[j])
        for i, j in combinations(range(len(scores)), 2)
        if gap[0] <= abs(gold.scores[i] - gold.scores[j]) <= gap[1]
    ]
    return sum(told) / len(told) if told else None


def rows(judgement: Judgement, gold: GoldGroup) -> Iterator[str]:
    """What each candidate's analysis is beside the gold one."""
    meaning = segment_meaning(gold.group.segment)
    if judgement.verdict is None or meaning is None:
        return
    language = gold.group.segment.target_lang
    right = replies.verdict([c.text for c in gold.group.candidates], meaning, language)
    for said, true in zip(
        judgement.verdict.analysis.splitlines(), right.analysis.splitlines(), strict=False
    ):
        if said == true:
            yield "as gold's"
        elif sentence(said) == sentence(true):
            yield "the right sentence with other marks"
        else:
            yield "another sentence"


def sentence(row: str) -> str:
    """The translation that a row of an analysis writes, without its marks."""
    return re.sub(r"\[\d+\]| \+.*| ~.*| = \d+$", "", row)


def written(found: Interval | None) -> str:
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]" if found else ""


if __name__ == "__main__":
    main()
