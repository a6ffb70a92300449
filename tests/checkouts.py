"""Small checkouts of public benchmarks, made up, in the form that these have."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

TSV = ("system", "doc", "docSegId", "globalSegId", "rater", "source", "target", "category",
       "severity", "metadata")  # fmt: skip


def lines(path: Path, texts: Sequence[object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")


def evalset(folder: Path, pair: str = "en-de") -> Path:
    """Three segments, three systems and a reference; the second segment is rated by nobody."""
    lines(folder / f"sources/{pair}.txt", ["one", "two", "three"])
    lines(folder / f"references/{pair}.refA.txt", ["eins", "zwei", "drei"])
    lines(folder / f"documents/{pair}.docs", ["news\td1", "news\td1", "social\td2"])
    for system in ("X", "Y", "Z", "refA"):
        texts = [f"{system} {number}" for number in (1, 2, 3)]
        lines(folder / f"system-outputs/{pair}/{system}.txt", texts)
    scores = {"X": (-1, None, -5.1), "Y": (-2.5, None, 0), "Z": (0, None, None),
              "refA": (0, None, 0)}  # fmt: skip
    told = [f"{system}\t{score}" for system, row in scores.items() for score in row]
    lines(folder / f"human-scores/{pair}.mqm.seg.score", told)
    lines(folder / f"human-scores/{pair}.mqm.sys.score", ["X\t1"])
    return folder


def rating(system: str, segment: int, rater: str, category: str, severity: str, **more: str) -> str:
    text = f"{system.partition('_with_')[0]} <v>t</v>"
    told = {"doc": "news_site.1:en-de", "source": "a <v>b</v>", "target": text, "metadata": "{}",
            **more}  # fmt: skip
    cells = {"system": system, "docSegId": "1", "globalSegId": str(segment), "rater": rater,
             "category": category, "severity": severity, **told}  # fmt: skip
    return "\t".join(cells[name] for name in TSV)


def side_by_side(repo: Path, rows: Mapping[str, Sequence[str]]) -> Path:
    for pair in ("zhen", "ende"):
        name = f"sxs_mqm_generalMT2023_{pair}.3ratingsPerSegment.tsv"
        text = "".join(f"{line}\n" for line in ["\t".join(TSV), *rows[pair]]).encode()
        path = repo / "generalMT2023" / pair / f"{name}.tar.gz"
        path.parent.mkdir(parents=True)
        with tarfile.open(path, "w:gz") as archive:
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return repo


def biomedical(repo: Path) -> Path:
    """One segment that two annotators saw; one file has another space in its source."""
    home = repo / "data/v2/target/main_phase/round_two/de2en"
    home.mkdir(parents=True)

    def entry(number: str, source: str, target: str, *errors: tuple[str, str, str]) -> object:
        told = [dict(zip(("error_category", "error_subcategory", "severity"), error, strict=True))
                for error in errors]  # fmt: skip
        return {"SEG_ID": number, "DOC_ID": "doc1", "source": source, "target": target,
                "target_errors": told}  # fmt: skip

    style = ("Style", "Non_fluent", "Minor")
    comma = ("Linguistic_conventions", "Punctuation", "Minor")
    lost = ("Unintelligible", "", "Critical")
    wrong = ("Accuracy", "Mistranslation", "Critical")
    told = {
        "A": [entry("1", "acht Fragen", "eight", style, comma), entry("5", "acht Fragen", "eight")],
        "B": [entry("2", "acht\u00a0Fragen", "???", error) for error in (lost, wrong)],
        "reference": [entry("1", "acht Fragen", "eight questions")],
    }  # fmt: skip
    for name, entries in told.items():
        (home / f"{name}.json").write_text(json.dumps(entries))
    return repo


def wmt24(repo: Path, ratings: Sequence[str]) -> Path:
    txt = repo / "txt"
    lines(txt / "sources/en-ja.txt", ["CANARY", "one", "two"])
    lines(txt / "references/en-ja.refA.txt", ["CANARY", "ichi", "ni"])
    lines(txt / "documents/en-ja.docs", ["canary\tcanary", "news\td1", "news\td1"])
    for system in ("X", "Y"):
        lines(txt / f"system-outputs/en-ja/{system}.txt", ["CANARY", f"{system}1", f"{system}2"])
    lines(repo / "humeval/esa_generalMT2024_wave2.csv", ratings)
    lines(repo / "humeval/esa_generalMT2024_wave3.csv", [])
    return repo


def seedx(repo: Path) -> Path:
    names = ("SEED_X", "SYSTEM1", "SYSTEM2", "SYSTEM3")
    whole = {"INPUT": "Hello", **{name: f"{name}!" for name in names},
             **{f"{name}_SCORE": float(place) for place, name in enumerate(names)}}  # fmt: skip
    for pair in ("en2de", "en2es", "zh2de", "zh2es"):
        rows = [whole, {**whole, "SEED_X": None}]
        lines(repo / f"challenge_set/{pair}_examples.json", [json.dumps(row) for row in rows])
    challenge = {"src_text": "Hi", "参考译文": "你好", "考察点": "1. hi", "领域标签": "chat",
                 "文本风格": "plain"}  # fmt: skip
    for pair in ("en2zh", "zh2en"):
        lines(repo / f"challenge_set/Challenge_set_{pair}.json", [json.dumps(challenge)])
    return repo
