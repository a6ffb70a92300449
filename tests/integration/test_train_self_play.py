"""Self-play with a tiny model: rounds follow each other, a killed game goes on as if nobody had
disturbed it, and what cannot be played is refused."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from tests.policy_parts import make_translator
from tests.policy_parts import write_rows as write_segments
from tests.training import DRAGOMAN, ONE_THREAD, TRL, one_thread, write_recipe, write_rows

from dragoman.engines.conversion import convert_model
from dragoman.errors import BadRecord, UserError
from dragoman.signature import read_signature
from dragoman.training import self_play, self_play_round
from dragoman.training.recipe import load_recipe

pytest.importorskip("trl", reason="needs dragoman[train]")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, sentences, and a recipe for them; `out` is the game that nobody disturbed."""
    home = tmp_path_factory.mktemp("self-play")
    make_translator(home / "model", hidden_size=32, intermediate_size=64)
    sentences = [{"lang": "en", "text": f"a word {i}"} for i in range(12)]
    tables = {
        "stage": "self-play",
        "model": str(home / "model"),
        "seed": 5,
        "data": {"rows": str(write_rows(home / "texts.jsonl", sentences))},
        "validation": {"rows": str(write_segments(home / "held.jsonl", 3))},
        "self-play": {
            "languages": ["en", "de", "zh"],
            "rounds": 2,
            "sentences": 5,
            "samples": 3,
            "search_rounds": 2,
            "depth": 1,
            "temperature": 1.0,
            "language_check": "none",
            "engine_options": {"threads": 1},
            "format": "tests.policy_parts:Plain",
            "max_tokens": 8,
        },
        "trl": {**TRL, "loss_type": ["sppo_hard"], "num_train_epochs": 2},
    }
    recipe = write_recipe(home / "play.toml", tables)
    with one_thread():
        self_play.train(recipe, home / "out")
    return home


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_every_round_is_logged_and_learns_from_the_last(home: Path) -> None:
    log = rows(home / "out/log.jsonl")
    assert [row["step"] for row in log] == [0, 1, 2]
    assert "pairs" not in log[0]
    assert all("validation/unreadable" in row for row in log)
    for number, row in enumerate(log[1:], start=1):
        place = home / f"out/rounds/{number:03}"
        assert row["sentences"] == len(rows(place / "trees.jsonl")) == 5
        assert row["pairs"] == len(rows(place / "pairs.jsonl")) > 0
        assert not list(place.glob("search.ledger*"))
        assert not list((place / "update").glob("checkpoint-*"))
    second = json.loads((home / "out/rounds/002/update/recipe.json").read_text())
    assert second["model"] == str(home / "out/rounds/001/update/model")
    assert not Path(second["model"]).exists()


def test_each_round_draws_its_own_sentences_and_searches_as_told(home: Path) -> None:
    drawn: list[list[str]] = []
    for number in (1, 2):
        trees = rows(home / f"out/rounds/{number:03}/trees.jsonl")
        pairs = rows(home / f"out/rounds/{number:03}/pairs.jsonl")
        bridges = {row["id"]: {"de": "zh", "zh": "de"}[row["tgt_lang"]] for row in pairs}
        drawn.append([row["id"] for row in trees])
        for row in trees:
            told = read_signature(row["signature"])
            expected = {"samples": "3", "rounds": "2", "depth": "1", "temp": "1",
                        "seed": "5", "every_round": "yes"}  # fmt: skip
            assert told.items() >= expected.items()
            assert row["id"] not in bridges or told["bridges"] == bridges[row["id"]]
    assert drawn[0] != drawn[1]
    seeds = [
        json.loads((home / f"out/rounds/{number:03}/update/recipe.json").read_text())["seed"]
        for number in (1, 2)
    ]
    assert seeds == [6, 7]


def test_a_sentence_goes_into_another_language_and_no_reference_is_seen(home: Path) -> None:
    for number in (1, 2):
        pairs = rows(home / f"out/rounds/{number:03}/pairs.jsonl")
        assert {row["src_lang"] for row in pairs} == {"en"}
        assert {row["tgt_lang"] for row in pairs} <= {"de", "zh"}
        assert all(better > worse for better, worse in (row["utilities"] for row in pairs))


def test_a_killed_game_goes_on_as_if_nobody_had_disturbed_it(home: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    command = [*DRAGOMAN, "train", "self-play", str(home / "play.toml"), "-o", str(output)]
    process = subprocess.Popen(command, env=ONE_THREAD, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (output / "rounds/002/search.ledger").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (output / "model").exists()
    with one_thread():
        self_play.train(load_recipe(str(home / "play.toml")), output, resume=True)
    same = [
        (row["prompt"], row["chosen"], row["rejected"])
        for row in rows(home / "out/rounds/002/pairs.jsonl")
    ]
    assert [
        (row["prompt"], row["chosen"], row["rejected"])
        for row in rows(output / "rounds/002/pairs.jsonl")
    ] == same
    assert [row["step"] for row in rows(output / "log.jsonl")] == [0, 1, 2]
    ours, theirs = (load_file(f / "model/model.safetensors") for f in (output, home / "out"))
    assert all(ours[name].allclose(theirs[name], atol=1e-6) for name in theirs)


def test_openvino_searches_with_each_model_converted_once(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    converted: list[Path] = []

    def convert(model: Path, place: Path, *rest: Any) -> None:
        converted.append(model)
        assert not place.parent.exists(), "the last one is still there"
        convert_model(model, place, *rest)

    monkeypatch.setattr(self_play_round, "convert_model", convert)
    changed = ["rounds=1", "sentences=12", "pairs=all", "engine=openvino"]
    output = tmp_path / "run"
    with one_thread():
        self_play.train(
            load_recipe(str(home / "play.toml"), [f"self-play.{one}" for one in changed]), output
        )
    assert converted == [home / "model", output / "rounds/001/update/model"]
    assert (output / "model/model.safetensors").is_file()
    assert not (output / "openvino").exists()
    (tree, *_) = rows(output / "rounds/001/trees.jsonl")
    assert read_signature(tree["signature"])["engine"].startswith("openvino:")


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ("self-play.similarity=nope", "no metric is called 'nope'"),
        ("self-play.engine=nope", "no engine is called 'nope'"),
        ("self-play.languages=['en']", "languages are two or more"),
        ("self-play.languages=['en', 'English']", "all different"),
        ("self-play.languages=['de', 'zh']", "a sentence in en, which is not among"),
        ("self-play.rounds=0", "1 or more"),
        ("self-play.samples=0", "at least one"),
        ("self-play.depth=0", "at least one level"),
        ("self-play.temperature=-1", "0 or more"),
        ("self-play.format=gqm", "not for translators"),
        ("judge.judge=group", "leave out"),
    ],
)
def test_what_cannot_be_played_is_refused(
    home: Path, tmp_path: Path, changed: str, complaint: str
) -> None:
    with pytest.raises(UserError, match=complaint):
        self_play.train(load_recipe(str(home / "play.toml"), [changed]), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("row", "complaint"), [({"lang": "en", "text": " "}, "not empty"), ({"text": "a"}, "lang")]
)
def test_what_is_no_sentence_is_named(
    home: Path, tmp_path: Path, row: dict[str, Any], complaint: str
) -> None:
    file = write_rows(tmp_path / "texts.jsonl", [{"lang": "en", "text": "a"}, row])
    changed = [f"data.rows={file}"]
    with pytest.raises(BadRecord, match=f"texts.jsonl:2.*{complaint}"):
        self_play.train(load_recipe(str(home / "play.toml"), changed), tmp_path / "run")
