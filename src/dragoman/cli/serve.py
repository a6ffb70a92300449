"""`dragoman serve`: a judge behind HTTP."""

from __future__ import annotations

import asyncio
import gc
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from dragoman.cli.options import EngineOptions, JudgeOptions
from dragoman.environment import token_from
from dragoman.errors import MissingExtra, UserError
from dragoman.formats.verdict_line import verdict_row
from dragoman.judges import COMPUTED
from dragoman.languages import language_name
from dragoman.ledger import Ledger
from dragoman.records import group_to_row
from dragoman.rewards.group import GroupReward
from dragoman.rewards.length import Overlong
from dragoman.row_files import to_line
from dragoman.types import Judgement


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class CohortOptions:
    """Rollouts that wait for their siblings, and what they earn."""

    cohorts: Path | None = None
    """The file in which cohorts outlive the server; without it they do not."""
    partial: Literal["judge", "drop"] = "judge"
    """Whether a group whose siblings are lost is judged as it is, or dropped."""
    deadline: float = 300.0
    """Seconds a rollout waits, unless it says itself."""
    judging: float = 30.0
    """Seconds of a deadline that are kept for the judge, at most half of it."""
    group_size: int | None = None
    """Rollouts of a prompt, for OpenRLHF, which does not say."""
    reply_format: str = "codeblock-think"
    """How a translation is found in a reply, for OpenRLHF."""
    scale: float = 0.01
    """A reward is the score times this, less the penalty for length."""
    free_tokens: int = 2048
    """Tokens that cost nothing; after as many again the penalty is whole."""
    length_penalty: float = 0.04
    """The whole penalty."""
    compat: Annotated[bool, Parameter(negative=(), show_default=False)] = False
    """The published rewards with their defects."""


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    token_env: str | None = None,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    to: str | None = None,
    queue: int = 2000,
    hedge: int = 0,
    ledger: Path | None = None,
    log_text: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    judge: JudgeOptions = JudgeOptions(),
    engine: EngineOptions = EngineOptions(),
    cohort: CohortOptions = CohortOptions(),
) -> int:
    """Serve a judge over HTTP: ranking, reranking, and rewards for trainers.

    Stops on SIGTERM or Ctrl-C, after finishing what is being judged.

    Parameters
    ----------
    host
        Where to listen. Anything but this machine itself wants a token.
    port
        The port; 0 takes a free one and says which.
    token_env
        The environment variable that holds the token which clients must send.
    from_
        The language of sources, for requests that do not say.
    to
        The language of translations, for requests that do not say.
    queue
        Groups that may wait for the judge; one more is told to come again (429).
    hedge
        How often, at most, a group whose judgement takes long is asked about again, while nobody
        waits and the judge has room. The first verdict counts. Costs calls.
    ledger
        Where the engine's replies are kept, so that none is asked for twice. The page shows the
        finished records in it, such as those of a run of `dragoman rank`.
    log_text
        Write each group and what became of it to stderr, a line of JSON each. Without it no text
        of a request is in any log.
    """
    from dragoman.asking import NoCache

    # English too: the first request must not wait until all names are loaded.
    for language in (from_, to, "en"):
        if language is not None:
            language_name(language)
    token = token_from(token_env)
    try:
        from dragoman.serving.app import make_app
        from dragoman.serving.cohort_store import CohortStore
        from dragoman.serving.cohorts import CohortSettings
        from dragoman.serving.server import is_loopback, listen
        from dragoman.serving.server import serve as run
        from dragoman.serving.service import Defaults, Limits, Service
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "starlette", "serve") from None
    overlong = Overlong(cohort.free_tokens, cohort.free_tokens, cohort.length_penalty)
    settings = CohortSettings(
        reward=GroupReward(scale=cohort.scale, overlong=overlong),
        compat=cohort.compat,
        partial=cohort.partial,
        judging=cohort.judging,
    )
    defaults = Defaults(
        src_lang=from_,
        tgt_lang=to,
        deadline=cohort.deadline,
        group_size=cohort.group_size,
        format=cohort.reply_format,
    )

    if hedge and (judge.judge or "").partition(":")[0] in COMPUTED:
        raise UserError(f"--hedge is for judges that ask an engine; {judge.judge} asks none")

    async def work() -> None:
        opened = engine.open()
        try:
            with Ledger(ledger) if ledger else nullcontext() as kept:
                made = judge.make(opened, engine.sampling, kept or NoCache())
                store = CohortStore(cohort.cohorts) if cohort.cohorts else None
                try:
                    service = Service(
                        made,
                        concurrency=engine.concurrency,
                        hedge=hedge,
                        limits=Limits(queue=queue),
                        defaults=defaults,
                        cohort_settings=settings,
                        store=store,
                        ledger=kept,
                        on_judged=_log if log_text else lambda judgement: None,
                    )
                    with listen(host, port, token=token) as listener:
                        app = make_app(service, token, loopback=is_loopback(host))
                        place = listener.getsockname()[1]
                        shown = f"[{host}]" if ":" in host else host
                        print(f"serving on http://{shown}:{place}", file=sys.stderr, flush=True)
                        _keep_what_is_here()
                        await run(app, [listener])
                finally:
                    if store:
                        store.close()
        finally:
            if opened:
                await opened.close()

    asyncio.run(work())
    return 0


def _keep_what_is_here() -> None:
    """Python need not look through it for garbage again and again, with everybody waiting."""
    gc.collect()
    gc.freeze()


def _log(judgement: Judgement) -> None:
    row = {**group_to_row(judgement.group), "verdict": verdict_row(judgement)}
    print(to_line(row), file=sys.stderr, flush=True)
