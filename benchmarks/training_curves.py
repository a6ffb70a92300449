"""One curve, three ways: undisturbed, killed twice and resumed, and by two processes.

A judge's cold start and a policy with a group judge, as the miniature recipes have them but
smaller. A killed run must have the undisturbed one's curve. Two processes add up in another
order, so theirs is the same to rounding; in a policy's run it is the same until rounding tips
the draw of a token, and from there on another one of its kind.

    python benchmarks/training_curves.py [--out .bench/curves] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dragoman.reproduce.plots import draw

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
TWO = [
    "torch.distributed.run", "--nproc_per_node", "2", "--master-port", "0",
    "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0", "-m",
]  # fmt: skip
KILLS = 2


@dataclass(frozen=True)
class Job:
    """A recipe, made small; `batch` is that of one process alone."""

    stage: str
    recipe: str
    steps: int
    batch: int
    shown: str
    settings: tuple[str, ...]


JOBS = (
    Job(
        "sft", "phrasebook/judge-sft", steps=24, batch=8, shown="loss",
        settings=("data.options.size=384", "validation.options.size=16", "validation.every=12",
                  "trl.save_steps=6", "trl.logging_steps=1"),
    ),
    Job(
        "policy", "phrasebook/policy", steps=12, batch=32, shown="reward",
        settings=("trl.max_steps=12", "trl.save_steps=3", "validation.options.size=16",
                  "validation.every=6"),
    ),
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(".bench/curves"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    dice = random.Random(options.seed)
    return max([compare(job, options.out, dice) for job in JOBS])


def compare(job: Job, out: Path, dice: random.Random) -> int:
    """Train the job three ways; 0 if a killed run goes on as if nothing had been."""
    for way in ("undisturbed", "killed", "two"):  # what an earlier one left is no curve of ours
        shutil.rmtree(out / f"{job.stage}-{way}", ignore_errors=True)
    began = time.monotonic()
    finish(job, out / f"{job.stage}-undisturbed")
    seconds = time.monotonic() - began
    stops = " and ".join(map(str, kill_and_resume(job, out / f"{job.stage}-killed", dice)))
    finish(job, out / f"{job.stage}-two", processes=2)
    one, killed, two = (
        curve(out / f"{job.stage}-{way}", job.shown) for way in ("undisturbed", "killed", "two")
    )
    (out / f"{job.stage}.svg").write_text(
        draw(
            {
                "kind": "lines", "title": job.recipe, "x": "step", "y": job.shown,
                "series": [
                    series("undisturbed", one),
                    series(f"killed after steps {stops}, resumed", killed),
                    series("two processes", two),
                ],
            }
        )
    )  # fmt: skip
    apart = max(abs(killed[step] - one[step]) for step in one)
    print(
        f"{job.recipe}: {len(one)} steps, {seconds:.0f} s undisturbed; {job.shown} at the first "
        f"and the last: {one[1]:.4f}, {one[len(one)]:.4f}\n"
        f"  killed after steps {stops} and resumed: at most {apart:.1g} apart\n"
        f"  two processes: {beside(one, two)}",
        flush=True,
    )
    return 0 if list(killed) == list(one) and apart <= 1e-6 and len(one) == job.steps else 1


def beside(one: Mapping[int, float], two: Mapping[int, float]) -> str:
    """How far the curve of two processes is from that of one, and since when."""
    apart = {step: abs(two[step] - one[step]) for step in one}
    split = next((step for step, by in apart.items() if by > 1e-4 * abs(one[step])), None)
    if split is None:
        return f"at most {max(apart.values()):.1g} apart in all {len(one)} steps"
    same = [by for step, by in apart.items() if step < split]
    means = [sum(each.values()) / len(each) for each in (one, two)]
    return (
        f"at most {max(same, default=0):.1g} apart before step {split}, at most "
        f"{max(apart.values()):.1g} after; means {means[0]:.4f} and {means[1]:.4f}"
    )


def kill_and_resume(job: Job, output: Path, dice: random.Random) -> Sequence[int]:
    """Train, but `kill -9` it as soon as it has logged so many steps; the steps."""
    stops = sorted(dice.sample(range(2, job.steps), KILLS))
    for number, stop in enumerate(stops):
        process = start(job, output, resume=number > 0)
        while process.poll() is None and len(curve(output, job.shown)) < stop:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    finish(job, output, resume=True)
    return stops


def finish(job: Job, output: Path, *, processes: int = 1, resume: bool = False) -> None:
    process = start(job, output, processes=processes, resume=resume)
    if process.wait():
        sys.exit((output.parent / "errors.txt").read_text())


def start(
    job: Job, output: Path, *, processes: int = 1, resume: bool = False
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", *(TWO if processes == 2 else ()), "dragoman", "train"]
    command += [job.stage, job.recipe, "--output", str(output)]
    command += ["--resume"] if resume else []
    batch = f"trl.per_device_train_batch_size={job.batch // processes}"
    for setting in (*job.settings, batch):
        command += ["--set", setting]
    with (output.parent / "errors.txt").open("wb") as errors:
        return subprocess.Popen(
            command, env=ENVIRONMENT, stdout=errors, stderr=errors, start_new_session=True
        )


def curve(output: Path, key: str) -> dict[int, float]:
    """What was logged at each step; the last line of a killed run may be cut off."""
    log = output / "log.jsonl"
    found: dict[int, float] = {}
    for line in log.read_text().splitlines(keepends=True) if log.exists() else ():
        if line.endswith("\n") and key in (row := json.loads(line)):
            found[row["step"]] = row[key]
    return found


def series(name: str, curve: Mapping[int, float]) -> dict[str, object]:
    return {"name": name, "x": list(curve), "y": list(curve.values())}


if __name__ == "__main__":
    sys.exit(main())
