"""Test sets by name, and BenchMAX: made up, small, in the form in which they are stored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.checkouts import lines
from tests.evaluating import Program, dragoman, write

from dragoman.benchmarks.sacrebleu_sets import segments
from dragoman.errors import UnknownName, UserError
from dragoman.evaluation.translations import read_referenced

__all__ = ["dragoman"]

XML = """<dataset id="t">
<doc id="d1" origlang="cs">
<src lang="cs"><p><seg id="1">jedna  a</seg><seg id="2">dva</seg></p></src>
<ref lang="en" translator="A"><p><seg id="1">uno</seg><seg id="2">due</seg></p></ref>
<ref lang="en" translator="B"><p><seg id="1">one and</seg><seg id="2">two</seg></p></ref></doc>
<doc id="d2" origlang="cs"><src lang="cs"><p><seg id="1">tři</seg></p></src>
<ref lang="en" translator="A"><p><seg id="1">tre</seg></p></ref>
<ref lang="en" translator="B"><p><seg id="1">three</seg></p></ref></doc>
</dataset>"""


def run(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: sacrebleu reads once where its test sets are."""
    # Where there is a network, nothing is fetched either.
    nowhere = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    environment = {**os.environ, **nowhere, "SACREBLEU": str(Path("sets").resolve()), **more}
    call = [sys.executable, "-m", *command]
    return subprocess.run(call, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows_of(path: str) -> list[Any]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def prepare(name: str, *more: str) -> subprocess.CompletedProcess[str]:
    return run("dragoman", "benchmark", "prepare", name, "-o", "out", *more)


def test_a_set_that_sacrebleu_has_fetched(here: Path) -> None:
    """Its own code makes texts of what it fetched, with the reference that it takes."""
    raw = here / "sets/wmt22/raw"
    lines(raw / "wmt22.v1.1.tar.gz", ["it is not unpacked again"])
    lines(raw / "wmt22-news-systems-1.1/xml/wmttest2022.cs-en.all.xml", [XML])
    done = prepare("sacrebleu:wmt22", "--pair", "cs-en")
    assert (done.returncode, done.stdout) == (0, "")
    assert "cs-en: 3 segments, 2 documents" in done.stderr
    found = read_referenced("out/sacrebleu.wmt22.cs-en.jsonl")
    assert [(one.source, one.reference) for one in found] == [
        ("jedna a", "one and"), ("dva", "two"), ("tři", "three"),
    ]  # fmt: skip
    assert found[0].id == "wmt22.cs-en.1"
    rows = rows_of("out/sacrebleu.wmt22.cs-en.jsonl")
    assert [row["doc_id"] for row in rows] == ["d1", "d1", "d2"]


def test_figures_on_a_set_are_those_of_sacrebleu(here: Path) -> None:
    raw = here / "sets/mtedx/test/raw"
    lines(raw / "mtedx_test.test.tar.gz", ["fetched"])
    lines(raw / "test/mtedx-test-elen.el", ["ένα δύο τρία τέσσερα", "καλημέρα σε όλους σας"])
    lines(raw / "test/mtedx-test-elen.en", ["one two three four", "good morning to you all"])
    lines(here / "s.txt", ["one two three five", "good morning to them all"])
    assert prepare("sacrebleu:mtedx/test", "--pair=el-en").returncode == 0
    flags = ("-s", "s.txt", "--json", "o.json")
    call = ("dragoman", "evaluate", "translation", "out/sacrebleu.mtedx-test.el-en.jsonl", *flags)
    assert run(*call).returncode == 0
    call = ("sacrebleu", "-t", "mtedx/test", "-l", "el-en", "-i", "s.txt", "-w", "6")
    theirs = json.loads(run(*call).stdout)
    (pair,) = json.loads(Path("o.json").read_text())["language_pairs"]
    ours = pair["systems"][0]["scores"][0]
    assert round(ours["score"], 6) == theirs["score"]
    assert len(read_referenced("out/sacrebleu.mtedx-test.el-en.jsonl")) == 2


def test_without_a_network_it_says_where_a_set_belongs(here: Path) -> None:
    done = prepare("sacrebleu:mtnt2019")
    assert done.returncode == 2
    assert "sacrebleu cannot give mtnt2019 en-fr: <urlopen error" in done.stderr
    assert f"copy {here / 'sets'}/mtnt2019 here from a machine that has it" in done.stderr
    assert not Path("out").exists()


def test_sets_that_sacrebleu_does_not_know() -> None:
    with pytest.raises(UnknownName, match="no test set called 'wmt99'; there are wmt24"):
        next(segments("wmt99"))
    with pytest.raises(UserError, match="wmt22 has no pair de-xx; there are cs-en"):
        next(segments("wmt22", ["de-xx"]))


PUBLISHED = [
    {"src_text": "Hallo", "trg_text": "Hello", "src_lang": "de", "trg_lang": "en", "comment": "!"},
    {"src_text": "Tag", "trg_text": "Day", "src_lang": "de", "trg_lang": "en", "comment": None},
    {"src_text": "你好", "trg_text": "Hello", "src_lang": "zh", "trg_lang": "en", "comment": None},
]


@pytest.fixture
def stored(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set as the hub stores them: a card that says which files are which."""
    pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HOME", str(here / "home"))
    folder = here / "sets/mine"
    (folder / "data").mkdir(parents=True)
    write(folder / "data/a.jsonl", PUBLISHED)
    write(folder / "data/b.jsonl", PUBLISHED[:1])
    lines(folder / "README.md", [
        "---", "configs:", "- config_name: small", "  data_files:", "  - split: test",
        "    path: data/a.jsonl", "  - split: dev", "    path: data/b.jsonl",
        "- config_name: odd", "  data_files:", "  - split: one", "    path: data/a.jsonl",
        "  - split: two", "    path: data/b.jsonl", "---",
    ])  # fmt: skip
    return folder


def test_a_data_set_with_published_columns(
    stored: Path, dragoman: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ("benchmark", "prepare", f"dataset:{stored}", "-o", "out")
    assert dragoman(*call, "--subset", "small") == 0
    assert "de-en: 2 segments, 2 documents\nzh-en: 1 segments" in capsys.readouterr().err
    one, two = read_referenced("out/dataset.mine.de-en.jsonl")
    assert (one.id, one.source, one.reference, one.comment) == ("1", "Hallo", "Hello", "!")
    assert (two.id, two.comment) == ("2", None)
    assert dragoman(*call, "--subset", "small", "--split", "dev", "--overwrite") == 0
    assert len(read_referenced("out/dataset.mine.de-en.jsonl")) == 1


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "datasets cannot load it: Config name is missing"),
        (("--subset", "large"), "datasets cannot load it: BuilderConfig 'large' not found"),
        (("--subset", "odd"), "no split called test; --split says which: one, two"),
        (("--subset", "odd", "--split", "three"), "datasets cannot load it: Bad split: three"),
    ],
)
def test_parts_of_a_data_set_that_are_not_there(
    flags: tuple[str, ...],
    message: str,
    stored: Path,
    dragoman: Program,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert dragoman("benchmark", "prepare", f"dataset:{stored}", "-o", "out", *flags) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_row_that_lacks_a_column_is_named(
    stored: Path, dragoman: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    write(stored / "data/b.jsonl", [*PUBLISHED[:1], {**PUBLISHED[0], "src_lang": None}])
    flags = ("--subset", "small", "--split", "dev")
    assert dragoman("benchmark", "prepare", f"dataset:{stored}", "-o", "out", *flags) == 2
    assert "mine:2: 'src_lang' is missing" in capsys.readouterr().err


def test_a_data_set_of_the_hub_without_a_network(here: Path) -> None:
    pytest.importorskip("datasets")
    home = {"HF_HOME": str(here / "home"), "HF_HUB_OFFLINE": "1"}
    call = ("dragoman", "benchmark", "prepare", "dataset:owner/none", "-o", "out")
    done = run(*call, **home)
    assert done.returncode == 2
    assert "owner/none: datasets cannot load it: " in done.stderr
    assert "Traceback" not in done.stderr


def benchmax(folder: Path, files: dict[str, list[Any]]) -> Path:
    """A clone: a card that names a file of each language, and the files."""
    card = ["---", "license: cc-by-4.0", "configs:"]
    for name, rows in files.items():
        task = name.partition("_")[0]
        card += [f"  - config_name: {name}", f"    data_files: {task}/{name}.jsonl"]
        (folder / task).mkdir(parents=True, exist_ok=True)
        write(folder / task / f"{name}.jsonl", rows)
    lines(folder / "README.md", [*card, "---"])
    return folder


def texts(*told: object) -> list[Any]:
    return [{"text": text} for text in told]


def test_tasks_of_benchmax(dragoman: Program, capsys: pytest.CaptureFixture[str]) -> None:
    benchmax(Path("repo"), {
        "flores_en": texts("one", "two"), "flores_de": texts("eins", "zwei"),
        "flores_zh": texts("一", "二"), "mgsm_en": texts("1 + 1"),
        "mgsm_de": texts(["eins und eins", "1 plus 1", "1 und 1"]),
        "wmt24_en-de_en": texts("Hi"), "wmt24_en-de_de": texts("Hallo"),
    })  # fmt: skip

    def made(task: str, pair: str, *flags: str) -> list[tuple[str, str, str | None]]:
        call = ("benchmark", "prepare", f"benchmax-{task}", "--repo", "repo", "-o", "out")
        assert dragoman(*call, "--overwrite", *flags) == 0
        found = read_referenced(f"out/benchmax-{task}.{pair}.jsonl")
        return [(one.id, one.source, one.reference) for one in found]

    first, second = made("flores", "de-en")
    assert first == ("benchmax-flores.de-en.1", "eins", "one")
    assert second == ("benchmax-flores.de-en.2", "zwei", "two")
    assert {path.name for path in Path("out").iterdir()} == {
        f"benchmax-flores.{pair}.jsonl" for pair in ("de-en", "en-de", "zh-en", "en-zh")
    }
    assert "licence: CC-BY-4.0" in capsys.readouterr().err
    assert made("flores", "zh-de", "--pair", "zh-de")[0][1:] == ("一", "eins")
    assert made("mgsm", "en-de")[0][1:] == ("1 + 1", "eins und eins")
    assert made("mgsm", "de-en")[0][1:] == ("eins und eins", "1 + 1")
    assert [one[1:] for one in made("wmt24", "en-de")] == [("Hi", "Hallo")]
    assert not Path("out/benchmax-wmt24.de-en.jsonl").exists()


def talks(numbers: range, language: str, **more: str) -> list[Any]:
    """Lines of talks; those of `more` say something else."""
    return [
        {"id": n, "text": more.get(f"n{n}", f"{language} {n}"), "talk_name": f"t{n // 10}"}
        for n in numbers
    ]


def test_talks_that_both_languages_have(dragoman: Program) -> None:
    repo = benchmax(Path("repo"), {
        "ted_en": talks(range(5), "en"),
        "ted_de": talks(range(1, 7), "de", n2="__NULL__", n3="_ _ NULL _ _"),
    })  # fmt: skip
    call = ("benchmark", "prepare", "benchmax-ted", "--repo", "repo", "-o", "out", "--overwrite")
    assert dragoman(*call) == 0
    found = read_referenced("out/benchmax-ted.en-de.jsonl")
    assert [(one.source, one.reference) for one in found] == [("en 1", "de 1"), ("en 4", "de 4")]
    benchmax(repo, {"ted_en": talks(range(1500), "en"), "ted_de": talks(range(100, 1500), "de")})
    assert dragoman(*call) == 0
    rows = rows_of("out/benchmax-ted.en-de.jsonl")
    numbers = [int(row["source"].split()[1]) for row in rows]
    # The draw that is published: random.seed(42), then random.sample of that set.
    assert numbers == sorted(numbers)
    assert len(numbers) == 1000
    assert numbers[:5] == NUMBERS
    assert all(row["reference"] == f"de {n}" for n, row in zip(numbers, rows, strict=True))
    assert rows[0]["doc_id"] == "t10"


NUMBERS = [100, 101, 104, 105, 106]


@pytest.mark.parametrize(
    ("task", "flags", "message"),
    [
        ("flores", (), "flores en-de has 1 and 2 lines"),
        ("flores", ("--pair", "en-fr"), "names no file of flores for en-fr, in 'fr'"),
        ("ted", (), "names no file of ted; is it the other data set?"),
        ("mgsm", (), "mgsm_de.jsonl:1: 'text' must be text, or a list of texts"),
    ],
)
def test_clones_of_benchmax_that_do_not_fit(
    task: str,
    flags: tuple[str, ...],
    message: str,
    dragoman: Program,
    capsys: pytest.CaptureFixture[str],
) -> None:
    benchmax(Path("repo"), {
        "flores_en": texts("one"), "flores_de": texts("eins", "zwei"), "mgsm_en": texts("one"),
        "mgsm_de": texts([]),
    })  # fmt: skip
    call = ("benchmark", "prepare", f"benchmax-{task}", "--repo", "repo", "-o", "out", *flags)
    assert dragoman(*call) == 2
    assert message in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("sacrebleu",), "sacrebleu: it is had by name, without --repo"),
        (("sacrebleu:wmt22", "--repo", "."), "sacrebleu:wmt22: it is had by name"),
        (("wmt24:x", "--repo", "."), "no benchmark is called 'wmt24:x'"),
        (("wmt24",), "wmt24 wants a --repo; git clone https://github.com/wmt-conference/wmt24"),
        (("benchmax-ted",), "git clone https://huggingface.co/datasets/LLaMAX/BenchMAX_General"),
        (("sacrebleu:wmt22", "--split", "test"), "--split is for dataset; not for sacrebleu:wmt22"),
        (("wmt24", "--repo", ".", "--pair", "en-de"), "--pair is for benchmax-flores"),
    ],
)
def test_names_and_flags_that_do_not_fit(
    call: tuple[str, ...],
    message: str,
    dragoman: Program,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert dragoman("benchmark", "prepare", *call, "-o", "out") == 2
    assert message in " ".join(capsys.readouterr().err.split())
