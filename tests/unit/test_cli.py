"""The command line, run as a user runs it: real processes, real files."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dragoman.cli.doctor import EXTRAS

HOME = Path(__file__).resolve().parents[2]
DRAGOMAN = [sys.executable, "-c", "from dragoman.cli import main; main()"]
ROWS: list[dict[str, Any]] = [
    {
        "id": f"row {i}",
        "src_lang": "de",
        "tgt_lang": "en",
        "source": f"Satz {i}",
        "reference": f"Sentence {i}",
        "candidates": [{"text": f"Phrase {i}"}, {"text": f"Sentence {i}", "system": "b"}],
    }
    for i in range(5)
]


def run(*arguments: str, cwd: Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DRAGOMAN, *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    (tmp_path / "groups.jsonl").write_text(lines)
    (tmp_path / "rules.jsonl").write_text('{"verdict": "hash"}\n')
    (tmp_path / "misspelt.toml").write_text('[rnk]\njudge = "metric:bleu"\n')
    (tmp_path / "broken.toml").write_text("[rank\n")
    return tmp_path


MODEL = ["--engine", "scripted:rules.jsonl"]


def verdicts(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_one_group_by_flags(tmp_path: Path) -> None:
    flags = ["--source", "Minus fünf", "--from", "de", "--to", "en", "-c", "Minus six"]
    done = run("rank", *flags, "-c", "-5", "--reference", "-5", cwd=tmp_path)
    assert done.returncode == 0
    assert "no --engine, so chrF against the reference judges" in done.stderr
    assert "B > A" in done.stdout
    assert "judge:metric|metric:chrf" in done.stdout


def test_a_file_to_verdict_lines_in_input_order(folder: Path) -> None:
    done = run("rank", "groups.jsonl", "-o", "out.jsonl", "--judge", "metric:chrf", cwd=folder)
    assert done.returncode == 0
    rows = verdicts(folder / "out.jsonl")
    assert [row["id"] for row in rows] == [row["id"] for row in ROWS]
    assert set(rows[0]) == {"id", "status", "order", "ranking", "scores", "analysis", "signature"}
    assert (rows[0]["status"], rows[0]["order"], rows[0]["ranking"]) == ("ok", [1, 0], "B > A")
    assert rows[0]["scores"][1] == 100
    assert "5 of 5 groups" in done.stderr


def test_a_model_judges_through_an_engine(folder: Path) -> None:
    flags = ["--engine", "scripted:rules.jsonl", "--permute", "balanced"]
    done = run("rank", "groups.jsonl", "-o", "out.jsonl", *flags, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "10 calls" in done.stderr
    [row, *_] = verdicts(folder / "out.jsonl")
    assert row["status"] == "ok"
    assert row["details"]["flip_rate"] == 0
    assert "judge:group|format:gqm.1|reading:strict|engine:scripted@" in row["signature"]


def test_pipes(folder: Path) -> None:
    stdin = (folder / "groups.jsonl").read_text()
    done = run("rank", "-", "-o", "-", "--judge", "metric:bleu", cwd=folder, stdin=stdin)
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [r["id"] for r in ROWS]


def test_a_second_run_takes_everything_from_the_ledger(folder: Path) -> None:
    command = ["rank", "groups.jsonl", "-o", "out.jsonl", "--engine", "scripted:rules.jsonl"]
    run(*command, cwd=folder)
    first = (folder / "out.jsonl").read_bytes()
    done = run(*command, cwd=folder)
    assert "5 from the ledger" in done.stderr
    assert "0 calls" in done.stderr
    assert (folder / "out.jsonl").read_bytes() == first


def test_what_actors_had_done_when_they_were_stopped_is_not_asked_for_again(folder: Path) -> None:
    (folder / "rules.jsonl").write_text('{"verdict": "hash", "log": "calls.txt"}\n')
    ledger, part = folder / "out.jsonl.ledger", folder / "out.jsonl.ledger.shards/0a1b"
    run("rank", "groups.jsonl", "-o", "out.jsonl", *MODEL, cwd=folder)
    calls, first = (folder / "calls.txt").read_bytes(), (folder / "out.jsonl").read_bytes()
    part.parent.mkdir()
    with closing(sqlite3.connect(ledger)) as kept, kept:
        kept.execute("DELETE FROM settings WHERE name = 'version'")  # an actor does not say it
    ledger.rename(part)
    (folder / "out.jsonl").unlink()
    done = run("rank", "groups.jsonl", "-o", "out.jsonl", "--temperature", "1", *MODEL, cwd=folder)
    assert done.returncode == 2
    assert "0a1b was begun with temp" in done.stderr
    ledger.unlink()
    done = run("rank", "groups.jsonl", "-o", "out.jsonl", *MODEL, cwd=folder)
    assert "5 from the ledger" in done.stderr
    assert (folder / "calls.txt").read_bytes() == calls
    assert (folder / "out.jsonl").read_bytes() == first
    assert not part.parent.exists()


def test_other_settings_are_refused(folder: Path) -> None:
    command = ["rank", "groups.jsonl", "-o", "out.jsonl", "--engine", "scripted:rules.jsonl"]
    run(*command, cwd=folder)
    before = (folder / "out.jsonl").read_bytes()
    done = run(*command, "--temperature", "0.5", cwd=folder)
    assert done.returncode == 2
    assert "temp" in done.stderr
    assert (folder / "out.jsonl").read_bytes() == before


def test_an_output_file_of_somebody_else_is_not_replaced(folder: Path) -> None:
    (folder / "out.jsonl").write_text("precious")
    done = run("rank", "groups.jsonl", "-o", "out.jsonl", cwd=folder)
    assert (done.returncode, (folder / "out.jsonl").read_text()) == (2, "precious")
    assert "--overwrite" in done.stderr
    done = run("rank", "groups.jsonl", "-o", "out.jsonl", "--overwrite", cwd=folder)
    assert done.returncode == 0


def test_a_failed_group_is_a_line_with_a_reason(folder: Path) -> None:
    rules = [{"contains": "Satz 2", "reply": "I like them all."}, {"verdict": "hash"}]
    (folder / "rules.jsonl").write_text("".join(json.dumps(rule) + "\n" for rule in rules))
    command = ["rank", "groups.jsonl", "-o", "out.jsonl", "--engine", "scripted:rules.jsonl"]
    done = run(*command, cwd=folder)
    assert done.returncode == 0
    assert "1 unjudged" in done.stderr
    row = verdicts(folder / "out.jsonl")[2]
    assert (row["status"], row["scores"], row["order"], row["ranking"]) == ("failed", *[None] * 3)
    assert row["reason"]


def test_everything_failed_is_exit_code_1(folder: Path) -> None:
    (folder / "rules.jsonl").write_text('{"reply": "no"}\n')
    flags = ["-o", "out.jsonl", "--engine", "scripted:rules.jsonl"]
    assert run("rank", "groups.jsonl", *flags, cwd=folder).returncode == 1


def test_a_budget_stops_a_run_that_can_go_on(folder: Path) -> None:
    command = ["rank", "groups.jsonl", "-o", "out.jsonl", "--engine", "scripted:rules.jsonl"]
    done = run(*command, "--max-calls", "3", cwd=folder)
    assert done.returncode == 1
    assert "as many as were granted (--max-calls)" in done.stderr
    assert not (folder / "out.jsonl").exists()
    done = run(*command, cwd=folder)
    assert done.returncode == 0
    assert "2 calls" in done.stderr
    assert len(verdicts(folder / "out.jsonl")) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rank"], "nothing to rank"),
        (["rank", "nowhere.jsonl"], "nowhere.jsonl: cannot read: No such file"),
        (["rank", "groups.jsonl", "--source", "x"], "not both"),
        (["rank", "groups.jsonl", "--judge", "group"], "say which engine has it (--engine)"),
        (["rank", "groups.jsonl", "--judge", "oracle"], "no judge is called 'oracle'"),
        (["rank", "groups.jsonl", "--engine", "openvino:nowhere"], "nowhere"),
        (["rank", "groups.jsonl", "--engine", "scripted:nowhere"], "nowhere"),
        (["rank", "groups.jsonl", "-o", "no/folder/out.jsonl"], "no/folder"),
        (["rank", "groups.jsonl", "--max-cost", "1"], "needs --prompt-price"),
        (["rank", "groups.jsonl", "--votes", "3", "--engine", "scripted:rules.jsonl"], "votes at"),
        (["rank", "groups.jsonl", "--colour", "red"], "Unknown option"),
        (["rank", "groups.jsonl", "--ledger", "l"], "wants an --output"),
        (["rank", "groups.jsonl", "-o", "groups.jsonl"], "the input and --output are one file"),
        (["rank", "groups.jsonl", "-o", "o", "--ledger", "o"], "--ledger and --output are one"),
        (["rank", "groups.jsonl", "-o", "."], "not a file that could be replaced"),
        (["rank", "groups.jsonl", *MODEL, "--format", "sqm"], "sqm is about a candidate"),
        (["rank", "groups.jsonl", *MODEL, "--format", "tower"], "tower is about a segment"),
        (["rank", "groups.jsonl", *MODEL, "--judge", "metric:chrf"], "a metric asks no engine"),
        (
            ["rank", "groups.jsonl", *MODEL, "--judge", "pointwise", "--permute", "all"],
            "every order",
        ),
        (["rank", "groups.jsonl", *MODEL, "--judge", "os:path"], "path of os is no class"),
        (["rank", "groups.jsonl", *MODEL, "--judge", "..b:c"], "looks like package.module:Name"),
        (["rank", "groups.jsonl", *MODEL, "--concurrency", "0"], "at least one at a time"),
        (["rank", "groups.jsonl", *MODEL, "--temperature", "-1"], "it is 0 or more"),
        (["rank", "groups.jsonl", *MODEL, "--temperature", "nan"], "it is 0 or more"),
        (["rank", "groups.jsonl", *MODEL, "--top-p", "5"], "above 0 and at most 1"),
        (["rank", "groups.jsonl", *MODEL, "--max-tokens", "0"], "at least one token"),
        (["rank", "groups.jsonl", *MODEL, "--retries", "-1"], "there are none, or more"),
        (["rank", "groups.jsonl", *MODEL, "--votes", "0"], "at least one"),
        (["rank", "groups.jsonl", *MODEL, "--slots", "0"], "at least two"),
        (["rank", "groups.jsonl", *MODEL, "--engine-option", "x=1"], "unexpected keyword"),
        (["rank", "groups.jsonl", *MODEL, "--max-cost", "nan", "--prompt-price", "1"], "from 0 on"),
        (["rank", "groups.jsonl", "--config", "misspelt.toml"], "no command is called 'rnk'"),
        (["rank", "groups.jsonl", "--config", "broken.toml"], "broken.toml: not TOML"),
        (["rank", "--source", "x", "--from", "xx", "--to", "en", "-c", "y"], "no language has"),
        (["rank", "groups.jsonl", "--config", "nowhere.toml"], "nowhere.toml"),
        (["prompt", "groups.jsonl", "--id", "x"], "no group has the id"),
        (["prompt", "groups.jsonl", "--format", "x"], "no format is called"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_the_users_mistakes_are_one_clear_line_and_exit_code_2(
    folder: Path, arguments: list[str], message: str
) -> None:
    done = run(*arguments, cwd=folder)
    assert done.returncode == 2, done.stderr
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


def test_a_bad_line_is_found_before_anything_is_asked(folder: Path) -> None:
    with (folder / "groups.jsonl").open("a") as file:
        file.write("{}\n")
    flags = ["-o", "out.jsonl", "--engine", "scripted:rules.jsonl"]
    done = run("rank", "groups.jsonl", *flags, cwd=folder)
    assert done.returncode == 2
    assert "groups.jsonl:6: 'candidates' must be a list" in done.stderr
    assert not list(folder.glob("out*"))


def test_one_group_too_large_is_that_groups_failure(folder: Path) -> None:
    large = {**ROWS[0], "id": "large", "candidates": [f"text {i}" for i in range(27)]}
    with (folder / "groups.jsonl").open("a") as file:
        file.write(json.dumps(large) + "\n")
    done = run("rank", "groups.jsonl", "-o", "out.jsonl", *MODEL, cwd=folder)
    assert done.returncode == 0
    assert "first unjudged: too-many-candidates: a prompt has letters for 26" in done.stderr
    assert [row["status"] for row in verdicts(folder / "out.jsonl")] == ["ok"] * 5 + ["failed"]


def test_the_same_line_twice_is_asked_about_once(folder: Path) -> None:
    rule = {"verdict": "hash", "delay": 0.1, "log": "calls.log"}
    (folder / "rules.jsonl").write_text(json.dumps(rule) + "\n")
    (folder / "groups.jsonl").write_text((json.dumps(ROWS[0]) + "\n") * 8)
    run("rank", "groups.jsonl", "-o", "out.jsonl", *MODEL, cwd=folder)
    assert len(verdicts(folder / "out.jsonl")) == 8
    assert len((folder / "calls.log").read_text().splitlines()) == 1


def test_calls_paid_for_when_a_budget_ends_are_kept(folder: Path) -> None:
    """Orders of one group are asked about together; the run ends, their replies stay."""
    rule = {"verdict": "hash", "delay": 0.1, "log": "calls.log"}
    (folder / "rules.jsonl").write_text(json.dumps(rule) + "\n")
    command = ["rank", "groups.jsonl", "-o", "out.jsonl", *MODEL, "--permute", "balanced"]
    assert run(*command, "--max-calls", "1", cwd=folder).returncode == 1
    assert run(*command, cwd=folder).returncode == 0
    assert len((folder / "calls.log").read_text().splitlines()) == 10


def test_a_full_disk_behind_standard_output_is_named(folder: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    command = [*DRAGOMAN, "rank", "groups.jsonl", "--judge", "metric:chrf", "-o", "-"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert "standard output: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_terminal_of_few_characters_gets_the_others_spelled_out(folder: Path) -> None:
    command = [*DRAGOMAN, "rank", "groups.jsonl", "--judge", "metric:chrf"]
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=folder, env=ascii_only, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"de \\u2192 en" in done.stdout


def test_debug_shows_the_traceback(folder: Path) -> None:
    assert "Traceback" in run("rank", "nowhere.jsonl", "--debug", cwd=folder).stderr


def test_options_come_from_a_toml_file_and_flags_win(folder: Path) -> None:
    (folder / "dragoman.toml").write_text('[rank]\njudge = "metric:bleu"\n')
    command = ["rank", "groups.jsonl", "--config", "dragoman.toml"]
    assert "metric:bleu" in run(*command, cwd=folder).stdout
    assert "metric:chrf" in run(*command, "--judge=metric:chrf", cwd=folder).stdout
    # A file that merely lies there is not read: somebody else may have put it there.
    assert "metric:chrf" in run("rank", "groups.jsonl", cwd=folder).stdout
    (folder / "other.toml").write_text('[rank]\njugde = "x"\n')
    done = run("rank", "groups.jsonl", "--config", "other.toml", cwd=folder)
    assert done.returncode == 2
    assert "jugde" in done.stderr
    assert "other.toml" in done.stderr


def test_a_prompt_about_a_segment_wants_no_candidates(folder: Path) -> None:
    row = {"id": "a", "src_lang": "de", "tgt_lang": "en", "source": "Eins"}
    rows = [row, {**row, "id": "b", "source": "Zwei"}]
    (folder / "segments.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    tower = ("--format", "tower")
    assert (
        "German: Zwei\n" in run("prompt", "segments.jsonl", *tower, "--id", "b", cwd=folder).stdout
    )
    assert "German: Satz 0\n" in run("prompt", "groups.jsonl", *tower, cwd=folder).stdout
    done = run("prompt", "segments.jsonl", *tower, "--id", "c", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no segment has the id 'c'" in done.stderr


def test_prompt_and_read_are_inverse_ends(folder: Path) -> None:
    done = run("prompt", "groups.jsonl", "--id", "row 1", cwd=folder)
    assert done.stdout.startswith("Given a source text in German and multiple translation")
    assert "Translation B:\n```\nSentence 1\n```\n" in done.stdout
    reply = "Because.\n\n### Final Ranking:\n\nB > A\n\n### Scores:\n\nB: 8, A: 3\n"
    lines = [json.dumps({"reply": text, "n": 2}) + "\n" for text in (reply, "3, 8")]
    done = run("read", "-", cwd=folder, stdin="".join(lines))
    good, bad = map(json.loads, done.stdout.splitlines())
    assert (good["status"], good["scores"], good["ranking"]) == ("ok", [3, 8], "B > A")
    assert bad["status"] == "failed"


@pytest.mark.parametrize("verb", ["engines", "formats", "judges", "metrics", "doctor"])
def test_lists(verb: str, tmp_path: Path) -> None:
    done = run(verb, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 2


def test_doctor_knows_each_extra_that_a_command_may_ask_for() -> None:
    project = tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))["project"]
    assert EXTRAS.keys() == project["optional-dependencies"].keys()


def test_hostile_text_does_not_steer_the_terminal(tmp_path: Path) -> None:
    text = "\x1b[2J\x1b]0;owned\x07[red]x[/red]\u202e"
    flags = ["--source", text, "--from", "de", "--to", "en", "-c", text, "-c", "b"]
    error = run("rank", *flags[:2], "--from", text, *flags[4:], cwd=tmp_path).stderr
    assert "\x1b" not in error
    done = run("rank", *flags, "--reference", "b", cwd=tmp_path)
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    assert "[red]x[/red]" in done.stdout


def test_control_c_stops_cleanly_and_the_run_goes_on_later(folder: Path) -> None:
    rule = {"verdict": "hash", "delay": 0.5}
    (folder / "rules.jsonl").write_text(json.dumps(rule) + "\n")
    command = ["rank", "groups.jsonl", "-o", "out.jsonl", "--engine", "scripted:rules.jsonl"]
    # Where tests run in the background, children are born deaf to control-C.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    program = [sys.executable, "-c", listen + DRAGOMAN[-1]]
    command_line = [*program, *command, "--concurrency", "1"]
    with subprocess.Popen(command_line, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not (folder / "out.jsonl.ledger").exists():
            time.sleep(0.05)
        time.sleep(0.8)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "stopped; what was finished is kept" in errors
    done = run(*command, cwd=folder)
    assert "from the ledger" in done.stderr
    assert len(verdicts(folder / "out.jsonl")) == 5
