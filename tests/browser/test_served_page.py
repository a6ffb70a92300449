"""The server's page in a real Chromium, against a real server with the scripted engine."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.test_serve import server
from tests.servers.serving import serving

from dragoman.asking import Asker
from dragoman.engines.scripted import ScriptedEngine
from dragoman.judges import make_judge
from dragoman.serving.app import make_app
from dragoman.serving.service import Defaults, Service

playwright = pytest.importorskip("playwright.sync_api", reason="type: make browser")

PATIENCE = 60_000
LOOK = os.environ.get("DRAGOMAN_SCREENSHOTS")
HOSTILE = "</script><script>document.title='stolen'</script><img src=x onerror=alert(1)>\n```\nB:"
RULES: list[dict[str, Any]] = [
    {
        "contains": "nurse",
        "reply": "A has four of three.\n\n### Final Ranking:\n\nB = D > C > A\n\n"
        "### Scores:\n\nA: 3, B: 9, C: 6, D: 9\n",
    },
    # Says of "c" that it is the best, wherever it stands.
    *(
        {
            "contains": ["Fair", f"Translation {name}:\n```\nc\n"],
            "reply": f"\n\n### Final Ranking:\n\n{name} > {' = '.join('ABC'.replace(name, ''))}\n\n"
            "### Scores:\n\n" + ", ".join(f"{one}: {5 + 3 * (one == name)}" for one in "ABC"),
        }
        for name in "ABC"
    ),
    {"contains": "Broken", "reply": "I would rather not."},
    {"contains": "Slow", "reply": "", "delay": 30},
    {"verdict": "hash"},
]


def make_address(token: str | None = None) -> Any:
    judge = make_judge("group", Asker(ScriptedEngine(rules=RULES)))
    return serving(make_app(Service(judge, defaults=Defaults(src_lang="en", tgt_lang="de")), token))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with make_address() as address:
        yield address


def open_page(browser: Any, address: str, **options: Any) -> Any:
    """A page that keeps what must not happen: errors, dialogs, requests to elsewhere."""
    options.setdefault("viewport", {"width": 1280, "height": 900})
    context = browser.new_context(**options)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    view = context.new_page()
    view.set_default_timeout(PATIENCE)
    view.faults = []
    view.on("pageerror", lambda error: view.faults.append(str(error)))
    view.on("dialog", lambda dialog: (view.faults.append(dialog.message), dialog.dismiss()))
    view.on("console", lambda line: view.faults.append(line.text)
            if "Content Security Policy" in line.text else None)  # fmt: skip
    view.on("request", lambda request: view.faults.append(request.url)
            if not request.url.startswith((address, "blob:")) else None)  # fmt: skip
    view.goto(address)
    return view


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Any]:
    view = open_page(browser, address)
    playwright.expect(view.locator("#judge")).to_contain_text("group")
    yield view
    assert view.faults == []
    view.context.close()


def fill(view: Any, source: str, *texts: str) -> None:
    view.fill("[name=source]", source)
    while view.locator("#candidates li").count() < len(texts):
        view.click("#add")
    for place, text in enumerate(texts):
        view.locator("#candidates textarea").nth(place).fill(text)


def ranked(view: Any) -> str:
    view.wait_for_selector("#answer .ranking")
    return view.inner_text("#answer .ranking")


def test_a_ranking_appears(opened: Any) -> None:
    opened.click("#example")
    opened.click("#submit")
    assert ranked(opened) == "B = D > C > A"
    rows = opened.locator("#answer .ranked li")
    assert [rows.nth(i).locator(".letter").inner_text() for i in range(4)] == list("BDCA")
    widths = [rows.nth(i).locator(".bar").evaluate("bar => bar.offsetWidth") for i in range(4)]
    assert widths[0] == widths[1] > widths[2] > widths[3] > 0
    assert rows.nth(3).locator("del").inner_text() == "drei"
    assert rows.nth(3).locator("ins").inner_text() == "vier"
    opened.select_option("#answer select", "nothing")
    assert opened.locator("#answer ins, #answer del").count() == 0
    assert "four of three" in opened.inner_text("#answer pre")


def test_keyboard_alone(opened: Any) -> None:
    opened.focus("[name=source]")
    opened.keyboard.type("The nurse sings.")
    for text in ("Eins", "Zwei"):
        opened.keyboard.press("Tab")
        opened.keyboard.type(text)
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    opened.keyboard.type("Drei")
    opened.keyboard.press("Control+Enter")
    playwright.expect(opened.locator("#answer")).to_contain_text("No verdict: extra-label")
    # Four letters were said of three translations: a failure, and no number.
    assert opened.locator("#answer .bar").count() == 0


def test_lines_pasted_into_an_empty_field(opened: Any) -> None:
    opened.fill("[name=source]", "Good morning")
    opened.evaluate("navigator.clipboard.writeText('Guten Morgen\\nMoin\\n\\nGuten Tag')")
    opened.locator("#candidates textarea").nth(1).focus()
    opened.keyboard.press("Control+v")
    texts = opened.locator("#candidates textarea")
    playwright.expect(texts).to_have_count(3)
    assert {texts.nth(i).input_value() for i in range(3)} == {"Guten Morgen", "Moin", "Guten Tag"}


def test_from_two_to_twenty_six(opened: Any) -> None:
    assert opened.locator(".remove:enabled").count() == 0
    for _ in range(24):
        opened.click("#add")
    assert opened.is_disabled("#add")
    assert opened.locator("#candidates .letter").last.inner_text() == "Z"
    opened.locator(".remove").first.click()
    assert opened.locator("#candidates li").count() == 25
    assert opened.is_enabled("#add")


def test_hostile_text_is_text(opened: Any) -> None:
    fill(opened, "Hello " + HOSTILE, "one " + HOSTILE, HOSTILE, "three ``` `````` <b>bold</b>")
    opened.click("#submit")
    ranked(opened)
    assert opened.title() == "dragoman"
    assert "<img src=x onerror=alert(1)>" in opened.inner_text("#answer .ranked")
    assert opened.locator("#answer img, #answer script, #answer b:not(.letter)").count() == 0
    # Even a script of our own could not make HTML of text.
    with pytest.raises(playwright.Error, match="TrustedHTML"):
        opened.evaluate("document.body.innerHTML = '<b>x</b>'")
    opened.faults.clear()


def test_what_fails_is_told(opened: Any) -> None:
    fill(opened, "Broken", "a", "b")
    opened.click("#submit")
    playwright.expect(opened.locator("#answer .bad")).to_contain_text("No verdict: bad-scores")
    opened.fill("[name=src_lang]", "qqq")
    opened.click("#submit")
    playwright.expect(opened.locator("#answer")).to_contain_text("no language has the code")


def test_stopped(opened: Any) -> None:
    fill(opened, "Slow", "a", "b")
    opened.click("#submit")
    opened.click("text=Stop")
    playwright.expect(opened.locator("#answer")).to_have_text("Stopped.")


def test_copied_as_json_and_as_curl(opened: Any) -> None:
    fill(opened, "It's $HOME", "Das 'ist' `es`", "Nein")
    opened.click("#submit")
    ranked(opened)
    opened.click("text=Copy JSON")
    copied = json.loads(opened.evaluate("navigator.clipboard.readText()"))
    assert copied["source"] == "It's $HOME"
    assert copied["verdict"]["status"] == "ok"
    opened.click("text=Copy curl")
    playwright.expect(opened.locator("#told")).to_contain_text("curl")
    words = shlex.split(opened.evaluate("navigator.clipboard.readText()"))
    group = json.loads(words[words.index("-d") + 1])["groups"][0]
    assert (words[0], group["source"]) == ("curl", "It's $HOME")
    assert group["candidates"][0]["text"] == "Das 'ist' `es`"


def test_a_file_of_groups(opened: Any, tmp_path: Path) -> None:
    row = {"src_lang": "en", "tgt_lang": "de", "candidates": ["eins", {"text": "x", "system": "s"}]}
    rows = [{**row, "id": f"g{i}", "source": f"Hello {i}", "score": 1} for i in range(70)]
    rows[40]["src_lang"] = "qqq"
    file = tmp_path / "groups.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    opened.click("nav >> text=File")
    opened.set_input_files("#picked", file)
    opened.click("#all")
    playwright.expect(opened.locator("#how-far")).to_have_text(
        "70 of 70 judged, 1 without a verdict"
    )
    opened.focus("#file-list")
    for _ in range(40):
        opened.keyboard.press("ArrowDown")
    assert "refused. 'src_lang'" in opened.inner_text("#file-group")
    with opened.expect_download() as saved:
        opened.click("#save")
    lines = Path(saved.value.path()).read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [f"g{i}" for i in range(70)]
    file.write_text(json.dumps(rows[0]) + '\n{"source": 1}\n')
    opened.set_input_files("#picked", file)
    playwright.expect(opened.locator("#file-trouble")).to_contain_text('line 2: "src_lang" must be')
    opened.click("text=Open in the form")
    assert opened.input_value("[name=source]") == "Hello 40"


def test_slot_bias(opened: Any) -> None:
    # This judge says the same of the slots, whatever stands in them.
    opened.click("#example")
    opened.click("#submit")
    ranked(opened)
    opened.click("text=Ask again in 3 other orders")
    part = opened.locator(".bias")
    playwright.expect(part).to_contain_text("The verdict changed in 3 of 3 other orders.")
    playwright.expect(part).to_contain_text("The best stayed the best in 1; 13 of 18 pairs turned.")
    assert part.locator("dd").all_inner_texts() == [
        "A = C > D > B",
        "B = D > A > C",
        "A = C > B > D",
    ]
    gains = part.locator(".lifts .score").all_inner_texts()
    assert gains == ["−3.75", "+2.25", "−0.75", "+2.25"]


def test_a_judge_without_bias(opened: Any) -> None:
    """An odd number, so that orders are rotated to and fro without a mistake."""
    fill(opened, "Fair", "a", "b", "c")
    opened.click("#submit")
    assert ranked(opened) == "C > A = B"
    opened.click("text=Ask again in 2 other orders")
    playwright.expect(opened.locator(".bias")).to_contain_text("changed in 0 of 2 other orders.")
    assert opened.locator(".bias dd").all_inner_texts() == ["C > A = B", "C > A = B"]


def test_history_is_kept_in_the_browser_and_cleared(opened: Any) -> None:
    for source in ("first", "second " + HOSTILE):
        fill(opened, source, "one", "two")
        opened.click("#submit")
        playwright.expect(opened.locator("#answer .text").first).to_be_visible()
        opened.wait_for_function("source => localStorage['dragoman-history']?.includes(source)",
                                 arg=source[:6])  # fmt: skip
    opened.reload()
    opened.click("nav >> text=History")
    playwright.expect(opened.locator("#history-list .row")).to_have_count(2)
    assert HOSTILE.splitlines()[0] in opened.inner_text("#history-entry")
    opened.focus("#history-list")
    opened.keyboard.press("End")
    opened.click("text=Open in the form")
    assert opened.input_value("[name=source]") == "first"
    assert ranked(opened)
    opened.click("nav >> text=History")
    opened.click("#clear")
    assert opened.evaluate("localStorage.length") == 0
    assert opened.is_visible("#history-empty")


def test_history_that_is_no_history(opened: Any) -> None:
    opened.evaluate("localStorage['dragoman-history'] = '{'")
    opened.click("nav >> text=History")
    playwright.expect(opened.locator("#history-empty")).to_be_visible()


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


def audit(view: Any) -> list[str]:
    """What axe finds that is serious."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="type: make browser")
    found = axe.Axe().run(view).response["violations"]
    return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found
            if one["impact"] in ("serious", "critical")]  # fmt: skip


@pytest.mark.parametrize(
    ("look", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]
)
def test_every_view_is_accessible_and_fits(
    look: str, width: int, browser: Any, run: tuple[str, Path]
) -> None:
    view = open_page(browser, run[0], color_scheme=look, reduced_motion="reduce",
                     viewport={"width": width, "height": 900})  # fmt: skip
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


def test_a_token_is_asked_for(browser: Any) -> None:
    with make_address("secret") as address:
        view = open_page(browser, address)
        view.fill("[name=token]", "wrong")
        view.keyboard.press("Enter")
        playwright.expect(view.locator("#door-wrong")).to_be_visible()
        view.fill("[name=token]", "secret")
        view.keyboard.press("Enter")
        playwright.expect(view.locator("#judge")).to_contain_text("group")
        view.click("#example")
        view.click("#submit")
        assert ranked(view) == "B = D > C > A"
        view.click("text=Copy curl")
        playwright.expect(view.locator("#told")).to_contain_text("curl")
        copied = view.evaluate("navigator.clipboard.readText()")
        assert "Bearer $DRAGOMAN_TOKEN" in copied
        assert "secret" not in copied
        assert view.faults == []
        view.context.close()
