"""Supervised training as the command line runs it: killed and resumed, in two processes, and
refused where something is wrong."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from tests.tiny_model import make_tiny_model
from tests.training import (
    DRAGOMAN,
    ONE_THREAD,
    TRL,
    curve,
    gold_rows,
    lessons,
    one_thread,
    write_recipe,
    write_rows,
)

from dragoman.cli import _run
from dragoman.data.rows import Lesson
from dragoman.engines.chat import ChatTokenizer
from dragoman.engines.transformers import TransformersEngine
from dragoman.errors import SettingsChanged, UserError
from dragoman.training import sft
from dragoman.training.recipe import load_recipe
from dragoman.training.watching import JsonLines, Progress
from dragoman.types import Prompt, Sampling

STEPS = 80

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, lessons, and a recipe for them; `out` is the run that nobody disturbed."""
    home = tmp_path_factory.mktemp("sft")
    make_tiny_model(home / "model", hidden_size=32, intermediate_size=64)
    tables = {
        "stage": "sft",
        "model": str(home / "model"),
        "seed": 5,
        "data": {"rows": str(write_rows(home / "lessons.jsonl", lessons(35)))},
        "validation": {"rows": str(write_rows(home / "held.jsonl", gold_rows(2))), "every": 40},
        "sft": {"format": "gqm-score", "max_tokens": 12},
        "trl": {**TRL, "max_steps": STEPS},
    }
    recipe = write_recipe(home / "sft.toml", tables)
    with one_thread():
        sft.train(recipe, home / "out")
    return home


def begin(home: Path, output: Path, *options: str) -> subprocess.Popen[str]:
    command = [*DRAGOMAN, "train", "sft", str(home / "sft.toml"), "-o", str(output), *options]
    return subprocess.Popen(command, env=ONE_THREAD, text=True, stderr=subprocess.PIPE)


def test_the_loss_falls_and_every_step_is_logged(home: Path) -> None:
    losses = curve(home / "out")
    assert list(losses) == list(range(1, STEPS + 1))
    assert losses[STEPS] < 0.3 * losses[1]
    assert list(curve(home / "out", "validation/unjudged")) == [40, 80]


def test_the_model_answers_as_it_was_taught(home: Path) -> None:
    async def answer() -> str:
        engine = TransformersEngine(str(home / "out/model"), threads=1)
        try:
            asked = Prompt("Compare 3 and 3."), Sampling(max_tokens=20)
            return (await engine.complete(*asked)).replies[0].text
        finally:
            await engine.close()

    reply = asyncio.run(answer())
    assert reply.startswith("A: ")
    assert ", B: " in reply


def test_the_model_keeps_its_tokenizer_and_holds_no_pickle(home: Path) -> None:
    before, after = ChatTokenizer(home / "model"), ChatTokenizer(home / "out/model")
    prompt = Prompt("Guten Morgen <|im_end|>")
    assert before.encode(prompt) == after.encode(prompt)
    names = {path.suffix for path in (home / "out/model").iterdir()}
    assert names <= {".json", ".jinja", ".safetensors"}


def test_a_killed_run_goes_on_with_the_same_curve(home: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    process = begin(home, output)
    log = output / "log.jsonl"
    while process.poll() is None and not (log.exists() and log.read_bytes().count(b"\n") > 6):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (output / "model").exists()
    _half_a_checkpoint(output)
    log.write_text(log.read_text() + '{"step": 79, "loss": 0.5}\n{"step": 80, "lo')

    process = begin(home, output, "--resume")
    _, told = process.communicate()
    assert process.returncode == 0, told
    assert "step 1 of" not in told, "it began anew"
    assert (output / "model/model.safetensors").exists()
    assert curve(output) == pytest.approx(curve(home / "out"), rel=0, abs=1e-6)


def _half_a_checkpoint(output: Path) -> None:
    """A checkpoint newer than all others, cut off while its state was written."""
    whole = max(output.glob("checkpoint-*"), key=lambda path: path.stat().st_mtime)
    half = output / "checkpoint-79"
    shutil.copytree(whole, half)
    state = half / "trainer_state.json"
    text = (whole / "trainer_state.json").read_text() if state.exists() else "{"
    state.write_text(text[: len(text) // 2])


def test_two_processes_are_one(home: Path, tmp_path: Path) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    where = ["--master-port", "0", "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0"]
    # 32 rows make whole batches; of a rest, accelerate fills up the second process's share.
    same = ["trl.max_steps=10", "data.limit=32"]
    options = ["--set", "trl.per_device_train_batch_size=2"]
    for each in same:
        options += ["--set", each]
    command = [*torchrun, *where, "-m", "dragoman", "train", "sft", str(home / "sft.toml")]
    done = subprocess.run(
        [*command, "-o", str(tmp_path / "two"), *options],
        env=ONE_THREAD, text=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(tmp_path / "two/model")]
    assert done.stderr.count("step 3 of 10") == 1
    with one_thread():
        sft.train(load_recipe(str(home / "sft.toml"), same), tmp_path / "one")
    one, two = curve(tmp_path / "one"), curve(tmp_path / "two")
    assert two == pytest.approx(one, rel=1e-4)


@pytest.fixture
def told(home: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs the command in this process; what it said, in one line, with exit code 2."""

    def tell(*arguments: str) -> str:
        code = _run(["train", *arguments], False, None)
        (line,) = capfd.readouterr().err.splitlines()
        assert code == 2, line
        return line

    return tell


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            ["--set", "trl.learning_rat=1"],
            "sft.toml: [trl]: 'learning_rat' is not in trl.SFTConfig",
        ),
        (["--set", "trl.output_dir=x"], "sft.toml: [trl]: 'output_dir' is set by dragoman"),
        (["--set", "trl.max_steps=x"], "sft.toml: [trl]: max_steps is not 'x'"),
        (["--set", "trl.warmup_steps=-1"], "sft.toml: [trl]: Got warmup_steps = -1"),
        (
            ["--set", "trl.model_init_kwargs={trust_remote_code=true}"],
            "model_init_kwargs takes dtype, attn_implementation, not 'trust_remote_code'",
        ),
        (["--set", "trl.eos_token=<end>"], "eos_token '<end>' is no token of the model"),
        (["--set", "trl.max_length=3"], "every lesson is longer than 3 tokens"),
        (["--set", "sft.formt=gqm"], "sft.toml: [sft]: unknown key 'formt'"),
        (["--set", "model=nowhere"], "model nowhere: there is no such model folder"),
        (["--set", "data.rows=nowhere.jsonl"], "nowhere.jsonl: cannot read"),
        (["--resume", "--overwrite"], "choose one"),
    ],
)
def test_what_is_wrong_is_one_line(
    home: Path, tmp_path: Path, told: Callable[..., str], options: list[str], complaint: str
) -> None:
    line = told("sft", str(home / "sft.toml"), "-o", str(tmp_path / "new"), *options)
    assert complaint in line
    assert not (tmp_path / "new/model").exists()


def test_an_output_that_is_taken_is_refused(home: Path, told: Callable[..., str]) -> None:
    recipe = str(home / "sft.toml")
    assert "holds a finished model; --overwrite" in told("sft", recipe, "-o", str(home / "out"))
    assert "say where the model goes" in told("sft", recipe)
    assert "is for `dragoman train sft`, not reward" in told("reward", recipe, "-o", "x")


def test_another_recipe_does_not_go_on_with_a_run(home: Path, tmp_path: Path) -> None:
    shutil.copy(home / "out/recipe.json", tmp_path)
    with pytest.raises(UserError, match="--resume goes on, --overwrite begins anew"):
        sft.train(load_recipe(str(home / "sft.toml")), tmp_path)
    with pytest.raises(SettingsChanged, match="begun with another 'seed'"):
        sft.train(load_recipe(str(home / "sft.toml"), ["seed=6"]), tmp_path, resume=True)


def test_the_loss_is_on_the_response_and_its_end_alone(home: Path) -> None:
    from types import SimpleNamespace

    chat = ChatTokenizer(home / "model")
    work = SimpleNamespace(chat=chat, config=SimpleNamespace(max_length=40))
    (row,) = sft._in_tokens(
        work, [Lesson("Rank.", "A > B"), Lesson("x" * 50, "A")], SimpleNamespace(eos_token_id=2)
    )
    asked = chat.encode(Prompt("Rank."))
    learned = [token for token in row["labels"] if token != -100]
    assert row["input_ids"][: len(asked)] == asked
    assert row["labels"][: len(asked)] == [-100] * len(asked)
    assert learned == row["input_ids"][len(asked) :]
    assert chat.decode(learned[:-1]) == "A > B"
    assert learned[-1] == 2


def test_a_response_never_brings_a_mark_of_the_chat(home: Path) -> None:
    chat = ChatTokenizer(home / "model")
    end = chat.encode_reply("<|im_end|>")
    assert len(end) > 1
    assert chat.decode(end) == "<|im_end|>"


def test_small_adapters_are_merged_into_a_whole_model(home: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    changed = ["lora={r=4, target_modules=['q_proj', 'v_proj']}", "trl.max_steps=4"]
    told: list[Progress] = []
    with one_thread():
        recipe = load_recipe(str(home / "sft.toml"), [*changed, "trl.report_to=tensorboard"])
        sft.train(recipe, tmp_path / "run", on_progress=told.append)
    before, after = (
        load_file(f / "model.safetensors") for f in (home / "model", tmp_path / "run/model")
    )
    assert before.keys() == after.keys()
    changed_weights = {
        name.split(".")[-2] for name in before if (before[name] != after[name]).any()
    }
    assert changed_weights == {"q_proj", "v_proj"}
    assert [p.step for p in told if "loss" in p.numbers][-1] == 4
    assert list((tmp_path / "run/runs").rglob("events*"))


def test_overwriting_begins_anew_and_leaves_other_files_alone(
    home: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes").write_text("mine")
    shutil.copy(home / "out/recipe.json", tmp_path)
    (tmp_path / "checkpoint-70").mkdir()
    command = ["train", "sft", str(home / "sft.toml"), "-o", str(tmp_path)]
    assert _run([*command, "--set", "trl.max_steps=4", "--overwrite"], False, None) == 0
    assert capfd.readouterr().out == f"{tmp_path / 'model'}\n"
    assert list(curve(tmp_path)) == [1, 2, 3, 4]
    assert (tmp_path / "notes").read_text() == "mine"
    assert not (tmp_path / "checkpoint-70").exists()


def test_a_finished_run_resumes_to_nothing(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = (home / "out/log.jsonl").read_bytes()
    command = ["train", "sft", str(home / "sft.toml"), "-o", str(home / "out"), "--resume"]
    assert _run(command, False, None) == 0
    assert capfd.readouterr().out == f"{home / 'out/model'}\n"
    assert (home / "out/log.jsonl").read_bytes() == log
    assert _run([*command, "--set", "seed=6"], False, None) == 2
    assert "begun with another 'seed'" in capfd.readouterr().err


def test_a_folder_of_somebody_else_is_left_alone(
    home: Path, tmp_path: Path, told: Callable[..., str]
) -> None:
    (tmp_path / "recipe.json").write_text('{"soup": 1}')
    (tmp_path / "model").mkdir()
    for option in ("--overwrite", "--resume"):
        line = told("sft", str(home / "sft.toml"), "-o", str(tmp_path), option)
        assert "holds recipe.json, and no training run" in line
    assert (tmp_path / "model").exists()


def test_pickled_weights_are_never_loaded(home: Path, tmp_path: Path) -> None:
    import torch

    folder = shutil.copytree(home / "model", tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    recipe = load_recipe(str(home / "sft.toml"), [f"model={folder}"])
    with pytest.raises(UserError, match="does not load"):
        sft.train(recipe, tmp_path / "run")


def test_missing_weights_are_not_made_up(home: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(home / "model", tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    del weights["model.norm.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match=r"no weights for model\.norm\.weight"):
        sft.train(load_recipe(str(home / "sft.toml"), [f"model={folder}"]), tmp_path / "run")


def test_the_log_is_json_even_where_a_number_is_none(tmp_path: Path) -> None:
    lines = JsonLines(tmp_path / "log.jsonl")
    lines.write(1, {"loss": float("nan")})
    assert json.loads((tmp_path / "log.jsonl").read_text()) == {"step": 1, "loss": None}
