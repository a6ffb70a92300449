"""The server's page, opened in a real Chromium against a real server with the scripted engine."""

from __future__ import annotations

from typing import Any

import pytest
from tests.servers.serving import serving

from dragoman.asking import Asker
from dragoman.engines.scripted import ScriptedEngine
from dragoman.judges import make_judge
from dragoman.serving.app import make_app
from dragoman.serving.service import Defaults, Service

playwright = pytest.importorskip("playwright.sync_api", reason="type: make browser")

PATIENCE = 60_000
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


def fill(view: Any, source: str, *texts: str) -> None:
    view.fill("[name=source]", source)
    while view.locator("#candidates li").count() < len(texts):
        view.click("#add")
    for place, text in enumerate(texts):
        view.locator("#candidates textarea").nth(place).fill(text)


def ranked(view: Any) -> str:
    view.wait_for_selector("#answer .ranking")
    return view.inner_text("#answer .ranking")


def audit(view: Any) -> list[str]:
    """What axe finds that is serious."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="type: make browser")
    found = axe.Axe().run(view).response["violations"]
    return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found
            if one["impact"] in ("serious", "critical")]  # fmt: skip
