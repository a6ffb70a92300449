"""The actors of a real Ray cluster, which fill the ledger that a run here would have filled."""

from __future__ import annotations

import gc
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.on_ray import kill_an_actor
from tests.data import data, run
from tests.training import gold_rows, write_rows

pytest.importorskip("ray", reason="Ray is not installed: pip install 'dragoman[ray]'")
# Ray reads old settings of its own.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cluster for all tests: it takes seconds to begin."""
    from dragoman.on_ray import cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.delenv("RAY_ADDRESS", raising=False)
        with cluster(2, 0):
            yield
    # Ray lets go of its processes without waiting for them.
    for process in [it for it in gc.get_objects() if issubclass(type(it), subprocess.Popen)]:
        process.wait(60)


def script(folder: Path, parts: list[dict[str, Any]]) -> list[str]:
    """An engine by rules, which logs its calls; what no part says is made up."""
    log = {"log": str(folder / "calls")}
    answered = {"reply", "error"}
    rules = [
        {**log, **({} if answered & {*part} else {"verdict": "hash"}), **part} for part in parts
    ]
    return ["--engine", f"scripted:{write_rows(folder / 'rules.jsonl', rules)}"]


def groups(count: int) -> list[dict[str, Any]]:
    return [{**row, "source": f"Satz {i}"} for i, row in enumerate(gold_rows(count))]


def calls(folder: Path) -> list[str]:
    place = folder / "calls"
    return place.read_text().splitlines() if place.exists() else []


def test_an_actor_that_is_killed_loses_nothing_and_repeats_nothing(
    tmp_path: Path, cluster: None
) -> None:
    killed: list[int | None] = []
    over = threading.Event()

    def kill() -> None:
        while len(calls(tmp_path)) < 100 and not over.wait(0.02):
            pass
        killed.append(kill_an_actor(os.getpid()))

    engine = script(tmp_path, [{"delay": 0.05}])
    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    data(tmp_path, "annotate", groups(300), *engine, "--on", "ray", output="ray.jsonl")
    over.set()
    killer.join()
    assert killed[0]
    made = calls(tmp_path)
    assert len(made) == len(set(made)) == 600
    assert not (tmp_path / "ray.jsonl.ledger.shards").exists()
    data(tmp_path, "annotate", tmp_path / "in.jsonl", *engine, output="here.jsonl")
    for end in ("", ".provenance.json"):
        ray, here = (tmp_path / f"{name}.jsonl{end}" for name in ("ray", "here"))
        assert ray.read_bytes() == here.read_bytes()


def test_what_was_begun_here_goes_on_there(tmp_path: Path, cluster: None) -> None:
    # What finds nobody is asked again each time; its calls do not count.
    down = {"contains": "Satz 7", "error": "down", "log": None}
    faults = [down, {"contains": "Satz 8", "reply": "well"}]
    engine = script(tmp_path, [*faults, {}])
    file = str(write_rows(tmp_path / "in.jsonl", [*groups(90), *groups(2)]))
    place = str(tmp_path / "ray.jsonl")
    assert run("rank", file, "-o", place, *engine, "--max-calls", "30") == 1
    assert run("rank", file, "-o", place, *engine, "--on", "ray", "--actors", "1") == 0
    made = calls(tmp_path)
    assert len(made) == len(set(made)) > 90
    assert run("rank", file, "-o", str(tmp_path / "here.jsonl"), *engine) == 0
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "here.jsonl").read_bytes()


def test_what_stops_a_run_stops_the_actors(
    tmp_path: Path, cluster: None, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = script(tmp_path, [{"contains": "Satz 1", "error": "refused"}, {}])
    file = str(write_rows(tmp_path / "in.jsonl", groups(100)))
    assert run("rank", file, "-o", str(tmp_path / "out.jsonl"), *engine, "--on", "ray") == 1
    assert "the script says: refused" in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()
