"""A judge that says what a function says, for tests of the judges around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dragoman.ranking import rank_scores
from dragoman.signature import signature
from dragoman.types import Failure, Group, Judgement, Ranking, Usage, Verdict

Says = Sequence[float] | Ranking | Failure

UNREADABLE = Failure("no-scores", "the reply ends in mid-air")


@dataclass
class Planted:
    """`say` gets the texts in the order shown, and the draw."""

    say: Callable[[tuple[str, ...], int], Says]
    fields: Mapping[str, object] = field(default_factory=lambda: {"judge": "planted"})
    asked: list[tuple[tuple[str, ...], int]] = field(default_factory=list)

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        texts = tuple(c.text for c in group.candidates)
        self.asked.append((texts, draw))
        said = self.say(texts, draw)
        verdict, failure = None, None
        if isinstance(said, Failure):
            failure = said
        elif isinstance(said, Ranking):
            verdict = Verdict(said, None, f"of {texts}")
        else:
            verdict = Verdict(rank_scores(said), tuple(map(float, said)), f"of {texts}")
        reply = (f"reply on {texts}",)
        return Judgement(group, verdict, failure, reply, signature(self.fields), Usage(1, 10, 2))
