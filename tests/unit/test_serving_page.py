"""The page's files as they are served, and what the page asks of the server. Whether it works in
a browser is tested in tests/browser."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from tests.unit.test_serving import Numbers, client

from dragoman.ledger import Kept, Ledger
from dragoman.serving.app import make_app
from dragoman.serving.page_files import page_files
from dragoman.serving.service import Service


def test_every_file_comes_under_the_policy_and_without_a_token() -> None:
    assert {"/", "/page/parts.js", "/page/parts.css", "/page/main.js"} <= set(page_files())


@pytest.mark.parametrize("path", sorted(page_files()))
async def test_a_file(path: str) -> None:
    async with client(token="secret") as http:
        reply = await http.get(path)
        again = await http.get(path, headers={"If-None-Match": reply.headers["etag"]})
    assert reply.status_code == 200
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert (again.status_code, again.content) == (304, b"")


async def test_there_are_no_other_files() -> None:
    async with client() as http:
        for path in ("/page/", "/page/index.html", "/page/../app.py", "/page/%2e%2e/app.py"):
            assert (await http.get(path)).status_code == 404


def test_the_page_fetches_nothing_from_elsewhere_and_makes_no_html() -> None:
    asked = set[str]()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            assert not [name for name in given if name == "style" or name.startswith("on")]
            if tag in ("script", "link", "img"):
                asked.add(given.get("src") or given.get("href") or "inline")

    Reader().feed(page_files()["/"][0])
    assert asked == set(page_files()) - {"/"}
    for path, (text, _) in page_files().items():
        plain = text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|innerHTML|outerHTML|insertAdjacent|eval\(", plain), path


async def test_about() -> None:
    async with client(token="secret") as http:
        assert (await http.get("/v1/about")).status_code == 401
        reply = await http.get("/v1/about", headers={"Authorization": "Bearer secret"})
    told = reply.json()
    assert told["judge"].startswith("judge:numbers|version:")
    assert (told["src_lang"], told["tgt_lang"]) == ("de", "en")
    assert told["limits"]["candidates"] == 256
    assert told["ledger"] is False


async def test_the_ledger_of_a_run(tmp_path: Path) -> None:
    with Ledger(tmp_path / "run.ledger") as ledger:
        for i in range(60):
            reason = "no-scores" if i % 20 == 7 else None
            row = {"id": f"g{i}", "status": "failed" if reason else "ok", "reason": reason}
            ledger.keep_record(f"k{i}", Kept(json.dumps(row), reason))
        app = make_app(Service(Numbers(), ledger=ledger))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            first = (await http.get("/v1/ledger")).json()
            assert (first["total"], len(first["records"]), first["after"]) == (60, 50, 50)
            rest = (await http.get("/v1/ledger?after=50")).json()
            assert rest["records"][0]["line"]["id"] == "g50"
            assert rest["after"] is None
            failed = (await http.get("/v1/ledger?status=failed&search=g47 no-scores")).json()
            (record,) = failed["records"]
            assert record == {"failed": "no-scores", "tries": 1, "line": record["line"]}
            for wrong in ("after=x", "after=-1", "status=bad", f"search={'x' * 1001}"):
                assert (await http.get(f"/v1/ledger?{wrong}")).status_code == 400, wrong


async def test_without_a_ledger() -> None:
    async with client() as http:
        assert (await http.get("/v1/ledger")).status_code == 404
