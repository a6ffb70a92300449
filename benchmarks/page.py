"""The report's page with many groups: its size, and how long a real Chromium takes over it.

Groups are of four candidates of about 25 words, with an analysis. Wants playwright and a Chromium:
`make browser` installs both. With --pictures it is also shown light, dark and narrow there.

    python benchmarks/page.py [--groups 50000] [--pictures FOLDER]
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dragoman.evaluation.groups import HumanGroup
from dragoman.evaluation.judge_report import judge_report
from dragoman.evaluation.page import page
from dragoman.evaluation.verdicts import Said
from dragoman.types import Candidate, Group, Segment

ROUNDS = 3
# The report's figures are counted on so many; they take a page of the same size.
COUNTED = 200
LOOKS = {"light": (1280, "light"), "dark": (1280, "dark"), "narrow": (390, "light")}
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
FILTERED = """() => { const began = performance.now();
filters.outcome.value = 'wrong'; filters.search.value = 'w7 w11'; filter();
return performance.now() - began; }"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=50_000)
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        print("playwright is not installed; type: make browser")
        return
    rng = random.Random(1)
    groups = list(made_up(options.groups, rng))
    said = [Said(tuple(float(rng.randrange(11)) for _ in g.scores), None, ANALYSIS) for g in groups]
    report = judge_report(groups[:COUNTED], said[:COUNTED])
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        if not program and not Path(playwright.chromium.executable_path).exists():
            print("there is no Chromium; type: make browser")
            return
        file = Path(folder) / "report.html"
        file.write_text("\n".join(page(report, groups, said)), encoding="utf-8")
        print(f"{options.groups} groups: {file.stat().st_size / 1e6:.1f} MB")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        view = browser.new_page()
        for _ in range(ROUNDS):
            view.goto(file.as_uri(), timeout=300_000)
            view.wait_for_selector(".row")
            loaded, filtered = view.evaluate(LOADED), view.evaluate(FILTERED)
            print(f"loaded in {loaded / 1000:.2f} s, filtered by two words in {filtered:.0f} ms")
        for name, (width, scheme) in LOOKS.items() if options.pictures else ():
            view.set_viewport_size({"width": width, "height": 900})
            view.emulate_media(color_scheme=scheme)
            for part in ("h1", "#browse"):
                view.evaluate(f"document.querySelector('{part}').scrollIntoView()")
                view.screenshot(path=options.pictures / f"{name}-{part.strip('#')}.png")
        browser.close()


ANALYSIS = " ".join(f"word{n}" for n in range(40))


def made_up(count: int, rng: random.Random) -> Iterator[HumanGroup]:
    for number in range(count):
        words = [f"w{rng.randrange(5000)}" for _ in range(25)]
        candidates = tuple(
            Candidate(" ".join(rng.choice((word, word, word, "other")) for word in words), f"s{n}")
            for n in range(4)
        )
        segment = Segment(f"g{number}", " ".join(words), "de", "en", " ".join(words))
        scores = tuple(float(rng.randrange(5)) for _ in candidates)
        yield HumanGroup(Group(segment, candidates), scores, f"d{number % 500}")


if __name__ == "__main__":
    main()
