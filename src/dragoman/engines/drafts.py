"""Replies as they grow, token by token, and the one place that says when one is complete."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dragoman.engines.batching import Job
from dragoman.engines.chat import ChatTokenizer
from dragoman.engines.model_folder import ModelFolder
from dragoman.engines.replies import cut_at_stop
from dragoman.errors import DragomanError, PromptRefused
from dragoman.signature import digest
from dragoman.types import Completion, Finish, Reply, Usage


class Draft:
    """One reply under way. `finish` stays None until it is complete."""

    def __init__(self, work: Work, number: int):
        self.work = work
        self.seed = int(digest([work.job.sampling.seed, number])[:8], 16) >> 1
        self.tokens: list[int] = []
        self.logprob = 0.0
        self.finish: Finish | None = None
        self._text = ""
        self._stream = work.chat.stream()

    def add(self, token: int, logprob: float) -> None:
        """One more token and its log-probability under the model."""
        self.tokens.append(token)
        self.logprob += logprob
        if token in self.work.ends:
            self.finish = "stop"
            return
        piece = self._stream(token) if self.work.watched else ""
        self._text += piece
        if piece and self.work.complete(self._text, len(piece)):
            self.finish = "stop"
        elif len(self.tokens) >= self.work.limit:
            self.finish = "length"

    def reply(self) -> Reply:
        """The finished reply, without its stop string."""
        text = self.work.chat.decode(self.tokens)
        text = cut_at_stop(text, self.work.job.sampling.stop)
        return Reply(text, self.finish or "length", self.logprob)


class Work:
    """A job on the desk: its prompt as tokens and a draft for each reply.

    A greedy job has one draft, however many replies were asked for.
    """

    def __init__(self, job: Job, tokens: list[int], chat: ChatTokenizer, folder: ModelFolder):
        self.job, self.tokens, self.chat, self.ends = job, tokens, chat, folder.ends
        self.limit = min(job.sampling.max_tokens, folder.context - len(tokens))
        self._finished = re.compile(job.prompt.finished) if job.prompt.finished else None
        self._stops = [stop for stop in job.sampling.stop if stop]
        self._longest = max(map(len, self._stops), default=0)
        self.watched = bool(self._stops or self._finished)
        count = job.sampling.n if job.sampling.temperature > 0 else 1
        self.drafts = [Draft(self, number) for number in range(count)]

    def complete(self, text: str, fresh: int) -> bool:
        """Does `text`, whose last `fresh` characters are new, need no more?"""
        start = max(0, len(text) - fresh - self._longest)
        if any(text.find(stop, start) >= 0 for stop in self._stops):
            return True
        return self._finished is not None and self._finished.search(text) is not None

    def deliver(self) -> None:
        """Answer the job once every draft is finished."""
        if any(draft.finish is None for draft in self.drafts):
            return
        replies = tuple(draft.reply() for draft in self.drafts)
        written = sum(len(draft.tokens) for draft in self.drafts)
        copies = self.job.sampling.n // len(replies)
        self.job.answer(Completion(replies * copies, Usage(1, len(self.tokens), written)))


def begin(jobs: Sequence[Job], chat: ChatTokenizer, folder: ModelFolder) -> list[Work]:
    """Work for each job that can be done; the others fail with their reason."""
    works: list[Work] = []
    for job in jobs:
        try:
            tokens = chat.encode(job.prompt)
            if not 0 < len(tokens) < folder.context:
                problem = f"the prompt has {len(tokens)} tokens; {folder.name} takes 1 to "
                raise PromptRefused(f"{problem}{folder.context - 1}")
            works.append(Work(job, tokens, chat, folder))
        except (DragomanError, re.error) as error:
            job.fail(error)
    return works
