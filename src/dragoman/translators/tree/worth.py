"""What a node of the tree is worth, from 0 to 1: by round trips, or by a judge's scores."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol

from dragoman.errors import UserError
from dragoman.judges import Judge
from dragoman.judges.together import together
from dragoman.languages import language_code
from dragoman.metrics import Metric
from dragoman.signature import digest
from dragoman.translators.best_of_n import of_judge
from dragoman.translators.tree.asking import Asking
from dragoman.types import Candidate, Failure, Group, Segment

# A reconstruction less like the source than this counts for nothing, as in the paper.
FLOOR = 0.25


@dataclass(frozen=True, slots=True)
class Valued:
    """A text's reward, or None where none could be found, and its best reconstruction.

    A text that `waits` belongs into the tree all the same: there was no other to hold it against.
    """

    reward: float | None
    back: str | None
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Siblings:
    """New texts below one node; `first` is true of the tree's first level, `key` is theirs
    alone.

    Of the texts that the tree has, those `beside` may serve as yardsticks, and those `waiting` are
    to be valued as well."""

    texts: Sequence[str]
    beside: Sequence[str]
    waiting: Sequence[str]
    key: int
    first: bool


class Worth(Protocol):
    """Values siblings, and after them the texts that were waiting. `width` is how many siblings a
    round is to make out of so many samples."""

    @property
    def fields(self) -> Mapping[str, object]: ...

    def width(self, samples: int) -> int: ...

    async def of(self, asking: Asking, new: Siblings) -> list[Valued]: ...


@dataclass(frozen=True, slots=True)
class Similarity:
    """How alike two texts of one language are, from 0 to 1: the mean of a metric's scores in
    both orders, for metrics tell a text from its reference."""

    metric: Metric

    def of(self, texts: Sequence[str], other: str, language: str) -> list[float]:
        forth = self._scores(texts, other, language)
        back = [self._scores([other], text, language)[0] for text in texts]
        return [(one + two) / 200 for one, two in zip(forth, back, strict=True)]

    def _scores(self, texts: Sequence[str], reference: str, language: str) -> Sequence[float]:
        segment = Segment("", reference, language, language, reference)
        return self.metric.scores(Group(segment, tuple(map(Candidate, texts))))


@dataclass(frozen=True)
class RoundTrips:
    """The paper's simulation: translate on into other languages and back, and compare.

    At each of `depth` levels every text goes through `samples` bridge languages, drawn with
    replacement, back into the source's language. A reconstruction is held against the source,
    and against the direct back-translation; the reward is the better of the two means. Without
    bridges there is one level, straight back, held against the source alone: the direct
    back-translation would only be held against its like. The segment's own languages bridge
    nothing.
    """

    similarity: Similarity
    samples: int
    bridges: tuple[str, ...] = ()
    depth: int = 2

    def __post_init__(self) -> None:
        if self.depth < 1:
            raise UserError(f"depth {self.depth}: a round trip has at least one level")

    @property
    def fields(self) -> Mapping[str, object]:
        metric = {f"similarity_{k}": v for k, v in self.similarity.metric.fields.items()}
        named = {"similarity" if k == "similarity_metric" else k: v for k, v in metric.items()}
        depth = self.depth if self.bridges else None
        return {**named, "bridges": ",".join(self.bridges), "depth": depth}

    def bridges_for(self, segment: Segment) -> tuple[str, ...]:
        own = {language_code(segment.source_lang), language_code(segment.target_lang)}
        return tuple(one for one in self.bridges if language_code(one) not in own)

    def width(self, samples: int) -> int:
        return 1

    async def of(self, asking: Asking, new: Siblings) -> list[Valued]:
        one = self._straight if new.first else self._simulated
        return await together(one(asking, text, (new.key, i)) for i, text in enumerate(new.texts))

    async def _straight(self, asking: Asking, text: str, path: tuple[int, int]) -> Valued:
        """The first level's value: the likeness of one direct back-translation."""
        segment = asking.segment
        back = await asking.trip(text, segment.target_lang, segment.source_lang, "back", *path)
        if back is None:
            return Valued(None, None)
        return Valued(self._literal([back], segment)[0], back)

    async def _simulated(self, asking: Asking, text: str, path: tuple[int, int]) -> Valued:
        segment = asking.segment
        direct, found = await together(
            [self._direct(asking, text, path), self._reconstructions(asking, text, path)]
        )
        if not found:
            return Valued(None, None)
        literal = [floored(value) for value in self._literal(found, segment)]
        if not direct:
            return Valued(fmean(literal), best_of(found, literal))
        free = self.similarity.of(found, direct[0], segment.source_lang)
        return reward(found, literal, [floored(value) for value in free])

    async def _direct(self, asking: Asking, text: str, path: tuple[int, int]) -> list[str]:
        segment = asking.segment
        if not self.bridges_for(segment):
            return []
        back = await asking.trip(text, segment.target_lang, segment.source_lang, "back", *path)
        return [] if back is None else [back]

    async def _reconstructions(self, asking: Asking, text: str, path: tuple[int, int]) -> list[str]:
        segment = asking.segment
        home, language, texts = segment.source_lang, segment.target_lang, [text]
        bridges = self.bridges_for(segment)
        if not bridges:
            straight = (asking.trip(text, language, home, "straight", *path, i)
                        for i in range(self.samples))  # fmt: skip
            return [back for back in await together(straight) if back is not None]
        rng = random.Random(digest([asking.draw, segment.id, list(path)]))
        for level in range(self.depth):
            drawn = rng.choices(bridges, k=self.samples)
            trips = (
                self._by_way_of(asking, one, (language, bridge, home), (*path, level, i, j))
                for i, one in enumerate(texts)
                for j, bridge in enumerate(drawn)
            )
            texts = [back for back in await together(trips) if back is not None]
            language = home
        return texts

    async def _by_way_of(
        self, asking: Asking, text: str, languages: tuple[str, str, str], path: tuple[int, ...]
    ) -> str | None:
        start, bridge, home = languages
        there = await asking.trip(text, start, bridge, "out", *path)
        return None if there is None else await asking.trip(there, bridge, home, "home", *path)

    def _literal(self, texts: Sequence[str], segment: Segment) -> list[float]:
        return self.similarity.of(texts, segment.source, segment.source_lang)


def floored(value: float) -> float:
    return value if value >= FLOOR else 0.0


def reward(texts: Sequence[str], literal: Sequence[float], free: Sequence[float]) -> Valued:
    """The better of the two means; the best reconstruction has the highest sum."""
    sums = [one + two for one, two in zip(literal, free, strict=True)]
    return Valued(max(fmean(literal), fmean(free)), best_of(texts, sums))


def best_of(texts: Sequence[str], values: Sequence[float]) -> str:
    """The text of the highest value; of equal ones the first."""
    return texts[max(range(len(texts)), key=lambda i: values[i])]


@dataclass(frozen=True)
class Judged:
    """A judge's score as the reward: siblings are judged together, beside texts already in the
    tree, so that a scale that shifts from group to group shows.

    `top` is the judge's highest score. A judgement that cannot be read leaves its texts
    without a reward, and so out of the tree. Where all texts are one, a judge that compares has
    nothing to say: on the first level that text waits for others, further down it is no news.
    """

    judge: Judge
    top: float = 10.0

    def __post_init__(self) -> None:
        if self.top <= 0:
            raise UserError(f"the judge's highest score {self.top:g}: it is above 0")

    @property
    def fields(self) -> Mapping[str, object]:
        return {**of_judge(self.judge.fields), "judge_top": self.top}

    def width(self, samples: int) -> int:
        return samples

    async def of(self, asking: Asking, new: Siblings) -> list[Valued]:
        scores = await self._scores(asking, [*new.texts, *new.waiting], new.beside, new.key)
        segment = asking.segment
        if scores is None:
            if not new.first:
                return [Valued(None, None)] * (len(new.texts) + len(new.waiting))
            back = await asking.trip(
                new.texts[0], segment.target_lang, segment.source_lang, "back", new.key, 0
            )
            return [Valued(None, back, waits=True), *[Valued(None, None)] * (len(new.texts) - 1)]
        backs = await together(
            asking.trip(text, segment.target_lang, segment.source_lang, "back", new.key, i)
            for i, text in enumerate(new.texts)
        )
        # What waits has been translated back already.
        backs += [None] * len(new.waiting)
        return [Valued(score, back) for score, back in zip(scores, backs, strict=True)]

    async def _scores(
        self, asking: Asking, texts: Sequence[str], beside: Sequence[str], key: int
    ) -> Sequence[float | None] | None:
        """A score for each text; nothing at all where there was nothing to compare."""
        shown = list(dict.fromkeys([*texts, *beside]))
        group = Group(asking.segment, tuple(map(Candidate, shown)))
        judgement = await self.judge.judge(group, asking.number(("judge", key)))
        asking.count(judgement)
        verdict = judgement.verdict
        if verdict is None:
            return [None] * len(texts)
        if verdict.scores is None:
            if len(shown) == 1:
                return None
            asking.failures.append(Failure("no-scores", "the judge ranks without scores"))
            return [None] * len(texts)
        if max(verdict.scores) > self.top:
            raise UserError(
                f"the judge gave {max(verdict.scores):g}, above --judge-top {self.top:g}"
            )
        given = dict(zip(shown, verdict.scores, strict=True))
        return [max(0.0, given[text] / self.top) for text in texts]
