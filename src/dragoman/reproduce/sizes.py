"""How much of everything: the whole miniature, a quick look, and a smoke test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Counts of rows, steps and held-out items. Rates and all else stand in the recipes."""

    name: str
    lessons: int
    """Groups that a judge's cold start sees, half of them written by policies."""
    gold_groups: int
    """Groups that a judge is rewarded on, all written by policies."""
    judge_steps: int
    judge_batch: int
    """Replies a step, eight a group."""
    alone_steps: int
    """Steps of the judge of single candidates."""
    cold_lessons: int
    """Hasty translations that a translator begins with."""
    pupil_lessons: tuple[int, int]
    """The same for the policies that write groups for judges."""
    policy_steps: int
    policy_batch: int
    """Rollouts a step, four a sentence."""
    self_steps: int
    self_batch: int
    look_every: int
    looked_at: int
    """Held-out sentences and groups that training is watched with."""
    test_groups: int
    """Held-out groups of each kind, and of each seed where policies wrote them."""
    test_segments: int
    """Held-out sentences of each direction."""
    noises: tuple[int, ...]
    """Standard deviations of the noisy gold judges, in points; for the first seed alone."""


FULL = Sizes(
    name="full",
    lessons=1200,
    gold_groups=400,
    judge_steps=24,
    judge_batch=64,
    alone_steps=24,
    cold_lessons=1600,
    pupil_lessons=(1000, 2000),
    policy_steps=30,
    policy_batch=128,
    self_steps=16,
    self_batch=128,
    look_every=10,
    looked_at=48,
    test_groups=150,
    test_segments=100,
    noises=(2, 4, 8),
)

QUICK = Sizes(
    name="quick",
    lessons=160,
    gold_groups=64,
    judge_steps=4,
    judge_batch=32,
    alone_steps=4,
    cold_lessons=320,
    pupil_lessons=(240, 400),
    policy_steps=6,
    policy_batch=64,
    self_steps=3,
    self_batch=32,
    look_every=3,
    looked_at=16,
    test_groups=24,
    test_segments=24,
    noises=(4,),
)

SMOKE = Sizes(
    name="smoke",
    lessons=8,
    gold_groups=8,
    judge_steps=1,
    judge_batch=8,
    alone_steps=1,
    cold_lessons=32,
    pupil_lessons=(32, 32),
    policy_steps=1,
    policy_batch=8,
    self_steps=1,
    self_batch=8,
    look_every=1,
    looked_at=2,
    test_groups=3,
    test_segments=2,
    noises=(4,),
)
"""So little of everything that nothing is learnt: the whole plan in a minute."""

SIZES = {sizes.name: sizes for sizes in (FULL, QUICK, SMOKE)}
