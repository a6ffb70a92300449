"""The server's page with the ledger of a run, and every view of it looked at: light and dark, wide
and as narrow as a phone, by axe and for lines that do not fit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.served import HOSTILE, RULES, audit, fill, open_page, playwright, ranked
from tests.integration.test_serve import server

LOOK = os.environ.get("DRAGOMAN_SCREENSHOTS")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A run of `dragoman rank`, and `dragoman serve` on its ledger."""
    folder = tmp_path_factory.mktemp("run")
    rules, file = folder / "rules.jsonl", folder / "groups.jsonl"
    rules.write_text("\n".join(map(json.dumps, RULES)))
    row = {"src_lang": "en", "tgt_lang": "de", "candidates": ["one " + HOSTILE, "two"]}
    rows = [{**row, "id": f"g{i}", "source": "Broken" if i % 30 == 7 else f"No. {i}"}
            for i in range(120)]  # fmt: skip
    file.write_text("\n".join(map(json.dumps, rows)))
    engine = ("--engine", f"scripted:{rules}", "--retries", "0")
    command = [sys.executable, "-m", "dragoman", "rank", str(file), *engine]
    subprocess.run([*command, "-o", str(folder / "out.jsonl")], check=True, capture_output=True)
    with server(*engine, "--ledger", str(folder / "out.jsonl.ledger")) as (_, address):
        yield address, file


@pytest.fixture
def browsed(browser: Any, run: tuple[str, Path]) -> Iterator[Any]:
    view = open_page(browser, run[0])
    view.click("#to-run")
    playwright.expect(view.locator("#run-count")).to_contain_text("of 120")
    yield view
    assert view.faults == []
    view.context.close()


def test_a_run_is_browsed_page_by_page(browsed: Any) -> None:
    count = browsed.locator("#run-count")
    playwright.expect(count).to_have_text("50 shown of 120, and there may be more")
    browsed.click("#run-more")
    playwright.expect(count).to_have_text("100 shown of 120, and there may be more")
    browsed.click("#run-more")
    playwright.expect(count).to_have_text("120 shown of 120")
    assert browsed.is_hidden("#run-more")


def test_failed_records_and_a_search(browsed: Any) -> None:
    browsed.select_option("[name=status]", "failed")
    playwright.expect(browsed.locator("#run-count")).to_have_text("4 shown of 120")
    assert "No verdict: bad-scores" in browsed.inner_text("#run-record")
    browsed.fill("[name=search]", "g37")
    playwright.expect(browsed.locator("#run-count")).to_have_text("1 shown of 120")
    browsed.fill("[name=search]", "nothing of the kind")
    playwright.expect(browsed.locator("#run-record")).to_have_text("No record fits.")


def test_a_run_beside_its_file(browsed: Any, run: tuple[str, Path]) -> None:
    assert browsed.locator("#run-record .text").count() == 0
    browsed.set_input_files("#picked", run[1])
    browsed.fill("[name=search]", "g3")
    playwright.expect(browsed.locator("#run-record .text")).to_have_count(3)
    assert HOSTILE.splitlines()[0] in browsed.inner_text("#run-record")


@pytest.mark.parametrize(
    ("look", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]
)
def test_every_view_is_accessible_and_fits(
    look: str, width: int, browser: Any, run: tuple[str, Path]
) -> None:
    view = open_page(browser, run[0], color_scheme=look, reduced_motion="reduce",
                     viewport={"width": width, "height": 900})  # fmt: skip
    playwright.expect(view.locator("#judge")).to_contain_text("group")
    assert audit(view) == [], "the empty form"
    view.click("#to-run")
    playwright.expect(view.locator("#run-count")).to_contain_text("of 120")
    view.set_input_files("#picked", run[1])
    for name in ("run", "file", "rank", "history"):
        view.click(f"nav >> [href='#{name}']")
        if name == "rank":
            fill(view, "The nurse", "eins zwei", "eins drei", "vier", "eins zwei fünf")
            view.fill("[name=src_lang]", "en")
            view.fill("[name=tgt_lang]", "de")
            view.click("#submit")
            assert ranked(view) == "B = D > C > A"
            view.click("text=Ask again")
            view.wait_for_selector(".lifts")
        assert audit(view) == [], name
        assert view.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
        if LOOK:
            view.screenshot(path=str(Path(LOOK) / f"{name}-{look}-{width}.png"), full_page=True)
    assert view.faults == []
    view.context.close()
