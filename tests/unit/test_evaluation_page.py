"""The report as a page: whole, alone, and safe with hostile text. Whether it works in a browser
is tested in tests/browser."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.evaluating import Program, dragoman, row, write

__all__ = ["dragoman"]

HOSTILE = "</script><script>alert(1)</script> <!-- \u2028 <img src=http://x.example/> ``` & ''"


class Reader(HTMLParser):
    """Collects the elements of a page, and the texts of its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] == "script" and self.scripts:
            self.scripts[-1] += data


@pytest.fixture
def shown(dragoman: Program) -> Reader:
    rows = [row("a", [1, 2]), row("b", [2, 1], source=HOSTILE), row("c", [3, 3])]
    rows[1]["candidates"] = [{"text": HOSTILE, "system": HOSTILE}, {"text": "y", "system": "s"}]
    write("g.jsonl", rows)
    verdicts = [
        {"id": "a", "scores": [1, 2], "signature": HOSTILE},
        {"id": "b", "status": "failed", "reason": "no-scores: none"},
        {"id": "c", "scores": [1, 2], "analysis": HOSTILE},
    ]
    write("v.jsonl", verdicts)
    call = ("evaluate", "ranking", "g.jsonl", "--verdicts", "v.jsonl", "--html", "o.html")
    assert dragoman(*call) == 0
    reader = Reader()
    reader.feed(Path("o.html").read_text(encoding="utf-8"))
    return reader


def test_hostile_text_stays_text(shown: Reader) -> None:
    assert len(shown.scripts) == 2
    groups = json.loads(shown.scripts[0])
    assert groups[1]["source"] == groups[1]["texts"][0] == groups[1]["systems"][0] == HOSTILE
    assert groups[2]["analysis"] == HOSTILE
    assert [group["accuracy"] for group in groups] == [1, None, 0]
    assert groups[1]["failed"] == "no-scores"
    assert not [tag for tag, _ in shown.elements if tag in ("img", "link", "iframe")]
    assert "innerHTML" not in shown.scripts[1]


def test_nothing_is_fetched(shown: Reader) -> None:
    policies = [a["content"] for tag, a in shown.elements if tag == "meta" and "content" in a]
    assert any("default-src 'none'" in (policy or "") for policy in policies)
    for _, attributes in shown.elements:
        assert not {"src", "href", "action"} & set(attributes)
    assert not re.search(r"https?:|fetch\(|import", shown.scripts[1])


def test_controls_have_names(shown: Reader) -> None:
    roles = {a.get("role"): a.get("aria-label") for _, a in shown.elements if "role" in a}
    assert roles["listbox"] == "Groups"
    assert roles["region"]
    assert roles["img"]
    labels = sum(tag == "label" for tag, _ in shown.elements)
    assert labels == sum(tag in ("input", "select") for tag, _ in shown.elements) == 6
