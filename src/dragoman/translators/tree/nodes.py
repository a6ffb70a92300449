"""The tree and its arithmetic: pure functions, in which nothing is asked.

The root is the source. Every other node is a translation, and its reward, from 0 to 1, also
counts for all nodes above it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, log, sqrt
from statistics import fmean
from typing import Any, Literal, TypeAlias, cast, get_args

from dragoman.row_files import kind, writable

Made = Literal["source", "sample", "mutation", "merge"]

PERFECT = 1 - 1e-9
WRONG_LANGUAGE = 0.5
"""What a text in the wrong language keeps of its utility."""


def kept(utility: float) -> float:
    """The utility of a text in the wrong language. Below zero, where a judge's scores may lie,
    half of it would be more."""
    return utility * WRONG_LANGUAGE if utility > 0 else utility / WRONG_LANGUAGE


@dataclass(frozen=True, slots=True)
class Node:
    """A text, how it was made and from which node, and what was found of it and below it.

    `back` is its best reconstruction of the source.
    """

    text: str
    made: Made
    parent: int | None = None
    back: str | None = None
    total: float = 0.0
    visits: int = 0

    @property
    def utility(self) -> float:
        """The mean reward; a node that was never visited has none and says 0."""
        return self.total / self.visits if self.visits else 0.0


Tree: TypeAlias = tuple[Node, ...]


def uct(node: Node, parent_visits: int, exploration: float = 2.0) -> float:
    """Q/N + c·√(2·ln N_parent / N); what was never visited comes first."""
    if node.visits == 0:
        return inf
    return node.utility + exploration * sqrt(2 * log(parent_visits) / node.visits)


def children(tree: Tree, at: int) -> list[int]:
    return [i for i, node in enumerate(tree) if node.parent == at]


def select(tree: Tree, exploration: float = 2.0) -> int:
    """From the root to a leaf by the highest UCT; of equal ones the earliest."""
    at = 0
    while below := children(tree, at):
        visits = tree[at].visits
        at = max(below, key=lambda i: uct(tree[i], visits, exploration))
    return at


def grown(tree: Tree, node: Node, reward: float) -> Tree:
    """The tree with a further node, whose reward is propagated back to the root."""
    return propagated((*tree, node), len(tree), reward)


def propagated(tree: Tree, at: int, reward: float) -> Tree:
    """One more visit with this reward for a node and all above it."""
    nodes = list(tree)
    step: int | None = at
    while step is not None:
        node = nodes[step]
        nodes[step] = replace(node, total=node.total + reward, visits=node.visits + 1)
        step = node.parent
    return tuple(nodes)


def best(tree: Tree) -> int:
    """The node of the highest utility, the root included; of equal ones the earliest."""
    return max(range(len(tree)), key=lambda i: tree[i].utility)


def level_order(tree: Tree) -> list[int]:
    """All nodes but the root, level by level, each level in the order made."""
    level, found = children(tree, 0), list[int]()
    while level:
        found += level
        level = [below for at in level for below in children(tree, at)]
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """One of the tree's different texts, and how good it was found to be."""

    text: str
    utility: float
    wrong: bool = False


def standings(tree: Tree, is_wrong: Callable[[str], bool] = lambda text: False) -> list[Standing]:
    """The different texts in level order. Nodes of one text have the mean of their utilities;
    a text in the wrong language has half of it."""
    utilities: dict[str, list[float]] = {}
    for at in level_order(tree):
        utilities.setdefault(tree[at].text, []).append(tree[at].utility)
    found: list[Standing] = []
    for text, values in utilities.items():
        wrong = is_wrong(text)
        found.append(Standing(text, kept(fmean(values)) if wrong else fmean(values), wrong))
    return found


def summed(tree: Tree) -> list[Standing]:
    """What the published code makes of a tree: nodes of one text have the sum of their utilities,
    and no language is looked at."""
    utilities: dict[str, float] = {}
    for at in level_order(tree):
        utilities[tree[at].text] = utilities.get(tree[at].text, 0.0) + tree[at].utility
    return [Standing(text, utility) for text, utility in utilities.items()]


def by_utility(found: Sequence[Standing]) -> list[Standing]:
    """Best first; of equal ones the one that stands higher in the tree."""
    return sorted(found, key=lambda standing: -standing.utility)


def is_settled(tree: Tree, is_wrong: Callable[[str], bool]) -> bool:
    """Whether the leader cannot be caught: rewards are means of numbers up to 1, so a new node
    may overtake every leader but a perfect one."""
    found = by_utility(standings(tree, is_wrong))
    return bool(found) and found[0].utility >= PERFECT


def tree_rows(tree: Tree) -> list[dict[str, Any]]:
    """The tree as plain values; `tree_from_rows` makes an equal one of them."""
    rows: list[dict[str, Any]] = []
    for node in tree:
        row: dict[str, Any] = {
            "text": writable(node.text),
            "made": node.made,
            "parent": node.parent,
        }
        row |= {"total": node.total, "visits": node.visits}
        rows.append(row if node.back is None else {**row, "back": writable(node.back)})
    return rows


def object_in(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """What a translation line holds there, if anything; ValueError says that it is no object."""
    value: object = row.get(key) or {}
    if not isinstance(value, Mapping):
        raise ValueError(f"{key!r} must be an object, not {kind(value)}")
    return cast(Mapping[str, Any], value)


def tree_from_rows(rows: Sequence[Mapping[str, Any]]) -> Tree:
    """The tree of these rows; ValueError says what is wrong with them."""
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):  # pyright: ignore
        raise ValueError("'tree' must be a list of nodes")
    return tuple(_node(number, row) for number, row in enumerate(rows))


def _node(number: int, row: Mapping[str, Any]) -> Node:
    where, above = f"node {number} of the tree", row.get("parent")
    text, back = row.get("text"), row.get("back")
    if not isinstance(text, str) or row.get("made") not in get_args(Made):
        raise ValueError(f"{where} has no text or was made in no known way")
    if above is not None and not (isinstance(above, int) and 0 <= above < number):
        raise ValueError(f"{where} hangs on {above}")
    if (above is None) != (number == 0):
        raise ValueError(f"{where} hangs on {above}")
    total, visits = row.get("total"), row.get("visits")
    if not isinstance(total, int | float) or not isinstance(visits, int) or visits < 0:
        raise ValueError(f"{where} does not say its total and its visits")
    if back is not None and not isinstance(back, str):
        raise ValueError(f"{where} has a reconstruction that is no text")
    return Node(text, row["made"], above, back, total, visits)
