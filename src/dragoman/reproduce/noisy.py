"""Gold judges that err by so many points, each under a name that a recipe can call."""

from __future__ import annotations

from functools import partial

from dragoman.phrasebook.judge import GoldJudge

noise_1 = partial(GoldJudge, 1.0)
noise_2 = partial(GoldJudge, 2.0)
noise_4 = partial(GoldJudge, 4.0)
noise_8 = partial(GoldJudge, 8.0)
