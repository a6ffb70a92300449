"""The server's endpoints, in this process: contracts, refusals and limits."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from dragoman.asking import Asker
from dragoman.engines.scripted import ScriptedEngine
from dragoman.judges import Judge, make_judge
from dragoman.serving import ranking, web
from dragoman.serving.app import document, make_app
from dragoman.serving.server import is_loopback
from dragoman.serving.service import Defaults, Limits, Service
from dragoman.types import Failure, Group, Judgement, Ranking, Verdict

ROW = {"src_lang": "de", "tgt_lang": "en", "source": "Guten Morgen"}
GROUP = {**ROW, "candidates": ["good 2", {"text": "good 9", "system": "x"}, "good 5"]}
LANGUAGES = Defaults(src_lang="de", tgt_lang="en", group_size=2)


class Numbers:
    """Scores a text by the number at its end; a text without one fails the group."""

    fields: Mapping[str, object] = MappingProxyType({"judge": "numbers"})

    def __init__(self, delay: float = 0.0):
        self.delay = delay

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        await asyncio.sleep(self.delay)
        try:
            scores = tuple(float(c.text.split()[-1]) for c in group.candidates)
        except ValueError:
            return Judgement(group, None, Failure("bad-scores", "no number"))
        order = sorted(range(len(scores)), key=lambda i: -scores[i])
        return Judgement(group, Verdict(Ranking(tuple((i,) for i in order)), scores), None)


def client(
    judge: Judge | None = None,
    *,
    token: str | None = None,
    limits: Limits = Limits(),
    base: str = "http://localhost",
    concurrency: int = 16,
) -> httpx.AsyncClient:
    service = Service(
        judge or Numbers(), limits=limits, defaults=LANGUAGES, concurrency=concurrency
    )
    app = make_app(service, token)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=base)


async def post(path: str, body: Any, **options: Any) -> httpx.Response:
    async with client(**options) as http:
        return await http.post(path, json=body)


async def test_rank_gives_the_verdict_lines_of_the_command() -> None:
    bad = {**GROUP, "id": "bad", "candidates": ["good 1", "good"]}
    reply = await post("/v1/rank", {"groups": [GROUP, bad]})
    assert reply.status_code == 200
    first, second = reply.json()["verdicts"]
    assert (first["id"], first["order"], first["scores"]) == ("0", [1, 2, 0], [2, 9, 5])
    assert (second["id"], second["status"], second["scores"]) == ("bad", "failed", None)
    assert second["reason"] == "bad-scores: no number"


async def test_rank_streams_lines() -> None:
    async with client() as http:
        reply = await http.post(
            "/v1/rank",
            json={"groups": [{**GROUP, "id": str(i)} for i in range(5)]},
            headers={"Accept": "application/x-ndjson"},
        )
    assert reply.headers["content-type"].startswith("application/x-ndjson")
    assert [json.loads(line)["id"] for line in reply.text.splitlines()] == list("01234")


async def test_a_real_judge_serves() -> None:
    engine = ScriptedEngine(rules=[{"verdict": "hash"}])
    reply = await post("/v1/rank", {"groups": [GROUP]}, judge=make_judge("group", Asker(engine)))
    (verdict,) = reply.json()["verdicts"]
    assert verdict["status"] == "ok"
    assert verdict["signature"].startswith("judge:group|")


@pytest.mark.parametrize("path", ["/rerank", "/v1/rerank"])
async def test_rerank(path: str) -> None:
    body = {"query": "Hallo", "documents": GROUP["candidates"], "top_n": 2, "model": "m"}
    reply = (await post(path, body)).json()
    assert reply["results"] == [
        {"index": 1, "relevance_score": 9, "document": {"text": "good 9"}},
        {"index": 2, "relevance_score": 5, "document": {"text": "good 5"}},
    ]
    assert reply["model"] == "m"
    assert set(reply["usage"]) == {"prompt_tokens", "total_tokens"}
    failed = await post(path, {"query": "Hallo", "documents": ["a 1", "b"]})
    assert failed.status_code == 502
    assert failed.json()["error"]["message"] == "the judge failed: bad-scores"


@pytest.mark.parametrize(
    ("body", "scores"),
    [
        ({"text_1": "s", "text_2": ["a 1", "b 2"]}, [1, 2]),
        ({"queries": ["s", "t", "s"], "documents": ["a 1", "b", "c 3"]}, [1, None, 3]),
        ({"data_1": "s", "data_2": "a 4"}, [4]),
    ],
)
async def test_score(body: dict[str, Any], scores: list[float | None]) -> None:
    reply = (await post("/v1/score", body)).json()
    assert [one["score"] for one in reply["data"]] == scores
    assert [one["index"] for one in reply["data"]] == list(range(len(scores)))
    assert reply["object"] == "list"


def rollout(slot: int, text: str | None, **more: Any) -> dict[str, Any]:
    return {**ROW, "slot": slot, "size": 2, "text": text, "tokens": 9, **more}


async def test_cohorts_meet_over_http() -> None:
    async with client() as http:
        first, second = await asyncio.gather(
            http.post("/v1/cohorts/a%2Fb", json=rollout(1, "good 7")),
            http.post("/v1/cohorts/a%2Fb", json=rollout(0, "good 3")),
        )
        assert first.json() == {
            "uid": "a/b", "run": "", "attempt": 0, "slot": 1,
            "reward": 0.07, "score": 7, "reason": None,
        }  # fmt: skip
        assert second.json()["reward"] == 0.03
        other = await http.post("/v1/cohorts/a%2Fb", json=rollout(0, "other 3"))
        assert (other.status_code, other.json()["error"]["message"][:6]) == (409, "slot 0")
        lost = await http.post("/v1/cohorts/lost", json=rollout(0, "x 1", deadline=0.05))
        assert (lost.status_code, lost.json()["reason"]) == (200, "incomplete")
        cancelled = await http.delete("/v1/cohorts/c", params={"run": "r", "attempt": 2})
        assert cancelled.status_code == 204
        wrong = await http.get("/v1/cohorts/c")
        assert wrong.status_code == 405
        assert set(wrong.headers["allow"].split(", ")) == {"POST", "DELETE"}
        reply = await http.post("/v1/cohorts/c", json=rollout(0, "x 1", run="r", attempt=2))
        assert reply.json()["reason"] == "cancelled"


async def test_openrlhf() -> None:
    def call(number: int, reply: str, label: Any) -> dict[str, list[Any]]:
        return {"query": [f"PROMPT{reply}"], "prompts": ["PROMPT"], "labels": [label]}

    block = "thought\n```\n{}\n```"
    label = {**ROW}
    async with client() as http:
        replies = await asyncio.gather(
            http.post("/get_reward", json=call(0, block.format("good 4"), json.dumps(label))),
            http.post("/get_reward", json=call(1, block.format("good 8"), label)),
        )
        assert [r.json() for r in replies] == [
            {"rewards": [0.04], "scores": [0.4], "extra_logs": {"unjudged": [0]}},
            {"rewards": [0.08], "scores": [0.8], "extra_logs": {"unjudged": [0]}},
        ]
        failed = {
            "query": [block.format("x"), block.format("y 1")],
            "prompts": ["", ""],
            "labels": [label, label],
        }
        reply = (await http.post("/get_reward", json=failed)).json()
        assert reply == {
            "rewards": [0.0, 0.0], "scores": [0.0, 0.0], "extra_logs": {"unjudged": [1, 1]}
        }  # fmt: skip
        wrong = await http.post("/get_reward", json=call(0, "x", "a reference"))
        assert (wrong.status_code, wrong.json()["error"]["path"]) == (400, "$.labels[0]")


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("/v1/rank", {"groups": []}, "$.groups"),
        ("/v1/rank", {"groups": [GROUP, {**GROUP, "candidates": []}]}, "$.groups[1].candidates"),
        ("/v1/rank", {"groups": [{**GROUP, "scr": 1}]}, "$.groups[0].scr"),
        ("/v1/rank", {"groups": [{**GROUP, "src_lang": "xx-nope"}]}, "$.groups[0]"),
        (
            "/v1/rank",
            {"groups": [{**GROUP, "candidates": ["a", {"txt": "b"}]}]},
            "$.groups[0].candidates[1].text",
        ),
        ("/v1/rank", {"groups": [GROUP], "n": 1}, "$.n"),
        ("/rerank", {"query": 1, "documents": ["a"]}, "$.query"),
        ("/v1/score", {"text_1": "s"}, "$"),
        ("/v1/score", {"text_1": ["s", "t"], "text_2": ["a"]}, "$"),
        ("/v1/cohorts/u", rollout(0, "a", size=0), "$.size"),
        ("/v1/cohorts/u", rollout(0, "a", tokens=True), "$.tokens"),
        ("/v1/cohorts/u", rollout(0, "a", deadline=1e9), "$.deadline"),
    ],
)
async def test_what_is_wrong_is_named_by_its_path(path: str, body: Any, place: str) -> None:
    reply = await post(path, body)
    assert (reply.status_code, reply.json()["error"]["path"]) == (400, place)


@pytest.mark.parametrize(
    ("limits", "body", "place"),
    [
        (Limits(groups=1), {"groups": [GROUP, GROUP]}, "$.groups"),
        (Limits(candidates=2), {"groups": [GROUP]}, "$.groups[0].candidates"),
        (
            Limits(characters=5),
            {"groups": [{**GROUP, "source": "a"}]},
            "$.groups[0].candidates[0].text",
        ),
        (Limits(body=50), {"groups": [GROUP]}, None),
    ],
)
async def test_limits(limits: Limits, body: Any, place: str | None) -> None:
    reply = await post("/v1/rank", body, limits=limits)
    assert (reply.status_code, reply.json()["error"].get("path")) == (413, place)


async def test_a_body_without_a_length_is_measured_as_it_comes() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b" " * 10

    async with client(limits=Limits(body=50)) as http:
        headers = {"Content-Type": "application/json"}
        reply = await http.post("/v1/rank", content=pieces(), headers=headers)
    assert reply.status_code == 413


async def test_all_bodies_together_have_a_limit_too() -> None:
    more, told = asyncio.Event(), asyncio.Event()
    body = json.dumps({"groups": [GROUP]}).encode()

    async def half() -> AsyncIterator[bytes]:
        yield body
        told.set()
        await more.wait()

    headers = {"Content-Type": "application/json"}
    async with client(limits=Limits(bodies=len(body), small_body=100)) as http:
        first = asyncio.create_task(http.post("/v1/rank", content=half(), headers=headers))
        await told.wait()
        for _ in range(2):
            second = await http.post("/v1/rank", json={"groups": [GROUP]})
            assert (second.status_code, second.headers["retry-after"]) == (429, "1")
        small = await http.post("/v1/rank", json={"groups": []})
        assert small.status_code == 400
        more.set()
        assert (await first).status_code == 200
        assert (await http.post("/v1/rank", json={"groups": [GROUP]})).status_code == 200


async def test_a_body_counts_until_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def waits(self: Service, work: Any, *values: Any) -> Any:
        inside.set()
        await go_on.wait()
        return work(*values)

    monkeypatch.setattr(Service, "aside", waits)
    body = {"groups": [GROUP]}
    size = len(json.dumps(body).encode())
    async with client(limits=Limits(bodies=size, small_body=100)) as http:
        first = asyncio.create_task(http.post("/v1/rank", json=body))
        await asyncio.wait_for(inside.wait(), 20)
        assert (await http.post("/v1/rank", json=body)).status_code == 429
        go_on.set()
        assert (await first).status_code == 200
        assert (await http.post("/v1/rank", json=body)).status_code == 200


async def test_large_requests_are_read_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []

    def noted(function: Any) -> Any:
        def call(*arguments: Any) -> Any:
            threads.append(threading.current_thread().name)
            return function(*arguments)

        return call

    monkeypatch.setattr(web, "read_message", noted(web.read_message))
    monkeypatch.setattr(ranking, "_groups", noted(ranking._groups))
    monkeypatch.setattr(ranking, "_verdicts", noted(ranking._verdicts))
    here = threading.current_thread().name
    assert (await post("/v1/rank", {"groups": [GROUP]})).is_success
    assert threads == [here] * 3
    threads.clear()
    many = [{**GROUP, "source": "x" * 5000}] * 17
    reply = await post("/v1/rank", {"groups": many})
    assert [one["id"] for one in reply.json()["verdicts"]] == [str(i) for i in range(17)]
    assert len(threads) == 3
    assert here not in threads
    wrong = await post("/v1/rank", {"groups": [*many, {**GROUP, "src_lang": "xx-no"}]})
    assert (wrong.status_code, wrong.json()["error"]["path"]) == (400, "$.groups[17]")


@pytest.mark.parametrize("text", ["{", "", "[]", '{"groups": NaN}', '{"groups": "\\ud800"}'])
async def test_broken_json(text: str) -> None:
    async with client() as http:
        headers = {"Content-Type": "application/json"}
        reply = await http.post("/v1/rank", content=text, headers=headers)
        assert reply.status_code == 400
        forms = await http.post("/v1/rank", content=text, headers={"Content-Type": "text/plain"})
        assert forms.status_code == 415


async def test_the_line_has_an_end() -> None:
    async with client(Numbers(0.05), limits=Limits(queue=1), concurrency=1) as http:
        replies = await asyncio.gather(
            *(http.post("/v1/rank", json={"groups": [GROUP]}) for _ in range(4))
        )
        assert sorted(reply.status_code for reply in replies) == [200, 200, 429, 429]
        refused = next(reply for reply in replies if reply.status_code == 429)
        assert refused.headers["retry-after"] == "1"
        again = await http.post("/v1/rank", json={"groups": [GROUP]})
        assert again.status_code == 200


async def test_a_request_does_not_take_for_ever() -> None:
    reply = await post(
        "/v1/rank", {"groups": [GROUP]}, judge=Numbers(30), limits=Limits(request_seconds=0.05)
    )
    assert reply.status_code == 504


@pytest.mark.parametrize("given", [None, "Bearer wrong", "secret", "Bearer secret!", "Bearer ü"])
async def test_no_entry_without_the_token(given: str | None) -> None:
    async with client(token="secret") as http:
        headers = {"Authorization": given.encode()} if given else {}
        for path in ("/v1/rank", "/metrics", "/openapi.json", "/nowhere"):
            assert (await http.post(path, headers=headers)).status_code == 401
        assert (await http.get("/healthz")).status_code == 200
        right = {"Authorization": "Bearer secret"}
        reply = await http.post("/v1/rank", json={"groups": [GROUP]}, headers=right)
        assert reply.status_code == 200


async def test_a_name_bent_to_this_machine_is_refused() -> None:
    reply = await post("/v1/rank", {"groups": [GROUP]}, base="http://evil.example")
    assert reply.status_code == 400
    reply = await post("/v1/rank", {"groups": [GROUP]}, base="http://127.0.0.1:8765")
    assert reply.status_code == 200


async def test_ready_until_it_is_to_stop_and_what_waits_is_sent_away() -> None:
    async with client() as http:
        service: Service = http._transport.app.state.service  # type: ignore[attr-defined]
        assert (await http.get("/readyz")).status_code == 200
        waiting = asyncio.create_task(http.post("/v1/cohorts/u", json=rollout(0, "a 1")))
        while not service.cohorts.waiting:
            await asyncio.sleep(0)
        service.leave()
        away = await waiting
        assert (away.status_code, away.headers["retry-after"]) == (503, "1")
        assert (await http.get("/readyz")).status_code == 503
        refused = await http.post("/v1/rank", json={"groups": [GROUP]})
        assert refused.status_code == 503


async def test_metrics() -> None:
    async with client() as http:
        await http.post("/v1/rank", json={"groups": [GROUP, {**GROUP, "candidates": ["a", "b"]}]})
        await http.post("/v1/cohorts/u", json=rollout(0, "a 1", deadline=0.01))
        text = (await http.get("/metrics")).text
    for line in (
        'dragoman_judgements_total{outcome="ok"} 1',
        'dragoman_judgements_total{outcome="bad-scores"} 1',
        'dragoman_requests_total{path="rank",status="200"} 1',
        'dragoman_cohorts_total{outcome="incomplete"} 1',
        "dragoman_groups_waiting 0",
        "dragoman_rollouts_waiting 0",
    ):
        assert f"\n{line}\n" in text


async def test_no_text_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Breaking(Numbers):
        async def judge(self, group: Group, draw: int = 0) -> Judgement:
            raise RuntimeError(group.candidates[0].text)

    caplog.set_level(logging.DEBUG)
    async with client(Breaking()) as http:
        waits = [http.post("/v1/cohorts/u", json=rollout(i, f"secret {i}")) for i in range(2)]
        reply, _ = await asyncio.gather(*waits)
        assert reply.json()["reason"] == "judge: RuntimeError"
        hidden = {**GROUP, "candidates": ["secret", "secret too"]}
        assert (await http.post("/v1/rank", json={"groups": [hidden]})).status_code == 500
        wrong = {"groups": [{**GROUP, "candidates": [{"text": "secret", "x": "secret"}]}]}
        assert "secret" not in (await http.post("/v1/rank", json=wrong)).text
    assert "secret" not in caplog.text


async def test_document_names_every_path_and_every_schema_it_refers_to() -> None:
    async with client() as http:
        reply = (await http.get("/openapi.json")).json()
    assert reply == document()
    schemas = reply["components"]["schemas"]
    used = set(json.dumps(reply).split('"#/components/schemas/')[1:])
    assert {one.partition('"')[0] for one in used} <= set(schemas)
    assert schemas["RankMessage"]["additionalProperties"] is False
    one = schemas["GroupMessage"]["properties"]["candidates"]["items"]
    assert one["anyOf"][0] == {"type": "string"}


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
        ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("localhost.evil.example", False),
    ],
)  # fmt: skip
def test_loopback(host: str, here: bool) -> None:
    assert is_loopback(host) is here
