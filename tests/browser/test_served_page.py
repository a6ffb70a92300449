"""The server's page in a real Chromium: the form, a file, the history, a token."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.served import HOSTILE, audit, fill, make_address, open_page, playwright, ranked


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with make_address() as address:
        yield address


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Any]:
    view = open_page(browser, address)
    playwright.expect(view.locator("#judge")).to_contain_text("group")
    yield view
    assert view.faults == []
    view.context.close()


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


DROP = """text => {
  const data = new DataTransfer();
  data.items.add(new File([text], "groups.jsonl"));
  const drop = { dataTransfer: data, bubbles: true, cancelable: true };
  document.body.dispatchEvent(new DragEvent("drop", drop));
}"""


def test_a_file_is_dropped(opened: Any) -> None:
    row = {"src_lang": "en", "tgt_lang": "de", "source": "Hello", "candidates": ["eins", "zwei"]}
    opened.evaluate(DROP, json.dumps(row))
    playwright.expect(opened.locator("#how-far")).to_have_text("0 of 1 judged")
    assert opened.url.endswith("#file")


def test_a_token_is_asked_for(browser: Any) -> None:
    with make_address("secret") as address:
        view = open_page(browser, address)
        view.fill("[name=token]", "wrong")
        view.keyboard.press("Enter")
        playwright.expect(view.locator("#door-wrong")).to_be_visible()
        assert audit(view) == []
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
