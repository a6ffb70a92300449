"""The training sets of `dragoman data gqm`: how many rows a group becomes, how evenly its best
candidate stands over the slots, and whether rows are those of the reference code.

    python benchmarks/augmentation.py [--groups 10000] [--checkout GRRM]

With a checkout of NJUNLP/GRRM its own scripts run on 500 made-up groups of two to eight
candidates. Each row of ours for verl, in whatever order and subset, is held against what
they write of those candidates in that order, and each lesson against theirs.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

SHUFFLES = SUBGROUPS = 4
FORMS = ("--shuffles", str(SHUFFLES), "--subgroups", str(SUBGROUPS))
# How many rows the published recipe makes of a group of so many candidates, at least and at most.
PUBLISHED = {2: (2, 2), 3: (11, 11), 4: (13, 25)}
COMPARED = 500
TOLERANCE = 0.01

Row = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groups", type=int, default=10_000)
    parser.add_argument("--checkout", type=Path, help="NJUNLP/GRRM")
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        good = counts_and_balance(Path(name), options.groups)
        if options.checkout is None:
            print("not compared with the reference code: no --checkout")
        else:
            good &= same_as_reference(Path(name), options.checkout)
    return 0 if good else 1


def counts_and_balance(folder: Path, count: int) -> bool:
    """Groups of two to four whose first candidate is the best, as in a file sorted by score."""
    groups = [gold_group(number, 2 + number % 3) for number in range(count)]
    began = time.monotonic()
    made = dragoman(folder, groups, "gqm", "rl", *FORMS)
    seconds = time.monotonic() - began
    different = {json.dumps([row["source"], row["candidates"]]) for row in made}
    best: dict[int, Counter[int]] = defaultdict(Counter)
    for row in made:
        best[len(row["scores"])][row["scores"].index(max(row["scores"]))] += 1
    print(
        f"{count} groups: {len(made)} rows in {seconds:.1f} s, {len(made) - len(different)} twice"
    )
    rows = Counter(row["origin"]["row"] for row in made)
    good = tell_counts("ours", groups, [rows[at] for at in range(1, count + 1)])
    for size, slots in sorted(best.items()):
        shares = [slots[slot] / slots.total() for slot in range(size)]
        print(f"best of {size} over slots:", *(f"{share:.4f}" for share in shares))
        good &= all(abs(share - 1 / size) < TOLERANCE for share in shares)
    return good and len(made) == len(different)


def tell_counts(whose: str, groups: Iterable[Row], rows: Iterable[int]) -> bool:
    """Print how many rows a group of each published size became; whether they are as published."""
    by_size: dict[int, list[int]] = defaultdict(list)
    for group, count in zip(groups, rows, strict=True):
        by_size[len(group["scores"])].append(count)
    good = True
    for size, (least, most) in PUBLISHED.items():
        found = min(by_size[size]), max(by_size[size])
        mean = sum(by_size[size]) / len(by_size[size])
        print(f"rows of a group of {size}, {whose}: {found[0]} to {found[1]}, mean {mean:.2f}")
        good &= least <= found[0] and found[1] <= most
    return good


def same_as_reference(folder: Path, checkout: Path) -> bool:
    theirs = Reference(checkout)
    dice = random.Random(1)
    groups = [hostile_group(dice, number) for number in range(COMPARED)]
    good = tell_counts("theirs", groups, theirs.rows_of(folder, groups))
    compared = dragoman(folder, groups, "gqm", "rl", *FORMS)
    rows = dragoman(folder, compared, "convert", "--to", "verl")
    lessons = dragoman(folder, groups, "gqm", "sft")
    wrong: dict[str, set[int]] = defaultdict(set)
    seen: dict[str, set[int]] = defaultdict(set)

    def hold(what: str, number: int, ours: str, expected: str) -> None:
        seen[what].add(number)
        if ours != expected:
            wrong[what].add(number)

    for plain, row in zip(compared, rows, strict=True):
        expected = theirs.comparison(plain)
        number = plain["origin"]["row"]
        truth = row["reward_model"]["ground_truth"]
        hold("RL ground truth", number, truth, expected["reward_model"]["ground_truth"])
        hold("RL prompts", number, row["prompt"][0]["content"], expected["prompt"][0]["content"])
    for lesson in lessons:
        number = lesson["origin"]["row"]
        prompt, response = theirs.lesson(groups[number - 1])
        hold("SFT prompts", number, lesson["prompt"], prompt)
        hold("SFT responses", number, lesson["response"], response)
    for what, numbers in seen.items():
        same = len(numbers - wrong[what])
        print(f"{what} as the reference's: {same} of {COMPARED} groups")
        good &= same == COMPARED
    print(f"(in {len(rows)} rows and {len(lessons)} lessons)")
    return good


class Reference:
    """The scripts of a checkout. Of what they import only the command line is not here."""

    def __init__(self, checkout: Path):
        if not (checkout / "scripts/prepare_RL_GQM_training_data.py").is_file():
            sys.exit(f"{checkout} is no checkout of NJUNLP/GRRM")
        sys.path.insert(0, str(checkout))
        sys.modules.setdefault("fire", ModuleType("fire"))
        self._rl = import_module("scripts.prepare_RL_GQM_training_data")
        self._sft = import_module("scripts.prepare_SFT_GQM_training_data")
        self._names: Mapping[str, str] = import_module("utils.config").LANG_MAP

    def comparison(self, group: Row) -> Row:
        """Its first row of a group: the one in the group's own order."""
        rows = self._rl.construct_data_item(*self._told(group), "", group["scores"])
        return rows[0]

    def lesson(self, group: Row) -> tuple[str, str]:
        source, texts, *languages = self._told(group)
        prompt = self._sft.get_prompt(*languages, source, texts, "ranking_score")
        return prompt, self._sft.get_response(group["analysis"], group["scores"])

    def rows_of(self, folder: Path, groups: list[Row]) -> list[int]:
        """How many rows its program makes of each group."""
        import pandas

        columns = ("src_text", "mt_texts", "src_lang", "trg_lang")
        told = [dict(zip(columns, self._told(group), strict=True)) for group in groups]
        table = pandas.DataFrame(told)
        table["scores"] = [group["scores"] for group in groups]
        table["analysis"] = [str(number) for number in range(len(groups))]
        table.to_parquet(folder / "groups.parquet")
        with redirect_stdout(StringIO()):
            self._rl.main(
                folder / "groups.parquet", folder / "rows.parquet",
                "mt_texts", "scores", "analysis",
                subgroup_augment=SUBGROUPS, shuffle_augment=SHUFFLES,
            )  # fmt: skip
        made = pandas.read_parquet(folder / "rows.parquet")["extra_info"]
        rows = Counter(int(extra["analysis"]) for extra in made)
        return [rows[number] for number in range(len(groups))]

    def _told(self, group: Row) -> tuple[str, list[str], str, str]:
        languages = (self._names[group[key]] for key in ("src_lang", "tgt_lang"))
        texts = [candidate["text"] for candidate in group["candidates"]]
        return group["source"], texts, *languages


def gold_group(number: int, size: int) -> Row:
    texts = [{"text": f"translation {at} of {number}"} for at in range(size)]
    languages = {"src_lang": "de", "tgt_lang": "en"}
    scores = [9 - at for at in range(size)]
    return {"id": f"{number}", **languages, "source": f"Satz {number}", "candidates": texts,
            "scores": scores}  # fmt: skip


LANGUAGES = ("en", "zh", "de", "ru", "ko", "ja", "fr", "es", "pt", "it", "nl", "th", "ro", "ar",
             "el", "vi", "uk")  # fmt: skip
PIECES = ("Haus", "river", "小河", "река", "نهر", "แม่น้ำ", "👩‍👩‍👧", "{}", "{0}", "%s", "\\n", '"',
          "'", "`x`", "``", "B > A", "### Scores:", "Translation B:", "\n", "\n\n", "\t", "＞",
          "e\u0301", "A: 3")  # fmt: skip
ENDS = ("", "\nScores: A 3, B 4", "\n\nRanking: B > A", "\nthe ranking is clear", "\nScoring it",
        "\n", "  ", "\u2028the final score", "\nA is better.\n\n")  # fmt: skip


def hostile_group(dice: random.Random, number: int) -> Row:
    """A group with ties, odd texts, and an analysis that may end in the verdict."""
    source_lang, target_lang = dice.sample(LANGUAGES, 2)
    size = dice.choice((2, 2, 3, 3, 4, 4, 5, 8))
    texts = [f"{at} {some_text(dice)}" for at in range(size)]
    analysis = f"{dice.choice(('', ' '))}A lacks a word. {some_text(dice)}{dice.choice(ENDS)}"
    return {
        "id": f"{number}", "src_lang": source_lang, "tgt_lang": target_lang,
        "source": f"{number} {some_text(dice)}", "candidates": [{"text": text} for text in texts],
        "scores": [dice.randint(0, 10) for _ in texts], "analysis": analysis,
    }  # fmt: skip


def some_text(dice: random.Random) -> str:
    return " ".join(dice.choice(PIECES) for _ in range(dice.randint(1, 12))) + "."


def dragoman(folder: Path, rows: Iterable[Row], *words: str) -> list[Row]:
    """The rows that a step of `dragoman data` makes of these."""
    given, made = folder / "given.jsonl", folder / "made.jsonl"
    given.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    command = [sys.executable, "-m", "dragoman", "data", *words, str(given), "-o", str(made)]
    subprocess.run([*command, "--overwrite"], check=True, stderr=subprocess.DEVNULL)
    return [json.loads(line) for line in made.read_text(encoding="utf-8").split("\n") if line]


if __name__ == "__main__":
    sys.exit(main())
