"""Metrics in processes of their own: what they answer, and every way in which they fail."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import make_group

from dragoman import rank_groups
from dragoman.errors import MetricFailed
from dragoman.metrics import environments, make_metric
from dragoman.metrics.learned import WORKERS, rows_of
from dragoman.metrics.worker import Worker

SCRIPT = f"""
import os, signal, sys, time
sys.path.insert(0, {str(WORKERS)!r})
from pipe import serve

def open_metric(place):
    if place == "missing":
        raise FileNotFoundError("no such model")
    print("loading ...")

    def score(rows):
        print("working ...")
        told = rows[0]["mt"]
        if told == "die":
            sys.stderr.write("out of memory"); sys.stderr.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        if told == "leave":
            os._exit(3)
        if told == "sleep":
            time.sleep(60)
        if told == "fail":
            raise ValueError("too long a text")
        if told == "nan":
            return [float("nan")]
        if told == "few":
            return []
        return [len(row["mt"]) + len(row.get("ref", "")) / 10 for row in rows]

    return score, {{"model": place, "package": "1.0"}}

serve(open_metric)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "worker.py"
    file.write_text(SCRIPT)
    return file


@pytest.fixture
def worker(script: Path) -> Iterator[Worker]:
    made = Worker("lengths", [sys.executable, str(script), "small"], answering=20)
    yield made
    made.close()


def test_answers_come_in_order_whatever_is_printed(worker: Worker) -> None:
    assert worker.told == {"model": "small", "package": "1.0"}
    assert worker.ask([{"mt": "ä\n日"}, {"mt": "", "ref": "abc"}]) == [3, 0.3]
    assert worker.ask([{"mt": "ab"}]) == [2]


def test_one_bad_text_is_an_error_and_the_next_is_answered(worker: Worker) -> None:
    with pytest.raises(MetricFailed, match="lengths: ValueError: too long a text"):
        worker.ask([{"mt": "fail"}])
    assert worker.ask([{"mt": "abc"}]) == [3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("die", "killed by signal 9; it said last: ….*out of memory"),
        ("leave", "its process ended with 3"),
        ("nan", "1 scores for 1 texts, or one is no number"),
        ("few", "0 scores for 1 texts"),
    ],
)
def test_what_goes_wrong_is_said(text: str, message: str, worker: Worker) -> None:
    with pytest.raises(MetricFailed, match=f"(?s)lengths: .*{message}"):
        worker.ask([{"mt": text}])


def test_a_dead_process_stays_dead(worker: Worker) -> None:
    with pytest.raises(MetricFailed):
        worker.ask([{"mt": "die"}])
    with pytest.raises(MetricFailed, match="its process has ended"):
        worker.ask([{"mt": "abc"}])


def test_a_slow_answer_ends_it(script: Path) -> None:
    slow = Worker("lengths", [sys.executable, str(script), "small"], answering=0.3)
    with pytest.raises(MetricFailed, match=r"lengths: no answer within 0.3 s"):
        slow.ask([{"mt": "sleep"}])
    assert slow._process.poll() is not None
    with pytest.raises(MetricFailed, match="its process has ended"):
        slow.ask([{"mt": "abc"}])


def test_a_model_that_does_not_load(script: Path) -> None:
    with pytest.raises(MetricFailed, match="lengths: FileNotFoundError: no such model"):
        Worker("lengths", [sys.executable, str(script), "missing"])
    with pytest.raises(MetricFailed, match=r"(?s)ended with 1; it said last: ….*No module named"):
        Worker("lengths", [sys.executable, "-c", "import there_is_no_such_module"])


def test_it_ends_with_whoever_began_it(script: Path, tmp_path: Path) -> None:
    told = tmp_path / "id"
    program = (
        "import sys, time; from pathlib import Path; from dragoman.metrics.worker import Worker\n"
        f"worker = Worker('lengths', [sys.executable, {str(script)!r}, 'small'])\n"
        f"Path({str(told)!r}).write_text(str(worker._process.pid)); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    wait_for(lambda: told.exists() and told.read_text())
    process.kill()
    process.wait()
    wait_for(lambda: not running(int(told.read_text())))


def wait_for(true: object) -> None:
    deadline = time.monotonic() + 20
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def running(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_what_is_asked_about_a_group() -> None:
    group = make_group("a", "b", reference="r")
    source = group.segment.source
    assert rows_of(group, True)[1] == {"src": source, "mt": "b", "ref": "r"}
    assert rows_of(group, False) == [{"src": source, "mt": "a"}, {"src": source, "mt": "b"}]
    with pytest.raises(ValueError, match="no reference"):
        rows_of(make_group("a"), True)


def test_references_are_asked_for_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAGOMAN_ENVIRONMENTS", str(tmp_path / "none"))
    assert make_metric("comet:my/model.ckpt").needs_reference
    assert not make_metric("cometkiwi").needs_reference
    assert not (tmp_path / "none").exists()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A package that pip can install without a network."""
    file = tmp_path / "tiny_metric-1.0-py3-none-any.whl"
    about = "tiny_metric-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tiny_metric.py", "SCORE = 7\n")
        archive.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny-metric\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
    return file


def test_an_environment_is_made_once(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "environments"
    monkeypatch.setenv("DRAGOMAN_ENVIRONMENTS", str(home))
    monkeypatch.setattr(environments, "REQUIREMENTS", {"tiny": (str(wheel),)})
    # What a stopped run left is done away with.
    (home / "tiny/bin").mkdir(parents=True)
    (home / "tiny/bin/python").write_text("no program")
    python = environments.python_of("tiny")
    told = capfd.readouterr()
    assert f"making an environment with {wheel}" in told.err
    assert told.out == ""
    code = "import tiny_metric; print(tiny_metric.SCORE)"
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    call = [str(python), "-c", code]
    assert subprocess.run(call, capture_output=True, check=True, env=clean).stdout == b"7\n"
    assert environments.python_of("tiny") == python
    assert capfd.readouterr().err == ""


def test_a_metric_is_a_judge(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dragoman.metrics.learned.python_of", lambda kind: sys.executable)
    monkeypatch.setattr("dragoman.metrics.learned.WORKERS", script.parent)
    script.rename(script.with_name("comet_worker.py"))
    (judgement,) = rank_groups([make_group("a", "bcd", reference="r")], judge="metric:comet:tiny")
    assert judgement.verdict
    assert judgement.verdict.scores == (1.1, 3.1)
    assert "metric:comet|model:tiny|package:1.0" in judgement.signature
