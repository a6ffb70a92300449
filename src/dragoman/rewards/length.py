"""What a rollout pays for its length."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman.errors import UserError


@dataclass(frozen=True, slots=True)
class Overlong:
    """Nothing up to `free` tokens, then a straight line to `worst` at `free + ramp`."""

    free: int = 2048
    ramp: int = 2048
    worst: float = 0.04

    def __post_init__(self) -> None:
        if self.free < 0 or self.ramp < 0 or not self.worst >= 0:
            raise UserError("free, ramp and worst of an overlong penalty are 0 or more")

    def penalty(self, tokens: int) -> float:
        """`worst · min(1, (tokens - free) / ramp)`; without a ramp it is a step."""
        beyond = tokens - self.free
        if beyond <= 0:
            return 0.0
        return self.worst * min(1.0, beyond / self.ramp) if self.ramp else self.worst
