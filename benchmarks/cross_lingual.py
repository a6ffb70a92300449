"""Cross-lingual augmentation of many segments: time, memory, and whether all of it holds.

python benchmarks/cross_lingual.py [--segments 150000]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from dragoman.data.policy import TOWER_LANGUAGES

WORDS = ("the", "a", "house", "river", "small", "quick", "stone", "bird", "sings", "never")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, default=150_000)
    segments = parser.parse_args().segments
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "in.jsonl", Path(folder) / "out.jsonl"
        write_segments(source, segments)
        began = time.monotonic()
        command = [sys.executable, "-m", "dragoman", "data", "policy", str(source)]
        subprocess.run([*command, "-o", str(output), "--cross-lingual"], check=True)
        seconds = time.monotonic() - began
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        rows, wrong, targets = 0, 0, Counter[tuple[str, str, str]]()
        with output.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                rows += 1
                if row["origin"].get("cross_lingual"):
                    source_lang, first = row["id"].split("/")[1].split("-")
                    targets[source_lang, first, row["tgt_lang"]] += 1
                    wrong += "reference" in row or row["tgt_lang"] in (source_lang, first)
    evenness = [
        targets[a, b, c] / (sum(targets[a, b, d] for d in TOWER_LANGUAGES) / 8)
        for a, b, c in targets
    ]
    print(f"{segments} segments: {rows} rows in {seconds:.1f} s, {peak:.0f} MiB at the peak")
    print(f"rows with a reference or a language of their origin: {wrong}")
    print(f"targets, by their even share: {min(evenness):.3f} to {max(evenness):.3f}")
    return 0 if rows == 2 * segments and not wrong else 1


def write_segments(path: Path, count: int) -> None:
    """Sentences between English and the nine others."""
    dice = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            other = TOWER_LANGUAGES[1 + number % 9]
            pair = ["en", other] if number % 2 else [other, "en"]
            text = " ".join(dice.choice(WORDS) for _ in range(25))
            row = {"id": f"{number}/{'-'.join(pair)}", "src_lang": pair[0], "tgt_lang": pair[1]}
            row |= {"source": f"{number} {text}", "reference": text}
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    sys.exit(main())
