"""The group judge: one prompt shows the source and every candidate together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dragoman.asking import Asker
from dragoman.formats import Format
from dragoman.formats.letters import MOST
from dragoman.judges.distinct import Comparing
from dragoman.judges.fields import asking_fields
from dragoman.signature import signature
from dragoman.types import Failure, Group, Judgement, Verdict


@dataclass(frozen=True)
class GroupJudge(Comparing):
    """Asks one question a group; the format says how, and reads the answer."""

    asker: Asker
    format: Format[Group, Verdict]

    @property
    def fields(self) -> Mapping[str, object]:
        return {"judge": "group", **asking_fields(self.asker, self.format)}

    async def compare(self, group: Group, draw: int) -> Judgement:
        if len(group) > MOST:
            detail = f"a prompt has letters for {MOST} candidates, not {len(group)}; set slots"
            failure = Failure("too-many-candidates", detail)
            return Judgement(group, None, failure, signature=signature(self.fields))
        asked = await self.asker.ask(self.format, group, draw)
        return Judgement(
            group,
            asked.answer,
            asked.failure,
            asked.replies,
            signature(self.fields),
            asked.usage,
        )
