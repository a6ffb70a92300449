"""How a tree search goes, and the translator made of it."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman.errors import UserError
from dragoman.judges import Judge
from dragoman.language_check import UNCHECKED, LanguageCheck
from dragoman.languages import language_name
from dragoman.metrics import make_metric
from dragoman.translators.sample import SampleTranslator
from dragoman.translators.tree.asking import TreeBudget
from dragoman.translators.tree.search import TreeTranslator
from dragoman.translators.tree.worth import Judged, RoundTrips, Similarity, Worth


@dataclass(frozen=True, slots=True)
class TreeSettings:
    """The paper's numbers by default, but for the bridges, of which it has the languages of its
    model."""

    rounds: int = 20
    depth: int = 2
    bridges: tuple[str, ...] = ()
    exploration: float = 2.0
    every_round: bool = False
    budget: TreeBudget = TreeBudget()
    judge_top: float = 10.0
    check: LanguageCheck = UNCHECKED
    compat: bool = False

    def make(self, sampler: SampleTranslator, judge: Judge | None, metric: str) -> TreeTranslator:
        """The translator whose nodes are valued by the judge, or else by the metric."""
        return TreeTranslator(
            sampler,
            self._worth(sampler, judge, metric),
            self.check,
            self.rounds,
            self.exploration,
            self.budget,
            self.every_round,
            self.compat,
        )

    def _worth(self, sampler: SampleTranslator, judge: Judge | None, metric: str) -> Worth:
        if judge is None:
            for bridge in self.bridges:
                language_name(bridge)
            similarity = Similarity(make_metric(metric or "chrf"))
            return RoundTrips(similarity, sampler.samples, self.bridges, self.depth)
        if metric or self.bridges:
            raise UserError("a judge values the tree's nodes, so no round trips do; choose one")
        if self.budget.tokens is not None:
            raise UserError("with a judge a tree's budget is in calls: --tree-calls")
        return Judged(judge, self.judge_top)
