"""Options of the tree search; a field is a flag, its docstring the flag's help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from dragoman.cli.running import Flag
from dragoman.language_check import LanguageCheck
from dragoman.translators.tree.asking import TreeBudget
from dragoman.translators.tree.settings import TreeSettings


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """How --translator tree searches; with --judge its scores value the nodes."""

    rounds: int = 20
    """Rounds of select, mutate or merge, and simulate."""
    bridge: Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)] = ()
    """A language to translate into and back from; give one --bridge for each."""
    depth: int = 2
    """How many times a text goes through bridge languages and back."""
    exploration: float = 2.0
    """How much UCT favours what was seldom visited."""
    every_round: Flag = False
    """Go on even when nothing could overtake the leader."""
    tree_compat: Flag = False
    """Choose as the published code does: equal texts sum up, and no language is looked at."""
    tree_calls: int | None = None
    """Begin no further round for a segment after so many calls."""
    tree_tokens: int | None = None
    """Begin no further round for a segment after so many tokens."""
    judge_top: float = 10.0
    """The judge's highest score."""

    def settings(self, check: LanguageCheck) -> TreeSettings:
        """The search these options describe."""
        return TreeSettings(
            self.rounds, self.depth, self.bridge, self.exploration, self.every_round,
            TreeBudget(self.tree_calls, self.tree_tokens), self.judge_top, check,
            self.tree_compat,
        )  # fmt: skip
