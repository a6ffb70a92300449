"""Steps run once, in order, a few at once, and go on after any stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.reproduce_steps import die, fail, slow_steps, trace, traces

from dragoman.errors import DragomanError, SettingsChanged, UserError
from dragoman.reproduce import plan
from dragoman.reproduce.plan import Place, Step
from dragoman.reproduce.running import Progress, run, wall_seconds

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path, tmp_path / "base")


def go(steps, place, **options):
    return run(steps, place, **{"preload": (), "workers": 1, **options})


def test_step_runs_after_those_it_waits_for(place):
    steps = [Step("a", trace), Step("b", trace, after=("a",)), Step("c", trace, after=("b", "a"))]
    records = go(steps, place, workers=3)
    assert traces(place) == [f"{said} {name}" for name in "abc" for said in ("begin", "end")]
    assert list(records) == ["a", "b", "c"]
    assert records["a"]["result"] == {"threads": "1"}
    assert records["a"]["seconds"] >= 0


def test_no_more_than_so_many_run_at_once(place):
    go([Step(name, trace, {"seconds": 0.3}) for name in "abcd"], place, workers=2)
    at_work = most = 0
    for line in traces(place):
        at_work += 1 if line.startswith("begin") else -1
        most = max(most, at_work)
    assert most == 2


def test_second_start_repeats_nothing(place):
    steps = [Step("a", trace), Step("b", trace)]
    first = go(steps, place)
    before = traces(place)
    assert go([*steps, Step("c", trace)], place)["a"] == first["a"]
    assert traces(place) == [*before, "begin c", "end c"]


def test_failed_step_stops_those_that_need_it_and_no_others(place):
    steps = [Step("bad", fail), Step("killed", die), Step("after", trace, after=("bad",)),
             Step("other", trace)]  # fmt: skip
    with pytest.raises(DragomanError, match=r"not done: bad, killed; .*bad\.log says why"):
        go(steps, place)
    assert traces(place) == ["begin other", "end other"]
    assert "bad is meant to fail" in place.log("bad").read_text()
    # Mended, it is done, and the other is not done again.
    go([Step("bad", trace), steps[2], steps[3]], place)
    assert traces(place)[2:] == ["begin bad", "end bad", "begin after", "end after"]


def test_progress_is_told(place):
    told: list[Progress] = []
    go([Step("a", trace), Step("b", trace)], place, on_progress=told.append)
    assert [(p.done, p.finished) for p in told if p.finished] == [(1, "a"), (2, "b")]
    assert told[0].running == ("a",)
    assert wall_seconds(place) > 0


def test_killed_run_goes_on_where_it_was(tmp_path):
    """kill -9 in the middle: what was at work ends at once, what was done is not done again."""
    command = [sys.executable, "-m", "tests.reproduce_steps", str(tmp_path)]
    place = Place(tmp_path, tmp_path)
    first = subprocess.Popen(command, cwd=ROOT)
    wait_until(lambda: len(list((tmp_path / "steps").glob("*.json"))) >= 2)
    wait_until(lambda: traces(place)[-1].startswith("begin"))
    first.send_signal(signal.SIGKILL)
    first.wait()
    time.sleep(0.2)
    at_kill = traces(place)
    done = {file.stem for file in (tmp_path / "steps").glob("*.json")}
    time.sleep(0.6)
    assert traces(place) == at_kill, "a step outlived its run"
    assert "last" not in done
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    after = traces(place)[len(at_kill) :]
    assert not [line for line in after if line.split()[1] in done]
    assert sorted(line.split()[1] for line in after if line.startswith("end")) == sorted(
        {step.name for step in slow_steps()} - done
    )
    assert after[-1] == "end last"


def test_folder_has_one_run_at_a_time(tmp_path):
    first = subprocess.Popen(
        [sys.executable, "-m", "tests.reproduce_steps", str(tmp_path)], cwd=ROOT
    )
    try:
        wait_until(lambda: (tmp_path / "trace").exists())
        with pytest.raises(UserError, match="another process"):
            go([Step("a", trace)], Place(tmp_path, tmp_path))
    finally:
        first.kill()
        first.wait()


def test_other_settings_are_refused_by_name(place):
    plan.begin(place, {"seeds": [1, 2], "sizes": {"name": "full"}})
    plan.begin(place, {"seeds": (1, 2), "sizes": {"name": "full"}})
    with pytest.raises(SettingsChanged, match=r"begun with seeds \[1, 2\], not \[3\]"):
        plan.begin(place, {"seeds": [3], "sizes": {"name": "full"}})


def test_folder_of_other_things_is_left_alone(place):
    (place.folder / "letters.txt").write_text("dear")
    with pytest.raises(UserError, match="holds other things"):
        plan.begin(place, {"seeds": [1]})


def test_record_is_whole_or_not_there(place):
    """What a killed writer leaves has another name."""
    file = place.record("a")
    file.parent.mkdir()
    file.with_name("a.json.partial").write_text('{"step": ')
    assert plan.finished(place, [Step("a", trace)]) == {}
    plan.write(file, {"step": "a"})
    assert json.loads(file.read_text()) == {"step": "a"}
    assert [found.name for found in file.parent.iterdir()] == ["a.json"]


def test_plan_that_waits_in_vain_is_refused():
    with pytest.raises(ValueError, match="waits in vain"):
        plan.check([Step("a", trace, after=("b",)), Step("b", trace)])
    with pytest.raises(ValueError, match="twice"):
        plan.check([Step("a", trace), Step("a", trace)])


def test_needed_steps_are_the_wanted_and_what_they_wait_for():
    steps = [Step("a", trace), Step("b", trace, after=("a",)), Step("c", trace),
             Step("d", trace, after=("b",))]  # fmt: skip
    assert [step.name for step in plan.needed(steps, {"d"})] == ["a", "b", "d"]


def wait_until(done, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def _unchanged_environment():
    before = dict(os.environ)
    yield
    assert dict(os.environ) == before | {
        key: value for key, value in os.environ.items() if key.startswith("PYTEST_")
    }
