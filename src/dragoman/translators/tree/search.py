"""The genetic tree search of TRANS-ZERO: sample, select, mutate or merge, simulate, propagate.

A round goes down to a leaf by UCT. Is that leaf the best node, or is the root, its best
reconstruction is translated anew (a mutation); else the source is, with leaf and best node as
examples and without, and the likelier of the two is kept (a merge). All prompts of a step are
asked together, and every draw has its own number, so that order and speed of answers change
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeAlias

from dragoman.asking import Asked
from dragoman.errors import UserError
from dragoman.judges.fields import asking_fields
from dragoman.judges.together import together
from dragoman.language_check import LanguageCheck
from dragoman.signature import signature
from dragoman.translators.guards import in_wrong_language
from dragoman.translators.sample import SampleTranslator
from dragoman.translators.tree.asking import Asking, TreeBudget
from dragoman.translators.tree.nodes import (
    Made,
    Node,
    Standing,
    Tree,
    best,
    by_utility,
    grown,
    is_settled,
    propagated,
    select,
    standings,
    summed,
    tree_rows,
)
from dragoman.translators.tree.worth import Siblings, Worth
from dragoman.types import Segment, Translation

New: TypeAlias = tuple[Made, list[str]]


@dataclass(frozen=True)
class TreeTranslator:
    """Orders the different texts of a search tree by utility, the best first.

    `details` hold a utility for each text, the tree, the rounds, and why it stopped: after all
    `rounds`, at its budget (`calls`, `tokens`), or `settled`, when nothing could overtake its
    leader. A text in the wrong language, by `check`, keeps half of its utility; so does a copy.
    With `compat` all rounds are done, and the choice is that of the published code.
    """

    sampler: SampleTranslator
    worth: Worth
    check: LanguageCheck
    rounds: int = 20
    exploration: float = 2.0
    budget: TreeBudget = TreeBudget()
    every_round: bool = False
    compat: bool = False

    def __post_init__(self) -> None:
        if self.rounds < 0 or self.exploration < 0:
            raise UserError("a tree search has 0 rounds or more, and explores by 0 or more")
        if self.sampler.asker.sampling.temperature == 0:
            raise UserError("a tree search draws; give it a temperature: --temperature 0.5")

    @property
    def fields(self) -> Mapping[str, object]:
        asker = asking_fields(self.sampler.asker, self.sampler.format)
        return {
            "translator": "tree",
            "samples": self.sampler.samples,
            "rounds": self.rounds,
            "exploration": self.exploration,
            "every_round": "yes" if self.every_round else None,
            "tree_choice": "compat" if self.compat else None,
            "tree_calls": self.budget.calls,
            "tree_tokens": self.budget.tokens,
            "language_check": self.check.name,
            **self.worth.fields,
            **asker,
        }

    async def translate(self, segment: Segment, draw: int = 0) -> Translation:
        asking = Asking(self.sampler.asker, self.sampler.format, segment, draw)
        is_wrong = cache(partial(self._is_wrong, segment))
        tree, stopped, rounds = await self._planted(asking), "rounds", 0
        while len(tree) > 1 and rounds < self.rounds:
            if not (self.every_round or self.compat) and is_settled(tree, is_wrong):
                stopped = "settled"
                break
            if limit := self.budget.spent(asking.used):
                stopped = limit
                break
            rounds += 1
            tree = await self._round(asking, tree, rounds)
        found = by_utility(summed(tree) if self.compat else standings(tree, is_wrong))
        return self._result(asking, tree, found, stopped, rounds)

    def _is_wrong(self, segment: Segment, text: str) -> bool:
        return in_wrong_language(segment, text, self.check)

    async def _planted(self, asking: Asking) -> Tree:
        """The root and its children: samples of the source's translation."""
        source = asking.segment.source
        asked = await together(
            asking.there(source, "sample", i) for i in range(self.sampler.samples)
        )
        texts = [one.answer for one in asked if one.answer is not None]
        tree: Tree = (Node(source, "source", back=source),)
        return await self._with(asking, tree, 0, ("sample", texts), 0)

    async def _round(self, asking: Asking, tree: Tree, number: int) -> Tree:
        leaf, leader = select(tree, self.exploration), best(tree)
        if leader in (leaf, 0):
            new = await self._mutation(asking, tree[leaf], number)
        else:
            new = await self._merge(asking, tree[leaf], tree[leader], number)
        return await self._with(asking, tree, leaf, new, number)

    async def _with(self, asking: Asking, tree: Tree, above: int, new: New, key: int) -> Tree:
        """The tree with new texts below a node. One whose worth cannot be found is left out,
        and a node above that has waited for something to be held against is valued with them."""
        made, texts = new
        if not texts:
            return tree
        beside = [tree[i].text for i in sorted({above, best(tree)} - {0})]
        waiting = [above] if above and not tree[above].visits else []
        siblings = Siblings(texts, beside, [tree[i].text for i in waiting], key, first=above == 0)
        valued = await self.worth.of(asking, siblings)
        for at, one in zip(waiting, valued[len(texts) :], strict=True):
            if one.reward is not None:
                tree = propagated(tree, at, one.reward)
        for text, one in zip(texts, valued[: len(texts)], strict=True):
            node = Node(text, made, above, one.back)
            if one.reward is not None:
                tree = grown(tree, node, one.reward)
            elif one.waits:
                tree = (*tree, node)
        return tree

    async def _mutation(self, asking: Asking, leaf: Node, number: int) -> New:
        source = asking.segment.source if leaf.back is None else leaf.back
        width = self.worth.width(self.sampler.samples)
        asked = await together(asking.there(source, "mutation", number, i) for i in range(width))
        return "mutation", [one.answer for one in asked if one.answer is not None]

    async def _merge(self, asking: Asking, leaf: Node, leader: Node, number: int) -> New:
        source = asking.segment.source
        pairs = [(node.back, node.text) for node in (leader, leaf) if node.back is not None]
        width = self.worth.width(self.sampler.samples)
        if width > 1:
            asked = await together(
                asking.there(source, "merge", number, i, examples=pairs) for i in range(width)
            )
            return "merge", [one.answer for one in asked if one.answer is not None]
        shown, alone = await together(
            asking.there(source, "merge", number, i, examples=examples)
            for i, examples in enumerate((pairs, ()))
        )
        kept = likelier(shown, alone)
        return "merge", [] if kept is None else [kept]

    def _result(
        self, asking: Asking, tree: Tree, found: list[Standing], stopped: str, rounds: int
    ) -> Translation:
        details: dict[str, object] = {
            # Where nothing was ever valued, there is no number to tell.
            "utilities": [round(one.utility, 4) for one in found] if tree[0].visits else [],
            "wrong": [i for i, one in enumerate(found) if one.wrong],
            "rounds": rounds,
            "stopped": stopped,
            "used": {"calls": asking.used.calls,
                     "tokens": asking.used.prompt_tokens + asking.used.reply_tokens},
            "lost": asking.lost,
            "tree": tree_rows(tree),
        }  # fmt: skip
        details = {key: value for key, value in details.items() if value not in ([], {})}
        failure = None if found else asking.failure
        return Translation(
            asking.segment,
            tuple(one.text for one in found),
            failure,
            tuple(asking.replies),
            signature(self.fields),
            asking.paid,
            details if found else {},
        )


def likelier(shown: Asked[str], alone: Asked[str]) -> str | None:
    """The answer of the higher likelihood. An engine that tells none leaves the one that was
    asked for with examples, which is what a merge is for."""
    if shown.answer is None or alone.answer is None:
        return alone.answer if shown.answer is None else shown.answer
    if shown.logprob is None or alone.logprob is None:
        return shown.answer
    return shown.answer if shown.logprob >= alone.logprob else alone.answer
