"""What a model of the phrasebook can do: translate, and judge in groups or one by one.

Held-out sentences and groups of the test split, greedily, with 95 % intervals from
resampled items. `pairs` is the share of unequal pairs in the right order, of the groups
that could be read.

    python benchmarks/phrasebook_model.py [FOLDER] [--size 200]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dragoman.phrasebook.models import model_folder
from dragoman.reproduce import groups, judging, translating
from dragoman.reproduce.plan import Place
from dragoman.reproduce.statistics import interval

DIRECTIONS = ("en-de", "en-zh")
KINDS = {"planted errors": "planted", "mixed with a poor model's": "mixed"}
JUDGES = {"group": "gqm", "pointwise": "sqm"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=model_folder("base"))
    parser.add_argument("--size", type=int, default=200)
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        place = Place(Path(scratch), options.folder)
        found = translating.translate(
            place, "", model="base", directions=DIRECTIONS, size=options.size
        )
        for direction, numbers in found["directions"].items():
            show(f"translation {direction}", numbers, ("exact", "quality", "chrf"))
        for kind, candidates in KINDS.items():
            groups.plant(
                place, kind, split="test", seed=303, size=options.size,
                directions=DIRECTIONS, candidates=candidates,
            )  # fmt: skip
        for judge, format in JUDGES.items():
            found = judging.judge(
                place, "", groups={kind: kind for kind in KINDS}, judge=judge, model="base"
            )
            for kind, numbers in found.items():
                show(f"{format}, {kind}", numbers, ("pairs", "exact", "equal", "unread"))
    print(f"{options.size} items each, {time.monotonic() - started:.0f} s")


def show(what: str, numbers: Mapping[str, list[Any]], names: tuple[str, ...]) -> None:
    print(f"{what:32}", end="")
    for name in names:
        found = interval([numbers[name]], shared=True)
        text = f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]" if found else "none"
        print(f"  {name} {text}", end="")
    print(flush=True)


if __name__ == "__main__":
    main()
