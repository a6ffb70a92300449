"""Public benchmarks as `dragoman benchmark prepare` makes them, beside groups made independently.

For every benchmark whose checkout is given: how many groups and candidates, how long it took, and
how many of the groups in DATA/groups/*.full.jsonl it has with the same texts and scores.

    python benchmarks/prepare.py REPOSITORY=PATH … [--data ../shared/evaluation]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Container, Iterable
from pathlib import Path

from dragoman.benchmarks import BENCHMARKS

# How the groups that are compared with are called.
CALLED = {
    "wmt23-mqm": "wmt23_mqm",
    "wmt23-da-sqm": "wmt23_dasqm",
    "wmt23-esa": "wmt23_esa",
    "wmt23-mqm-sxs": "wmt23_mqm3r",
    "ted21-mqm": "ted21_mqm",
    "bio21-mqm": "bio21_mqm",
    "wmt24-esa": "wmt24_esa",
    "seedx-human": "seedx_human",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkouts", nargs="+", metavar="REPOSITORY=PATH")
    parser.add_argument("--data", type=Path, default=Path("../shared/evaluation"))
    options = parser.parse_args()
    places = dict(text.split("=", 1) for text in options.checkouts)
    for name, benchmark in BENCHMARKS.items():
        if benchmark.repository not in places or benchmark.by_name:
            continue
        began = time.monotonic()
        made = list(benchmark.read(Path(places[benchmark.repository])))
        took = time.monotonic() - began
        if benchmark.segments:
            print(f"{name}: {len(made)} segments in {took:.1f} s")
            continue
        candidates = sum(len(one.texts) for one in made)
        print(f"{name}: {len(made)} groups of {candidates} candidates in {took:.1f} s")
        known = {
            (
                one.languages,
                plain(one.segment.source),
                outcome(zip(one.texts, one.scores, strict=True)),
            )
            for one in made
        }
        if options.data.is_dir() and name in CALLED:
            compare(CALLED[name], options.data, known)


def plain(text: str) -> str:
    return " ".join(text.split())


def outcome(pairs: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Texts with their scores, in whatever order systems come."""
    return tuple(sorted((plain(text), round(score, 5)) for text, score in pairs))


def compare(called: str, data: Path, known: Container[object]) -> None:
    for file in sorted((data / "groups").glob(f"{called}.*.full.jsonl")):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        same = 0
        for row in rows:
            texts = [one["text"] for one in row["candidates"]]
            told = outcome(zip(texts, row["human_scores"], strict=True))
            languages = f"{row['src_lang']}-{row['tgt_lang']}"
            same += (languages, plain(row["source"]), told) in known
        print(f"  {file.stem}: {same} of {len(rows)} the same")


if __name__ == "__main__":
    main()
