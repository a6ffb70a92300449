"""Preference training as the command line runs it: the losses move apart what pairs tell apart,
and a killed run goes on with the same curve."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.policy_parts import make_translator
from tests.policy_parts import write_rows as write_segments
from tests.training import DRAGOMAN, ONE_THREAD, TRL, curve, one_thread, write_recipe, write_rows

from dragoman.data.rows import Pair, pair_from_row
from dragoman.errors import UserError
from dragoman.training import preference, trainers
from dragoman.training.recipe import load_recipe
from dragoman.types import Prompt

pytest.importorskip("trl", reason="needs dragoman[train]")

STEPS = 30
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::DeprecationWarning", "error:.is_gradient_checkpointing"
)


def pairs(count: int) -> list[dict[str, Any]]:
    """In TRL's form and in plain texts."""
    rows: list[dict[str, Any]] = []
    for i in range(count):
        texts = {"prompt": f"Say {i % 7}.", "chosen": f"It is {i % 7}.", "rejected": "No."}
        said = {key: [{"role": "user", "content": text}] for key, text in texts.items()}
        rows.append(said if i % 2 else texts)
    return rows


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, pairs, and a recipe for them; `out` is the run that nobody disturbed."""
    home = tmp_path_factory.mktemp("preference")
    make_translator(home / "model", hidden_size=32, intermediate_size=64)
    tables = {
        "stage": "preference",
        "model": str(home / "model"),
        "seed": 5,
        "data": {"rows": str(write_rows(home / "pairs.jsonl", pairs(20)))},
        "validation": {"rows": str(write_segments(home / "held.jsonl", 3)), "every": 15},
        "preference": {"format": "tests.policy_parts:Plain", "max_tokens": 8},
        "trl": {**TRL, "loss_type": ["sppo_hard"], "max_steps": STEPS, "learning_rate": 1e-3},
    }
    recipe = write_recipe(home / "preference.toml", tables)
    with one_thread():
        preference.train(recipe, home / "out")
    return home


def test_the_better_reply_becomes_likelier_than_the_worse(home: Path) -> None:
    losses = curve(home / "out")
    assert list(losses) == list(range(1, STEPS + 1))
    # Before the first update nothing differs from the reference: 2 (1/2β)².
    assert losses[1] == pytest.approx(50, abs=1e-3)
    assert losses[STEPS] < 40
    assert curve(home / "out", "rewards/accuracies")[STEPS] == 1
    assert list(curve(home / "out", "validation/unreadable")) == [15, 30]
    assert (home / "out/model/model.safetensors").is_file()


def test_a_killed_run_goes_on_with_the_same_curve(home: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    command = [*DRAGOMAN, "train", "preference", str(home / "preference.toml"), "-o", str(output)]
    process = subprocess.Popen(command, env=ONE_THREAD, stderr=subprocess.DEVNULL)
    log = output / "log.jsonl"
    while process.poll() is None and not (log.exists() and log.read_bytes().count(b"\n") > 4):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (output / "model").exists()
    with one_thread():
        preference.train(load_recipe(str(home / "preference.toml")), output, resume=True)
    assert curve(output) == pytest.approx(curve(home / "out"), abs=1e-4)


def test_pairs_are_held_out_as_well(home: Path, tmp_path: Path) -> None:
    # Turned around, so that what training makes better is worse here.
    turned = [
        {"prompt": one.prompt, "chosen": one.rejected, "rejected": one.chosen}
        for one in map(pair_from_row, pairs(4))
    ]
    held_out = write_rows(tmp_path / "turned.jsonl", turned)
    changed = [f"validation={{rows='{held_out}', every=5}}", "trl.max_steps=5"]
    with one_thread():
        preference.train(load_recipe(str(home / "preference.toml"), changed), tmp_path / "run")
    (loss,) = curve(tmp_path / "run", "eval_loss").values()
    assert loss > 50.5


def test_a_judges_format_is_refused_before_anything_is_written(home: Path, tmp_path: Path) -> None:
    recipe = load_recipe(str(home / "preference.toml"), ["preference.format=gqm"])
    with pytest.raises(UserError, match="gqm is about a group, not for translators"):
        preference.train(recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_loss_that_there_is_not_is_named(home: Path, tmp_path: Path) -> None:
    recipe = load_recipe(str(home / "preference.toml"), ['trl.loss_type=["dpo"]'])
    with pytest.raises(UserError, match=r"\[trl\]: Unknown loss type: dpo"):
        preference.train(recipe, tmp_path / "run")


def test_pairs_end_as_replies_do_and_none_is_cut_off(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = load_recipe(str(home / "preference.toml"), ["trl.max_length=64"])
    work = trainers.begin(recipe, tmp_path / "run", "DPOConfig", resume=False)
    short, long = Pair("Say 1.", "Yes.", "No."), Pair("Say 1.", "Yes.", "No. " * 100)
    (row,) = preference.in_tokens(work, [short, long], 7)
    assert row["chosen_ids"] == [*work.chat.encode_reply("Yes."), 7]
    assert row["rejected_ids"] == [*work.chat.encode_reply("No."), 7]
    assert row["prompt_ids"] == work.chat.encode(Prompt("Say 1."))
    bare = replace(short, chat=False)
    (other,) = preference.in_tokens(work, [bare], 7)
    assert other["prompt_ids"] == work.chat.encode(Prompt("Say 1.", chat=False))
    assert other["prompt_ids"] != row["prompt_ids"]
    exact = len(row["prompt_ids"]) + max(len(row["chosen_ids"]), len(row["rejected_ids"]))
    work.config.max_length = exact
    assert preference.in_tokens(work, [short], 7) == [row]
    work.config.max_length = exact - 1
    with pytest.raises(UserError, match=f"every pair is longer than {exact - 1}"):
        preference.in_tokens(work, [short], 7)
    work.config.max_length = 64
    assert "1 of 2 pairs are longer than 64 tokens" in caplog.text
    with pytest.raises(UserError, match="every pair is longer than 64"):
        preference.in_tokens(work, [long], 7)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"prompt": "p", "chosen": "a", "rejected": "a"}, "are the same"),
        ({"prompt": "p", "chosen": "a"}, "'rejected' is a text"),
        ({"prompt": "", "chosen": "a", "rejected": "b"}, "'prompt' is a text"),
        ({"prompt": [{"content": "a"}] * 2, "chosen": "a", "rejected": "b"}, "one message"),
        ({"prompt": [{"role": "user"}], "chosen": "a", "rejected": "b"}, "one message"),
        ({"prompt": "p", "chosen": "a", "rejected": "b", "chat": 0}, "'chat' is true or false"),
    ],
)
def test_what_is_no_pair_is_refused(row: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        pair_from_row(row)


def test_a_pair_is_read_from_both_forms() -> None:
    found = [pair_from_row(row) for row in pairs(2)]
    assert found == [Pair("Say 0.", "It is 0.", "No."), Pair("Say 1.", "It is 1.", "No.")]
