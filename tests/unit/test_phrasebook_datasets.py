"""The phrasebook's data sets and gold judge, and the verb that shows them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import correlation

import pytest

from dragoman.asking import Asker
from dragoman.engines.scripted import ScriptedEngine
from dragoman.errors import UserError
from dragoman.formats import make_format
from dragoman.judges import make_judge
from dragoman.phrasebook import gold
from dragoman.phrasebook.datasets import Row, gold_quality, load, segment_meaning
from dragoman.phrasebook.judge import GoldJudge
from dragoman.phrasebook.models import model_folder
from dragoman.phrasebook.replies import translation
from dragoman.records import group_from_row, segment_from_row
from dragoman.row_files import to_line
from dragoman.types import Candidate, Group, Segment

NAMES = ("translations", "judge", "judge-alone", "groups", "segments")


def lines(rows: Iterator[Row]) -> list[str]:
    return [to_line(row) for row in rows]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_rows(name: str) -> None:
    rows = lines(load(name, size=12))
    assert len(rows) == 12
    assert lines(load(name, size=12)) == rows
    assert lines(load(name, size=12, seed=2)) != rows
    assert lines(load(name, size=12, split="test")) != rows


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("nothing", {}, "has no data set 'nothing'; there are translations, judge,"),
        ("groups", {"split": "dev"}, "splits are train, validation, test, not 'dev'"),
        ("groups", {"sloppy_share": 0.5}, "groups has no option 'sloppy_share'; there are split,"),
        ("groups", {"most": 1}, "most is a whole number from 2, not 1"),
        ("groups", {"most": "4"}, "most is a whole number from 2, not '4'"),
        ("groups", {"candidates": "all"}, "candidates is planted or mixed, not 'all'"),
        ("translations", {"sloppy_share": 2}, "sloppy_share is a share from 0 to 1, not 2"),
        ("segments", {"cross_lingual": "no"}, "cross_lingual is true or false, not 'no'"),
        ("segments", {"size": -1}, "size is a whole number from 0, not -1"),
        ("segments", {"seed": -1}, "seed is a whole number from 0, not -1"),
        ("segments", {"directions": ()}, "directions is a list such as en-de"),
        ("segments", {"directions": ("en-en",)}, "direction 'en-en': write two different ones"),
        ("segments", {"directions": ("en-it",)}, "direction 'en-it': write two different ones"),
    ],
)
def test_what_is_not_there_is_refused(name: str, options: Row, complaint: str) -> None:
    with pytest.raises(UserError) as caught:
        load(name, **options)
    assert complaint in str(caught.value)


def test_a_segment_leads_back_to_its_meaning() -> None:
    for row in load("segments", split="test", size=20, directions=("zh-fr", "en-es")):
        segment = segment_from_row(row)
        meaning = segment_meaning(segment)
        assert meaning is not None
        assert segment.source == translation(meaning, segment.source_lang)
        assert segment.reference is not None
        assert gold_quality(segment, segment.reference) == 10
        assert gold_quality(segment, segment.source) < 10


@pytest.mark.parametrize(
    "id", ["g", "phrasebook/train/1/0", "phrasebook/dev/1/0/en-de", "phrasebook/train/x/0/en-de",
           "phrasebook/train/1/-2/en-de", "phrasebook/train/1/²/en-de", "other/train/1/0/en-de"],
)  # fmt: skip
def test_other_segments_have_no_gold(id: str) -> None:
    segment = Segment(id, "Hello", "en", "de")
    assert segment_meaning(segment) is None
    with pytest.raises(UserError, match="not of the phrasebook"):
        gold_quality(segment, "Hallo")


def test_groups_have_different_scores_and_their_gold() -> None:
    for candidates in ("planted", "mixed"):
        for row in load("groups", size=25, candidates=candidates, most=3):
            group = group_from_row(row)
            assert 2 <= len(group) <= 3
            assert len(set(row["scores"])) > 1
            for candidate, score in zip(group.candidates, row["scores"], strict=True):
                assert gold_quality(group.segment, candidate.text) == score


def test_a_sloppy_translator_is_worse() -> None:
    def mean(share: float) -> float:
        read = make_format("codeblock-think").read
        rows = load("translations", size=80, sloppy_share=share, directions=("en-de",))
        segments = map(segment_from_row, load("segments", size=80, directions=("en-de",)))
        scores = [gold_quality(segment, read(row["response"], segment))
                  for row, segment in zip(rows, segments, strict=True)]  # fmt: skip
        return sum(scores) / len(scores)

    assert mean(0.0) == 10
    assert 5 < mean(1.0) < 9


def test_cross_lingual_segments_have_no_reference() -> None:
    rows = list(load("segments", size=6, cross_lingual=True, directions=("en-de",)))
    assert ["reference" in row for row in rows] == [True, False] * 6
    for row in rows[1::2]:
        assert row["tgt_lang"] in ("zh", "es", "fr")
        assert segment_meaning(segment_from_row(row)) is not None


@pytest.fixture(scope="module")
def groups() -> list[Group]:
    return [group_from_row(row) for row in load("groups", split="test", size=40)]


async def test_without_noise_the_gold_judge_says_gold(groups: list[Group]) -> None:
    for group in groups:
        judgement = await make_judge("gold").judge(group)
        assert judgement.verdict is not None
        meaning = segment_meaning(group.segment)
        assert meaning is not None
        texts = [candidate.text for candidate in group.candidates]
        wanted = tuple(float(gold.score(t, meaning, group.segment.target_lang)) for t in texts)
        assert judgement.verdict.scores == wanted
        assert judgement.verdict.analysis
        assert judgement.usage.calls == 0


async def test_noise_is_the_same_again_and_grows(groups: list[Group]) -> None:
    async def scores(judge: GoldJudge, draw: int = 0) -> list[float]:
        judgements = [await judge.judge(group, draw) for group in groups]
        return [s for j in judgements if j.verdict for s in j.verdict.scores or ()]

    right = await scores(GoldJudge())
    noisy = await scores(GoldJudge(1.5))
    assert noisy == await scores(GoldJudge(1.5))
    assert noisy != right
    assert noisy != await scores(GoldJudge(1.5, seed=1))
    assert noisy != await scores(GoldJudge(1.5), draw=1)
    assert all(0 <= s <= 10 and s == round(s) for s in noisy)
    assert correlation(right, noisy) > correlation(right, await scores(GoldJudge(6))) > 0


async def test_a_group_from_elsewhere_is_a_failure() -> None:
    group = Group(Segment("g", "Hello", "en", "de"), (Candidate("Hallo"), Candidate("Hi")))
    judgement = await GoldJudge().judge(group)
    assert judgement.verdict is None
    assert judgement.failure is not None
    assert judgement.failure.reason == "no-gold"


def test_the_gold_judge_by_name() -> None:
    assert make_judge("gold").fields == {"judge": "gold"}
    assert make_judge("gold:1.5").fields == {"judge": "gold", "noise": 1.5, "seed": 0}
    for name, complaint in [("gold:much", "such as gold:1.5"), ("gold:-1", "from 0 to 100"),
                            ("gold:nan", "from 0 to 100")]:  # fmt: skip
        with pytest.raises(UserError, match=complaint):
            make_judge(name)
    with pytest.raises(UserError, match="every order"):
        make_judge("gold", permute="all")
    engine = ScriptedEngine.answering(lambda prompt, sampling: "")
    with pytest.raises(UserError, match="asks no engine"):
        make_judge("gold", Asker(engine))
    with pytest.raises(UserError, match="asks no engine"):
        make_judge("gold", format="gqm")


def test_a_model_that_does_not_ship_is_refused() -> None:
    with pytest.raises(UserError, match="there are base"):
        model_folder("huge")


def dragoman(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from dragoman.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_data_from_the_shell_is_judged_from_the_shell(tmp_path: Path) -> None:
    flags = ["--size", "6", "--direction", "fr-es", "zh-en", "--option", "most=3"]
    done = dragoman("phrasebook", "data", "groups", "-o", "g.jsonl", *flags, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    rows = [json.loads(line) for line in (tmp_path / "g.jsonl").read_text().splitlines()]
    assert rows == list(load("groups", size=6, directions=("fr-es", "zh-en"), most=3))
    again = dragoman("phrasebook", "data", "groups", "-o", "g.jsonl", cwd=tmp_path)
    assert again.returncode == 2
    assert again.stderr == "dragoman: g.jsonl is there already; --overwrite replaces it\n"
    judged = dragoman("rank", "g.jsonl", "--judge", "gold", "-o", "v.jsonl", cwd=tmp_path)
    assert judged.returncode == 0, judged.stderr
    verdicts = [json.loads(line) for line in (tmp_path / "v.jsonl").read_text().splitlines()]
    assert [verdict["scores"] for verdict in verdicts] == [row["scores"] for row in rows]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("show", "--split", "dev"), "the phrasebook's splits are train, validation, test"),
        (("show", "--languages", "it"), "--languages it: the phrasebook has en, de, zh, es, fr"),
        (("show", "--languages", "en", "--groups"), "--groups translates from one language"),
        (("data", "lessons", "-o", "x.jsonl"), "the phrasebook has no data set 'lessons'"),
        (("data", "groups", "-o", "x.jsonl", "--option", "most"), "--option most: write KEY=VALUE"),
        (("data", "groups", "-o", "x.jsonl", "--option", "size=3"), "say that with its own flag"),
    ],
)
def test_a_bad_name_is_one_line(arguments: tuple[str, ...], complaint: str, tmp_path: Path) -> None:
    done = dragoman("phrasebook", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_show_speaks_every_language(tmp_path: Path) -> None:
    done = dragoman("phrasebook", "show", "--size", "3", "--groups", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for language in ("en", "de", "zh", "es", "fr"):
        assert done.stdout.count(f"\n{language}  ") + done.stdout.startswith(language) == 3
    assert done.stdout.count("judge:gold|") == 3
    assert dragoman("phrasebook", "show", "--size", "3", "--groups", cwd=tmp_path).stdout == (
        done.stdout
    )
