"""A judge behind another server, over a real socket of this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.conftest import make_group
from tests.servers.serving import free_port, serving

from dragoman.errors import EngineDown, EngineRefused, UserError
from dragoman.formats.verdict_line import read_verdict_row, verdict_row
from dragoman.judges import make_judge
from dragoman.judges.metric import MetricJudge
from dragoman.metrics.sacrebleu import ChrF
from dragoman.serving.app import make_app
from dragoman.serving.client import AsyncClient
from dragoman.serving.service import Limits, Service
from dragoman.types import Failure, Group, Judgement, Ranking, Verdict

GROUPS = [
    {"id": "1", "source": "Guten Morgen", "reference": "Good morning", "candidates": ["Good", "x"]},
    {"id": "2", "source": "Hallo", "candidates": ["Hello", "Hi", "Hey"]},
    {"id": "3", "source": "Ja", "reference": "Yes", "candidates": ["Yes", "Yes", "No"]},
]


@pytest.fixture
def groups(tmp_path: Path) -> Path:
    file = tmp_path / "groups.jsonl"
    rows = ({"src_lang": "de", "tgt_lang": "en", **row} for row in GROUPS)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def dragoman(*arguments: str, token: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dragoman", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "JUDGE_TOKEN": token, "COLUMNS": "200"},
    )


def ranked(groups: Path, *options: str, token: str = "") -> list[str]:
    output = groups.with_name("verdicts.jsonl")
    places = [str(groups), "-o", str(output), "--no-ledger", "--overwrite"]
    done = dragoman("rank", *places, *options, token=token)
    assert done.returncode == 0, done.stderr
    return output.read_text().splitlines()


def test_rank_writes_what_the_servers_judge_would_write_here(
    groups: Path,
) -> None:
    here = ranked(groups, "--judge", "metric:chrf")
    with serving(make_app(Service(MetricJudge(ChrF())), "secret")) as address:
        named = "--judge-token-env", "JUDGE_TOKEN"
        there = ranked(groups, "--judge", address, *named, token="secret")
    assert there == here
    assert [json.loads(line)["status"] for line in here] == ["ok", "failed", "ok"]


@pytest.mark.parametrize("given", [(), ("--judge-token-env", "JUDGE_TOKEN")])
def test_no_entry(given: tuple[str, ...], groups: Path) -> None:
    with serving(make_app(Service(MetricJudge(ChrF())), "secret")) as address:
        done = dragoman("rank", str(groups), "--judge", address, *given, token="wrong")
    assert done.returncode == 1
    assert done.stderr == (
        f"dragoman: {address}: the token is missing or wrong (401); "
        "--judge-token-env names the environment variable that holds it\n"
    )


def test_nobody_listens(groups: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    done = dragoman("rank", str(groups), "--judge", address)
    assert done.returncode == 1
    assert done.stderr.startswith(f"dragoman: {address}: ")
    assert "Connection refused" in done.stderr
    assert done.stderr.endswith("does `dragoman serve` run there?\n")


@pytest.mark.parametrize("address", ["http://h:0", "http://me:secret@h:1", "http://h/a b"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(UserError) as refused:
        make_judge(address)
    assert "secret" not in str(refused.value)


async def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, nobody)
    with serving(make_app(Service(MetricJudge(ChrF())))) as address:
        judgement = await make_judge(address).judge(make_group("a", "b", reference="a"))
    assert judgement.verdict


@pytest.mark.parametrize("answer", [Response("hello"), Response(status_code=404)])
def test_another_kind_of_server(answer: Response) -> None:
    async def about(request: Request) -> Response:
        return answer

    app = Starlette(routes=[Route("/v1/about", about)])
    refused = pytest.raises(EngineRefused, match="what answers is no `dragoman serve`")
    with serving(app) as address, refused:
        make_judge(address)


async def test_what_the_server_finds_too_large_is_a_failure_of_that_group() -> None:
    app = make_app(Service(MetricJudge(ChrF()), limits=Limits(characters=20)))
    with serving(app) as address:
        judge = make_judge(address)
        large = await judge.judge(make_group("x" * 21, "b"))
        small = await judge.judge(make_group("a", "b", reference="a"))
    assert large.failure
    assert large.failure.reason == "prompt-refused"
    assert "at most 20 characters (413)" in large.failure.detail
    assert small.verdict


async def test_a_server_that_shuts_its_door_later_ends_the_run() -> None:
    async def about(request: Request) -> Response:
        return JSONResponse({"judge": "judge:metric|metric:chrf|version:0"})

    async def rank(request: Request) -> Response:
        return JSONResponse({"error": {"message": "no"}}, 401)

    routes = [Route("/v1/about", about), Route("/v1/rank", rank, methods=["POST"])]
    with serving(Starlette(routes=routes)) as address:
        judge = make_judge(address)
        assert judge.fields == {"judge": "metric", "metric": "chrf"}
        with pytest.raises(EngineRefused, match=r"no \(401\); --judge-token-env"):
            await judge.judge(make_group("a", "b"))


class Down:
    fields: Mapping[str, object] = MappingProxyType({"judge": "down"})

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        raise EngineDown("no answer")


async def test_an_engine_that_fails_there_is_a_failure_here() -> None:
    with serving(make_app(Service(Down()))) as address:
        judgement = await make_judge(address).judge(make_group("a", "b"))
    assert judgement.failure == Failure("engine", "no answer (502)")


async def test_a_busy_server_says_when_to_come_again() -> None:
    asked: list[float] = []

    async def rank(request: Request) -> Response:
        asked.append(time.monotonic())
        if len(asked) == 1:
            return JSONResponse({}, 429, {"Retry-After": "1"})
        return JSONResponse({"verdicts": []})

    with serving(Starlette(routes=[Route("/v1/rank", rank, methods=["POST"])])) as address:
        async with AsyncClient(address) as client:
            assert await client.rank([make_group("a")]) == []
    assert asked[1] - asked[0] >= 1


async def test_a_server_that_stays_busy_is_named() -> None:
    async def rank(request: Request) -> Response:
        return JSONResponse({"error": {"message": "9 groups are waiting"}}, 429)

    with serving(Starlette(routes=[Route("/v1/rank", rank, methods=["POST"])])) as address:
        async with AsyncClient(address, timeout=0.2) as client:
            with pytest.raises(EngineDown, match=r"9 groups are waiting \(429\)"):
                await client.rank([make_group("a")])


def test_what_a_server_decides_is_not_said_here() -> None:
    for options in ({"votes": 3}, {"format": "gqm"}):
        with pytest.raises(UserError, match="leave those out here"):
            make_judge("http://127.0.0.1:9", **options)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="a token is for a judge on a server"):
        make_judge("metric:chrf", token="secret")


def test_a_line_that_is_read_is_written_again() -> None:
    group = make_group("a", "b", "c")
    told = [
        Judgement(group, Verdict(Ranking(((1,), (0, 2))), (1, 9.5, 1), "Fine."), None, (), "s|t"),
        Judgement(group, Verdict(Ranking(((0,), (1,), (2,)))), None, details={"votes": 3}),
        Judgement(group, None, Failure("bad-scores", "no: number"), signature="s"),
        Judgement(group, None, Failure("deadline")),
    ]
    assert [read_verdict_row(verdict_row(one), group) for one in told] == told


@pytest.mark.parametrize(
    "row", [{}, {"status": "ok"}, {"status": "ok", "signature": "", "ranking": "A", "scores": []}]
)
def test_a_line_that_is_none(row: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"verdict line|ranked"):
        read_verdict_row(row, make_group("a", "b"))
