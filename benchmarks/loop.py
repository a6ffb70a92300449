"""What the loop itself costs: groups through `dragoman rank` with the scripted engine.

Peak memory must not grow with the number of groups, and the overhead per group is the
whole run's time by its groups: reading, prompting, asking, reading the reply, keeping it,
writing. Beside it the same run without a ledger.

    python benchmarks/loop.py [--groups 10000 1000000]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, nargs="+", default=[10_000, 1_000_000])
    options = parser.parse_args()
    print(f"{'groups':>9}  {'ledger':6}  {'peak MiB':>8}  {'seconds':>8}  {'µs a group':>10}")
    for groups in options.groups:
        for ledger in (True, False):
            peak, seconds = measure(groups, ledger)
            per_group = 1e6 * seconds / groups
            kept = "kept" if ledger else "none"
            print(f"{groups:9}  {kept:6}  {peak:8.1f}  {seconds:8.1f}  {per_group:10.0f}")


def measure(groups: int, ledger: bool) -> tuple[float, float]:
    """Peak memory in MiB and seconds of one whole process."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_groups(folder / "groups.jsonl", groups)
        (folder / "rules.jsonl").write_text('{"verdict": "hash"}\n')
        program = str(Path(sys.executable).parent / "dragoman")
        flags = ["-o", "out.jsonl", "--engine", "scripted:rules.jsonl"]
        command = [program, "rank", "groups.jsonl", *flags, *([] if ledger else ["--no-ledger"])]
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        lines = sum(1 for _ in (folder / "out.jsonl").open())
        if status or lines != groups:
            sys.exit(f"{lines} lines for {groups} groups, exit status {status}")
        return used.ru_maxrss / 1024, seconds


def write_groups(path: Path, groups: int) -> None:
    with path.open("w") as file:
        for i in range(groups):
            texts = [f"one translation of {i}", f"another translation of {i}", f"a third {i}"]
            row = {"id": f"{i}", "src_lang": "de", "tgt_lang": "en", "source": f"Satz {i}"}
            file.write(json.dumps({**row, "candidates": texts}) + "\n")


if __name__ == "__main__":
    main()
