"""`dragoman serve` as a process: it starts, is killed, starts again, and leaves in order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.servers.serving import free_port

RULES = '{"contains": "slow", "verdict": "hash", "delay": 1.0}\n{"verdict": "hash"}\n'.replace(
    '"verdict": "hash", "delay"',
    '"reply": "Fine.\\n\\n### Final Ranking:\\n\\nA > B\\n\\n'
    '### Scores:\\n\\nA: 8, B: 5\\n", "delay"',
)


@contextmanager
def server(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "dragoman", "serve", "--port", "0", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert process.stderr
    try:
        yield process, process.stderr.readline().split()[-1]
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def send(address: str, slot: int, text: str, size: int = 2) -> httpx.Response:
    body = {"slot": slot, "size": size, "text": text, "tokens": 5, "source": "Guten Morgen"}
    body |= {"src_lang": "de", "tgt_lang": "en"}
    return httpx.post(f"{address}/v1/cohorts/u{size}", json=body, timeout=60)


def test_killed_and_started_again_then_stopped_while_one_judges_and_one_waits(
    tmp_path: Path,
) -> None:
    (tmp_path / "rules.jsonl").write_text(RULES)
    arguments = ["--engine", f"scripted:{tmp_path}/rules.jsonl", "--cohorts", f"{tmp_path}/kept"]
    with ThreadPoolExecutor(4) as threads:
        with server(*arguments) as (process, address):
            waiting = threads.submit(send, address, 0, "slow one")
            wait_for(address, "dragoman_rollouts_waiting 1")
            process.send_signal(signal.SIGKILL)
            with pytest.raises(httpx.TransportError):
                waiting.result()
        with server(*arguments) as (process, address):
            lonely = threads.submit(send, address, 0, "waits", 3)
            wait_for(address, "dragoman_rollouts_waiting 1")
            # Its sibling was sent to the server that is no more.
            judged = threads.submit(send, address, 1, "slow two")
            wait_for(address, "dragoman_rollouts_waiting 2")
            process.send_signal(signal.SIGTERM)
            assert judged.result().json()["reward"] == 0.05
            assert lonely.result().status_code == 503
            assert process.wait(30) == 0
        with server(*arguments) as (process, address):
            assert send(address, 1, "slow two").json()["score"] == 5


@pytest.mark.parametrize("asked", [True, False])
def test_texts_are_logged_when_asked_for_and_else_nothing_is(asked: bool, tmp_path: Path) -> None:
    (tmp_path / "rules.jsonl").write_text(RULES)
    arguments = ["--engine", f"scripted:{tmp_path}/rules.jsonl", *(["--log-text"] if asked else [])]
    group = {"id": "g", "src_lang": "de", "tgt_lang": "en", "source": "Guten Morgen"}
    group |= {"candidates": ["line one\nline two", "other"]}
    with server(*arguments) as (process, address):
        assert httpx.post(f"{address}/v1/rank", json={"groups": [group]}, timeout=60).is_success
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stderr
        lines = process.stderr.readlines()
    if asked:
        (line,) = map(json.loads, lines)
        assert line["candidates"][0]["text"] == "line one\nline two"
        assert line["verdict"]["status"] == "ok"
    else:
        assert lines == []


def wait_for(address: str, line: str) -> None:
    for _ in range(500):
        if line in httpx.get(f"{address}/metrics", timeout=60).text:
            return
        time.sleep(0.02)
    raise AssertionError(f"never: {line}")


def test_what_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "dragoman", "serve", "--judge", "metric:chrf", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "EMPTY": ""},
        )
        return done.returncode, done.stderr

    code, said = run("--host", "0.0.0.0", "--port", str(free_port()))
    assert code == 2
    assert "--token-env" in said
    code, said = run("--port", "99999")
    assert code == 2
    assert said.startswith("dragoman: cannot listen on 127.0.0.1:99999: ")
    code, said = run("--token-env", "EMPTY")
    assert (code, said) == (2, "dragoman: the environment variable EMPTY holds no token\n")
    code, said = run("--hedge", "1")
    assert (code, said) == (
        2,
        "dragoman: --hedge is for judges that ask an engine; metric:chrf asks none\n",
    )


def test_a_slow_group_is_asked_about_again(tmp_path: Path) -> None:
    slow = RULES.splitlines()[0]
    usual = slow.replace("slow", "usual").replace("1.0", "0.15")
    (tmp_path / "rules.jsonl").write_text(f"{slow}\n{usual}\n")
    group = {"src_lang": "de", "tgt_lang": "en", "source": "Guten Morgen"}

    def details(address: str, text: str) -> object:
        body = {"groups": [{**group, "candidates": [text, "other"]}]}
        (verdict,) = httpx.post(f"{address}/v1/rank", json=body, timeout=60).json()["verdicts"]
        assert verdict["status"] == "ok"
        return verdict.get("details")

    with server("--engine", f"scripted:{tmp_path}/rules.jsonl", "--hedge", "2") as (_, address):
        assert details(address, "usual") is None
        assert details(address, "slow") == {"asked_again": 2}
        wait_for(address, 'dragoman_hedges_total{outcome="lost"} 2')
