"""A real Chromium for all pages: `make browser`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="type: make browser")
    with playwright.sync_playwright() as started:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        if not program and not Path(started.chromium.executable_path).exists():
            pytest.skip("there is no Chromium; type: make browser")
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
