"""What all endpoints share: one judge behind one door, limits, and how requests are refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from dragoman.errors import UserError
from dragoman.judges import Judge
from dragoman.ledger import Ledger
from dragoman.records import group_from_row
from dragoman.row_files import Row
from dragoman.serving.cohort import Outcome, Store
from dragoman.serving.cohorts import Cohorts, CohortSettings
from dragoman.serving.meters import Meters
from dragoman.serving.queue import JudgeQueue
from dragoman.types import Group, Judgement

Result = TypeVar("Result")


class Refusal(Exception):
    """A request that gets no answer: the status, why, and what in its JSON is to blame."""

    def __init__(
        self, status: int, problem: str, *, path: str | None = None, retry_after: int | None = None
    ):
        self.status, self.problem = status, problem
        self.path, self.retry_after = path, retry_after
        super().__init__(problem)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much a request may ask for, and how long it may take."""

    body: int = 8 * 2**20
    bodies: int = 256 * 2**20
    """Of all bodies that are coming in or not read yet; when it is reached, only small ones are
    taken."""
    small_body: int = 64 * 2**10
    groups: int = 1000
    candidates: int = 256
    characters: int = 50_000
    body_seconds: float = 30.0
    request_seconds: float = 600.0
    longest_deadline: float = 3600.0
    queue: int = 2000
    """Groups that may wait for the judge; one more and the answer is 429."""

    def check_text(self, text: str | None, path: str) -> None:
        if text is not None and len(text) > self.characters:
            raise Refusal(413, f"a text has at most {self.characters} characters", path=path)

    def check_count(self, count: int, most: int, path: str) -> None:
        if count > most:
            raise Refusal(413, f"{count} are more than {most}", path=path)


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What requests leave unsaid in contracts that have no word for it."""

    src_lang: str | None = None
    tgt_lang: str | None = None
    deadline: float = 300.0
    group_size: int | None = None
    """Rollouts of a prompt, for OpenRLHF, which does not say."""
    format: str = "codeblock-think"
    """How a translation is found in a reply, for OpenRLHF."""


class Service:
    """One judge, with at most `concurrency` groups before it and `limits.queue` in line; one that
    is slow is asked again at most `hedge` times."""

    def __init__(
        self,
        judge: Judge,
        *,
        concurrency: int = 16,
        hedge: int = 0,
        limits: Limits = Limits(),
        defaults: Defaults = Defaults(),
        cohort_settings: CohortSettings = CohortSettings(),
        store: Store | None = None,
        ledger: Ledger | None = None,
        on_judged: Callable[[Judgement], None] = lambda judgement: None,
    ):
        self.limits, self.defaults = limits, defaults
        self.meters = Meters()
        self.leaving = False
        self.coming = 0
        """Bytes of bodies that are not whole, or wait to be read."""
        self.cohorts = Cohorts(self.judge, cohort_settings, store, self._count_cohort)
        self.ledger = ledger
        self._judge, self._on_judged = judge, on_judged
        self._queue, self._inside = JudgeQueue(judge, concurrency, hedge, self.meters), 0
        self._places, self._most = concurrency, concurrency + limits.queue
        self._aside = asyncio.Lock()

    @property
    def judge_fields(self) -> Mapping[str, object]:
        """What the judge is."""
        return self._judge.fields

    async def judge(self, group: Group) -> Judgement:
        """Wait for a place and judge."""
        judgement = await self._queue.judge(group)
        failure = judgement.failure
        self.meters.count("judgements", outcome=failure.reason if failure else "ok")
        self._on_judged(judgement)
        return judgement

    async def judge_all(self, groups: Sequence[Group]) -> list[Judgement]:
        """All of them, or a refusal when the line is too long."""
        with self.judging(groups) as tasks:
            return await asyncio.gather(*tasks)

    @contextmanager
    def judging(self, groups: Sequence[Group]) -> Generator[Sequence[asyncio.Task[Judgement]]]:
        """Their judgements to come, which whoever leaves gives up. So many of one request are in
        line that the judge is kept busy, and no more: nobody stands behind all of a large one."""
        turns = asyncio.Semaphore(2 * self._places)

        async def in_turn(group: Group) -> Judgement:
            async with turns:
                return await self.judge(group)

        with self.admitted(len(groups)):
            tasks = [asyncio.create_task(in_turn(group)) for group in groups]
            try:
                yield tasks
            finally:
                for task in tasks:
                    task.cancel()

    async def aside(self, work: Callable[..., Result], *values: object) -> Result:
        """Long work in a thread, so that others are answered meanwhile; one at a time, so that
        they take turns with it alone."""
        async with self._aside:
            return await asyncio.to_thread(work, *values)

    def check_room(self, groups: int) -> None:
        """Refuse so many groups if they have no place in line."""
        if self.leaving:
            raise Refusal(503, "the server is stopping", retry_after=1)
        if self._inside + groups > self._most:
            raise Refusal(429, f"{self._inside} groups are waiting", retry_after=1)

    @contextmanager
    def admitted(self, groups: int) -> Generator[None]:
        """A place in line for so many groups."""
        self.check_room(groups)
        self._inside += groups
        try:
            yield
        finally:
            self._inside -= groups

    def leave(self) -> None:
        """Take in nothing more; what is under way is finished."""
        self.leaving = True
        self.cohorts.leave()

    def gauges(self) -> dict[str, float]:
        return {"groups_waiting": self._inside, "rollouts_waiting": self.cohorts.waiting}

    def group(self, row: Row, path: str) -> Group:
        """A checked group; what is wrong is named under `path`."""
        self.limits.check_count(
            len(row["candidates"]), self.limits.candidates, f"{path}.candidates"
        )
        for key in ("source", "reference", "comment"):
            self.limits.check_text(row.get(key), f"{path}.{key}")
        for number, candidate in enumerate(row["candidates"]):
            self.limits.check_text(candidate["text"], f"{path}.candidates[{number}].text")
        try:
            return group_from_row(row)
        except (ValueError, UserError) as error:
            raise Refusal(400, str(error), path=path) from None

    def languages(self, src_lang: str | None, tgt_lang: str | None) -> tuple[str, str]:
        """Of a request, or of the server."""
        source, target = src_lang or self.defaults.src_lang, tgt_lang or self.defaults.tgt_lang
        if source is None or target is None:
            raise Refusal(
                400,
                "give src_lang and tgt_lang, or start the server with --from and --to",
                path="$.src_lang" if source is None else "$.tgt_lang",
            )
        return source, target

    def _count_cohort(self, outcome: Outcome) -> None:
        answers = [*outcome.answers.values()] or [outcome.others]
        reason = next((a.reason for a in answers if a.reason), None)
        self.meters.count("cohorts", outcome=(reason or "ok").partition(":")[0])
