"""From the records of steps to sections, and from their JSON to pages."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from dragoman.reproduce import paper, plots
from dragoman.reproduce.markdown import as_markdown
from dragoman.reproduce.plan import Place
from dragoman.reproduce.probes import TRICKS
from dragoman.reproduce.report import make, save
from dragoman.reproduce.sizes import SMOKE
from dragoman.reproduce.wording import cell, duration

SEEDS = [1, 2, 3]
HOSTILE = '<script src="http://evil/x.js">alert(1)</script> | `a` & ![x](http://evil/y.png)'


def translated(quality: float) -> dict[str, object]:
    columns = {
        "quality": [quality, quality - 1, quality + 1], "exact": [1.0, 0.0, 0.0],
        "chrf": [90.0, 80.0, 70.0], "tokens": [20.0, 21.0, 22.0], "copied": [0.0] * 3,
        "unreadable": [0.0] * 3,
    }  # fmt: skip
    sample = {"id": "s1", "source": HOSTILE, "text": None if quality < 4 else HOSTILE}
    return {"directions": dict.fromkeys(paper.DIRECTIONS, columns), "samples": [sample]}


def judged(accuracy: float) -> dict[str, object]:
    columns = {
        "pairs": [accuracy, None, accuracy], "agreement": [accuracy] * 3,
        "equal": [1 - accuracy] * 3, "exact": [accuracy] * 3, "unread": [0.0, 0.0, 1.0],
    }  # fmt: skip
    return {"planted": columns, "policy": columns}


QUALITY = {"cold": 4.0, "gqm": 6.0, "sqm": 5.0, "gold": 7.0, "chrf": 5.5, "cla": 6.5,
           "planted": 3.0, "guard": 4.5, "base": 4.0, "ssr": 5.0, "ssr-x": 5.0, "noise-4": 5.0,
           }  # fmt: skip
ACCURACY = {"gqm": 0.97, "sqm": 0.8, "pairwise": 0.9, "bt": 0.7, "sft": 0.97, "noise-0": 1.0}


def records() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for step in paper.plan(SEEDS, SMOKE):
        kind = re.sub(r"-\d$", "", step.name) if step.name != "noise-4" else step.name
        verb, _, what = kind.partition("-")
        if verb == "translate":
            result = translated(QUALITY[what])
        elif verb == "judge":
            result = judged(ACCURACY.get(what, 0.6))
        elif verb == "probe":
            result = {trick: [1.0, 0.0, None] for trick in TRICKS}
        else:
            curve = [{"step": n, "validation/quality": n / 2, "validation/accuracy": 0.5,
                      "validation/judge_agreement": 0.7}
                     for n in (1, 2, 3)]  # fmt: skip
            result = {"curve": curve, "command": f"dragoman train {HOSTILE}", "steps": 3}
        found[step.name] = {"step": step.name, "seconds": 2.0, "cpu_seconds": 1.0, "result": result}
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reproduction")
    return Place(folder, folder / "base")


@pytest.fixture(scope="module")
def report(place):
    """As it is read back from its file."""
    return json.loads(json.dumps(make(place, records(), SEEDS, SMOKE)))


def claims(report, letter):
    (section,) = [one for one in report["sections"] if one["letter"] == letter]
    return [(claim["outcome"], claim["advantage"]) for claim in section["claims"]]


def test_every_section_is_there(report):
    assert "".join(section["letter"] for section in report["sections"]) == paper.SECTIONS
    assert report["missing"] == []
    for section in report["sections"]:
        assert section["claims"]
        assert section["tables"]
        assert section["plots"]


def test_claims_follow_the_numbers(report):
    assert [said for said, _ in claims(report, "a")] == ["holds", "holds", "holds", "holds"]
    # Equal judges: nothing can be said.
    assert [said for said, _ in claims(report, "b")] == ["cannot tell", "cannot tell"]
    assert [(said, it["mean"]) for said, it in claims(report, "c")] == [
        ("holds", 2.0), ("holds", 2.0), ("holds", 1.0)]  # fmt: skip
    assert [(said, it["mean"]) for said, it in claims(report, "d")] == [("holds", 0.5)] * 2
    assert [said for said, _ in claims(report, "e")] == ["holds", "cannot tell"]
    assert [it["mean"] for _, it in claims(report, "f")] == [2.0]
    assert [(said, it["mean"]) for said, it in claims(report, "g")] == [
        ("holds", 3.0), ("holds", 1.0), ("holds", 1.5), ("cannot tell", 0.0)]  # fmt: skip


def test_claim_that_fails_is_said_to_fail(place):
    worse = records()
    for seed in SEEDS:
        worse[f"translate-gqm-{seed}"]["result"] = translated(3.5)
    found = make(place, worse, SEEDS, SMOKE)
    assert [said for said, _ in claims(json.loads(json.dumps(found)), "c")] == ["does not hold"] * 3


def test_tables_give_intervals_and_gains(report):
    (table,) = report["sections"][5]["tables"]
    assert [row[0] for row in table["rows"]] == ["0 points", "4 points"]
    assert [row[2]["mean"] for row in table["rows"]] == [3.0, 1.0]
    assert table["rows"][0][1]["seeds"] == 1


def test_section_that_lacks_a_step_is_named(place):
    fewer = records()
    del fewer["translate-cla-2"]
    found = make(place, fewer, SEEDS, SMOKE)
    assert found["missing"] == ["d"]
    assert "Not run: d." in as_markdown(found)


class Balanced(HTMLParser):
    """Every element that is opened is closed, in order; what it says is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.said: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for key, value in attrs if key in ("src", "href") and value]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for key, value in attrs if key in ("src", "href") and value]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.said.append(data)


@pytest.fixture(scope="module")
def page(place, report):
    return save(place, report).read_text("utf-8")


def test_page_is_well_formed(page):
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    # As XML too: attributes quoted, entities known.
    ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>"))


def test_page_loads_nothing(page):
    parser = Balanced()
    parser.feed(page)
    assert [one for one in parser.addresses if not one.startswith("#")] == []
    visible = page.replace("http://evil", "")
    assert not re.search(r"https?://|url\((?!#)|@import|<script|<link|<img", visible)


def test_page_shows_hostile_text_as_text(page):
    parser = Balanced()
    parser.feed(page)
    assert "script" not in parser.tags
    assert any(HOSTILE in said for said in parser.said)


def test_page_has_its_plots_with_names_and_own_ids(page):
    root = ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>"))
    pictures = list(root.iter("svg"))
    assert len(pictures) == 9
    for picture in pictures:
        assert picture.get("role") == "img"
        assert picture.get("aria-label")
    ids = [node.get("id") for node in root.iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    used = re.findall(r'url\(#([^)]+)\)|href="#(p[^"]+)"', page)
    assert {a or b for a, b in used} <= set(ids)
    assert "#000000" not in page


def test_page_is_light_and_dark_and_its_tables_have_headers(page):
    assert "color-scheme: light dark" in page
    root = ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>"))
    for table in root.iter("table"):
        assert table.find("caption") is not None
        assert {head.get("scope") for head in table.iter("th")} == {"col", "row"}


def test_markdown_says_the_same(place, report, page):
    text = (place.folder / "report.md").read_text("utf-8")
    assert "| c | The GQM judge is a better reward than the SQM judge. | holds |" in text
    shown = "\n".join(line for line in text.splitlines() if not line.startswith("    "))
    assert not re.search(r"(?<!\\)<script|(?<!\\)!\[x", shown)
    for file in re.findall(r"\]\((plots/[^)]+)\)", text):
        assert (place.folder / file).read_text("utf-8").startswith("<?xml")
    lines = text.splitlines()
    for line, after in pairwise(lines):
        if line.startswith("|") and after.startswith("|"):
            assert columns(line) == columns(after)


def columns(line: str) -> int:
    return len(re.findall(r"(?<!\\)\|", line))


def test_same_numbers_give_the_same_picture(report):
    plot = report["sections"][0]["plots"][0]
    assert plots.draw(plot) == plots.draw(plot)


def test_hostile_label_stays_in_its_attribute():
    picture = plots.inline("<svg><text>a</text></svg>", 1, "&quot;&gt;")
    assert ElementTree.fromstring(picture).get("aria-label") == '">'


def test_numbers_as_they_are_written():
    assert cell({"mean": 0.9412, "low": 0.9, "high": 0.98}) == "0.941 [0.900, 0.980]"
    assert cell({"mean": 7.5, "low": 7.123, "high": 8}) == "7.50 [7.12, 8.00]"
    assert cell(None) == "–"
    assert (duration(12.4), duration(600)) == ("12 s", "10.0 min")
