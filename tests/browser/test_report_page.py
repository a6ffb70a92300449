"""The report's page in a real Chromium: `make browser`.

Fifty thousand groups are opened, filtered and walked through by key.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import make_group

from dragoman.evaluation.groups import HumanGroup
from dragoman.evaluation.judge_report import judge_report
from dragoman.evaluation.page import page
from dragoman.evaluation.verdicts import Said

playwright = pytest.importorskip("playwright.sync_api", reason="type: make browser")

MANY = 50_000
# Milliseconds; the machine may be busy.
PATIENCE = 120_000
# Where screenshots are kept to be looked at; nowhere if it is not said.
LOOK = os.environ.get("DRAGOMAN_SCREENSHOTS")
HOSTILE = "</script><script>document.title='stolen'</script><img src=x onerror=alert(1)>"


def write(path: Path, count: int) -> Path:
    groups, said = list[HumanGroup](), list[Said]()
    for number in range(count):
        texts = (f"Good morning number {number}", f"Good day number {number} {HOSTILE}", "Night")
        group = make_group(*texts, id=f"g{number}", reference=texts[0])
        groups.append(HumanGroup(group, (3, 2, 1), f"d{number % 100}"))
        scores = (9.0, 5.0, 2.0) if number % 2 else (9.0, 2.0, 5.0)
        said.append(Said(None, "no-scores") if number % 1000 == 7 else Said(scores, None, HOSTILE))
    report = judge_report(groups[:200], said[:200])
    path.write_text("\n".join(page(report, groups, said)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("page") / "report.html", MANY)


@pytest.fixture
def opened(browser: Any, file: Path) -> Iterator[Any]:
    view = browser.new_page(viewport={"width": 1280, "height": 900})
    view.set_default_timeout(PATIENCE)
    view.faults = []
    view.on("pageerror", lambda error: view.faults.append(str(error)))
    view.on("dialog", lambda dialog: view.faults.append(dialog.message))
    view.on("request", lambda request: view.faults.append(request.url)
            if not request.url.startswith("file:") else None)  # fmt: skip
    view.goto(file.as_uri())
    view.wait_for_selector(".row")
    yield view
    assert view.faults == []
    view.close()


def test_only_what_is_in_view_is_drawn(opened: Any) -> None:
    assert opened.inner_text("#count") == "50000 of 50000 groups"
    assert opened.locator(".row").count() < 80
    opened.evaluate("document.getElementById('list').scrollTop = 1e6")
    playwright.expect(opened.locator(".row").first).to_have_attribute("id", "list-27767")
    assert opened.locator(".row").count() < 80


def test_hostile_text_is_text(opened: Any) -> None:
    assert opened.title() == "A judge beside people"
    assert HOSTILE in opened.inner_text("#group .card:nth-child(2)")
    assert opened.locator("#group img").count() == 0


def test_words_that_differ_are_marked(opened: Any) -> None:
    card = opened.locator("#group .card").nth(1)
    assert card.locator("del").first.inner_text() == "morning"
    assert card.locator("ins").first.inner_text() == "day"
    opened.select_option("[name=beside]", "none")
    assert opened.locator("#group ins").count() == 0


def test_keys_move_and_search(opened: Any) -> None:
    opened.focus("#list")
    opened.keyboard.press("ArrowDown")
    assert "g1" in opened.inner_text("#group dl")
    opened.keyboard.press("End")
    assert f"g{MANY - 1}" in opened.inner_text("#group dl")
    chosen = opened.get_attribute("#list", "aria-activedescendant")
    assert opened.get_attribute(f"#{chosen}", "aria-selected") == "true"
    opened.keyboard.press("/")
    opened.keyboard.type("morning g49999")
    playwright.expect(opened.locator("#count")).to_have_text("1 of 50000 groups")
    assert "g49999" in opened.inner_text("#group dl")


def test_filters(opened: Any) -> None:
    opened.select_option("[name=outcome]", "unjudged")
    assert opened.inner_text("#count") == "50 of 50000 groups"
    assert "not judged: no-scores" in opened.inner_text("#group dl")
    opened.select_option("[name=outcome]", "right")
    assert opened.inner_text("#group dl").count("A > B > C") == 2
    opened.select_option("[name=outcome]", "all")
    opened.select_option("[name=sort]", "worst")
    assert "not judged" in opened.inner_text("#group dl")


@pytest.mark.parametrize(("look", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_looks(look: str, width: int, browser: Any, file: Path) -> None:
    view = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=look)
    view.set_default_timeout(PATIENCE)
    view.goto(file.as_uri())
    view.wait_for_selector(".row")
    assert view.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if LOOK:
        view.screenshot(path=str(Path(LOOK) / f"{look}-{width}.png"), full_page=True)
    view.close()
