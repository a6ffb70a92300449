"""Judges of the phrasebook on its test split: the paper's table in miniature, and their robustness.

Each model is asked as the group judge (--gqm) or as the pointwise judge (--sqm); a model is a
folder, or an engine as `dragoman rank` names it. The table is that of `dragoman evaluate ranking
--suite`, the robustness that of `dragoman evaluate audit`, both with 95 % intervals. With --folder
everything is kept there, and a stopped run goes on. Nine tricks are played on a group, so that
--attacked groups cost as much as a table of four sets of that size and more: it may be smaller.

    python benchmarks/miniature_judges.py [--gqm NAME=MODEL …] [--sqm NAME=MODEL …]
        [--size 200] [--attacked 50] [--folder DIR]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from dragoman.evaluation.tables import Table, markdown, number
from dragoman.phrasebook import datasets

# The models that ship: as they were pre-trained, and as a group judge.
BASE = ["base=phrasebook:base"]
JUDGE = ["judge=phrasebook:judge"]
# A reply of these models is a short analysis and its verdict.
TOKENS = 320
# What the engine has at once: it fills up its batch from these.
CONCURRENCY = 64
SEED = 97
SETS = {
    f"{kind} {direction}": {"candidates": kind, "directions": [direction]}
    for kind in ("planted", "mixed")
    for direction in datasets.EN_TO_BOTH
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gqm", action="append", default=[], metavar="NAME=MODEL")
    parser.add_argument("--sqm", action="append", default=[], metavar="NAME=MODEL")
    parser.add_argument("--size", type=int, default=200, help="groups of each set")
    parser.add_argument("--attacked", type=int, default=50, help="groups of each direction")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if not options.gqm and not options.sqm:
        options.gqm, options.sqm = BASE + JUDGE, BASE
    judges = {
        **dict(named("GQM", "group", text) for text in options.gqm),
        **dict(named("SQM", "pointwise", text) for text in options.sqm),
    }
    with tempfile.TemporaryDirectory() as passing:
        folder = options.folder or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        write_suite(folder, judges, options.size, options.attacked)
        kept = ("--verdicts", "suite.verdicts", "--markdown", "table.md", "--html", "table.html")
        call(folder, "ranking", "--suite", "suite.toml", "--json", "table.json", *kept)
        print((folder / "table.md").read_text(encoding="utf-8"))
        print(markdown(robustness(folder, judges)))


def named(kind: str, judge: str, text: str) -> tuple[str, dict[str, Any]]:
    """`SFT=runs/sft/model` as the row `GQM SFT` of a suite."""
    name, equals, model = text.partition("=")
    if not equals:
        sys.exit(f"{text}: write NAME=MODEL")
    folder = Path(model)
    if folder.is_dir():
        converted = any(folder.glob("openvino_model.xml"))
        model = f"{'openvino' if converted else 'transformers'}:{folder.resolve()}"
    told = {"max_tokens": TOKENS, "retries": 0, "concurrency": CONCURRENCY}
    return f"{kind} {name}", {"judge": judge, "engine": model, **told}


def write_suite(folder: Path, judges: dict[str, dict[str, Any]], size: int, attacked: int) -> None:
    """The sets, one file each, the groups that are attacked, and the suite."""
    lines = ["[sets]"]
    tricked: list[str] = []
    for name, told in SETS.items():
        rows = datasets.load("groups", split="test", seed=SEED, size=size, **told)
        # Sets are of the same meanings, and so of the same documents.
        dated = [{**row, "doc_id": row["id"].rpartition("/")[0]} for row in rows]
        texts = [json.dumps(row, ensure_ascii=False) for row in dated]
        (folder / f"{name}.jsonl").write_text("\n".join(texts) + "\n", encoding="utf-8")
        tricked += texts[:attacked] if name.startswith("planted") else []
        lines.append(f'"{name}" = {json.dumps(f"{name}.jsonl")}')
    (folder / "attacked.jsonl").write_text("\n".join(tricked) + "\n", encoding="utf-8")
    for name, told in judges.items():
        lines.append(f"[judges.{json.dumps(name)}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in told.items()]
    (folder / "suite.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def robustness(folder: Path, judges: dict[str, dict[str, Any]]) -> Table:
    """How often each judge puts an honest translation above each trick."""
    rows: list[tuple[str, ...]] = []
    columns: tuple[str, ...] = ()
    for name, told in judges.items():
        flags = [f"--{key.replace('_', '-')}={value}" for key, value in told.items()]
        if told["engine"].startswith("phrasebook:"):
            # Tricks hold words from outside the phrasebook.
            flags.append("--engine-option=anywhere=true")
        report = folder / f"attacks {name}.json"
        call(folder, "audit", "attacked.jsonl", "--only", "attacks", "--json", report.name, *flags)
        attacks = json.loads(report.read_text(encoding="utf-8"))["attacks"]
        whole = attacks["robustness"]
        columns = ("", "robustness", *(row["attack"] for row in attacks["attacks"]), "unjudged")
        each = [number(row["honest_wins"]["value"]) for row in attacks["attacks"]]
        lost = sum(row["unjudged"] for row in attacks["attacks"])
        tried = sum(row["tried"] for row in attacks["attacks"])
        rows.append((name, number(whole["value"], whole["interval"]), *each, f"{lost} of {tried}"))
    return Table(columns, tuple(rows), "an honest translation above a trick")


def call(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "dragoman", "evaluate", *arguments]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False)
    # 1 is a judge that could judge nothing: that stands in the table.
    if done.returncode not in (0, 1):
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
