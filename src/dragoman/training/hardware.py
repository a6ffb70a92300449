"""Machines that a run is planned for, and how the parts of a run are laid out on them.

One TOML file a kind of machine, beside the full-size recipes. A layout is for runs that

    learn     learn from written rows
    explore   learn from their own replies, scored by a rule
    judged    learn from their own replies, scored by a judge on a server
    itself    learn from their own replies, scored by the model that learns

Its [trl] and [lora] are written over the recipe's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from dragoman.errors import UserError
from dragoman.training.recipe import RECIPES, read_table

Kind = Literal["learn", "explore", "judged", "itself"]

HARDWARE = RECIPES / "grrm-7b" / "hardware"
LAUNCH = RECIPES / "launch"
SHARDING = ("fsdp2.yaml", "zero3.yaml")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which GPUs do what."""

    trainers: int
    """GPUs, and processes, that train."""
    launch: str
    """The accelerate configuration, a file in `recipes/launch/`."""
    rollout_gpus: int = 0
    """GPUs of a server that writes rollouts; 0: the trainers' own write them."""
    judge_gpus: int = 0
    """GPUs of the judge's server; 0: it shares the trainer's, or is elsewhere."""
    judge_share: float = 0.0
    """The part of the trainer's memory that a judge's server on the same GPU takes."""
    longest: int | None = None
    """Tokens that a lesson may have at most; longer ones are left out."""
    trl: Mapping[str, Any] = field(default_factory=dict[str, Any])
    lora: Mapping[str, Any] | None = None

    @property
    def judges(self) -> int:
        """GPUs of ours that serve a judge."""
        return self.judge_gpus or (self.trainers if self.judge_share else 0)

    @property
    def sharded(self) -> bool:
        """Whether weights, gradients and optimizer are spread over the trainers."""
        return self.launch in SHARDING


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """GPUs, and what is assumed of their speed."""

    name: str
    gpu: str
    machines: int
    gpus_per_machine: int
    memory_gib: float
    """What a process finds free on an empty card."""
    peak_tflops: float
    """Dense bf16, as the maker states it."""
    achieved: float
    """The part of the peak that training and reading reach."""
    vllm_per_second: float
    """Tokens that vLLM writes in a second on a GPU, many replies under way."""
    transformers_per_second: float
    """The same of transformers."""
    learn: Layout
    explore: Layout
    judged: Layout
    itself: Layout

    def layout(self, kind: Kind) -> Layout:
        return {
            "learn": self.learn,
            "explore": self.explore,
            "judged": self.judged,
            "itself": self.itself,
        }[kind]


def read_hardware(name: str) -> Hardware:
    """A shipped kind of machine by name, or one of the user's own by its TOML file."""
    path = Path(name) if name.endswith(".toml") else HARDWARE / f"{name}.toml"
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in HARDWARE.glob("*.toml")))
        raise UserError(f"no hardware is called {name!r}; there are {known}") from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not TOML: {error}") from None
    return read_table(Hardware, {"name": path.stem, **tables}, str(path))
