"""Steps that do nothing but leave a trace, for tests of plans."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from dragoman.reproduce.plan import Place, Result, Step


def trace(place: Place, name: str, *, seconds: float = 0.0) -> Result:
    """Says that it begins and that it ends, in one file for all."""
    _say(place, f"begin {name}")
    time.sleep(seconds)
    _say(place, f"end {name}")
    return {"threads": os.environ.get("OMP_NUM_THREADS")}


def fail(place: Place, name: str) -> Result:
    raise RuntimeError(f"{name} is meant to fail")


def die(place: Place, name: str) -> Result:
    os.kill(os.getpid(), 9)
    return {}


def traces(place: Place) -> list[str]:
    file = place.folder / "trace"
    return file.read_text().splitlines() if file.exists() else []


def _say(place: Place, line: str) -> None:
    with (place.folder / "trace").open("a") as stream:
        stream.write(line + "\n")


def slow_steps() -> list[Step]:
    """Six steps, two at once, of which the last waits for all."""
    names = [f"s{i}" for i in range(5)]
    slow = [Step(name, trace, {"seconds": 0.4}) for name in names]
    return [*slow, Step("last", trace, after=tuple(names))]


def main(folder: str) -> None:
    from dragoman.reproduce.running import run

    run(slow_steps(), Place(Path(folder), Path(folder)), workers=2, preload=())


if __name__ == "__main__":
    main(sys.argv[1])
