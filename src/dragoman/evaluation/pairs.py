"""All pairs of candidates of all groups, as arrays: what every figure is counted from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Scores: TypeAlias = Sequence[Sequence[float]]
"""A row of scores for each group, one a candidate."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs in the order of their groups: the group of each, the places of its two candidates,
    and by how much people and the judge put the first above the second. `counts` are the pairs
    of each group."""

    group: Ints
    first: Ints
    second: Ints
    human: Floats
    said: Floats
    counts: Ints

    def __len__(self) -> int:
        return len(self.group)

    def right(self, epsilon: float = 0.0) -> Bools:
        """Where both say the same of >, = and <, when gaps up to epsilon are said to be ties."""
        said = np.where(np.abs(self.said) <= epsilon, 0.0, np.sign(self.said))
        return said == np.sign(self.human)

    def sums(self, values: NDArray[Any]) -> Floats:
        """The sum over the pairs of each group."""
        summed: Floats = np.zeros(len(self.counts))
        np.add.at(summed, self.group, values)
        return summed


def pairs_of(human: Scores, said: Scores) -> Pairs:
    """The pairs of groups; each has two candidates or more, and as many scores of both kinds."""
    sizes = np.array([len(row) for row in human], dtype=np.int64)
    for number, (people, judge) in enumerate(zip(human, said, strict=True)):
        if len(people) != len(judge):
            raise ValueError(f"group {number}: {len(judge)} scores for {len(people)} candidates")
    columns: list[list[NDArray[Any]]] = [[], [], [], [], []]
    for size in sorted(set(sizes.tolist())):
        members = np.flatnonzero(sizes == size)
        first, second = np.triu_indices(size, 1)
        people = np.array([human[m] for m in members.tolist()], dtype=float)
        judge = np.array([said[m] for m in members.tolist()], dtype=float)
        columns[0].append(np.repeat(members, len(first)))
        columns[1].append(np.tile(first, len(members)))
        columns[2].append(np.tile(second, len(members)))
        columns[3].append((people[:, first] - people[:, second]).ravel())
        columns[4].append((judge[:, first] - judge[:, second]).ravel())
    whole = [np.concatenate([*column, np.zeros(0)]) for column in columns]
    group, first, second = (column.astype(np.int64) for column in whole[:3])
    order = np.argsort(group, kind="stable")
    return Pairs(
        group[order],
        first[order],
        second[order],
        whole[3][order],
        whole[4][order],
        sizes * (sizes - 1) // 2,
    )
