"""Options of the judge that chooses among samples; a field is a flag, its docstring its help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Parameter

from dragoman.asking import ReplyCache
from dragoman.cli.options import EngineOptions, JudgeOptions
from dragoman.cli.running import Flag
from dragoman.engines import Engine
from dragoman.engines.metered import MeteredEngine
from dragoman.errors import UserError
from dragoman.formats import Reading
from dragoman.judges import SHOWN, Judge
from dragoman.translators.best_of_n import Unjudged
from dragoman.types import Sampling


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ChoosingOptions:
    """Who chooses among the samples. Without --judge-engine the translating model judges too."""

    judge: str | None = None
    """group, pointwise, metric:chrf, metric:bleu, reward-head:FOLDER, gold or module:Class."""
    judge_engine: str | None = None
    """The judge's own engine, written as --engine is."""
    judge_model: str | None = None
    """The judge's name on a server."""
    judge_api_key_env: str | None = None
    """The environment variable that holds the key of the judge's server."""
    judge_engine_option: Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)] = ()
    """KEY=VALUE for the judge's engine itself."""
    judge_temperature: float = 0.0
    """0 always takes the judge's likeliest word."""
    judge_format: str | None = None
    """How the judge is asked; see `dragoman formats`."""
    judge_reading: Reading = "strict"
    """How its replies are read: strict, lenient, compat."""
    judge_guided: Flag = False
    """Let its engine write nothing but well-formed replies, where engine and format can."""
    permute: Literal["balanced", "all"] | None = None
    """Judge the samples in several orders, so that no slot is favoured."""
    votes: int = 1
    """Independent judgements of the samples, averaged."""
    slots: Annotated[int | None, Parameter(name="--slots")] = None
    """Judge more samples than this as a tournament of subgroups of this size."""
    unjudged: Unjudged = "fail"
    """Where no verdict can be read: fail, or take the first sample with a warning."""

    def make(
        self, engine: MeteredEngine | None, sampling: Sampling, retries: int,
        cache: ReplyCache | None, concurrency: int,
    ) -> Judge | None:  # fmt: skip
        """The judge, if one is named; it shares seed and retries with the translator."""
        if self.judge is None:
            if self != ChoosingOptions():
                raise UserError("say who judges: --judge group, --judge metric:chrf, …")
            return None
        options = JudgeOptions(
            judge=self.judge, format=self.judge_format, reading=self.judge_reading,
            guided=self.judge_guided, retries=retries, permute=self.permute, votes=self.votes,
            slots=self.slots,
        )  # fmt: skip
        own = EngineOptions(
            engine=self.judge_engine, model=self.judge_model, api_key_env=self.judge_api_key_env,
            temperature=self.judge_temperature, max_tokens=sampling.max_tokens,
            seed=sampling.seed, concurrency=concurrency, engine_option=self.judge_engine_option,
        )  # fmt: skip
        return options.make(self._engine(engine, own), own.sampling, cache)

    def _engine(self, engine: MeteredEngine | None, own: EngineOptions) -> Engine | None:
        opened = own.open()
        if opened:
            return engine.beside(opened) if engine else opened
        return engine if self.judge in SHOWN else None
