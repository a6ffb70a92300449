"""A document whose translation is killed twice comes out as if nobody had touched it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

TEXT = "".join(f"Absatz {i} {'x' * (i % 7)}.\n{' ' * (i % 3)}\n" for i in range(120))


def dragoman(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dragoman", *arguments], cwd=folder, stderr=subprocess.DEVNULL
    )


def translate(folder: Path) -> subprocess.Popen[bytes]:
    flags = ("--engine", "scripted:rules.jsonl", "--concurrency", "4", "--no-guards")
    return dragoman(folder, "translate", "in.jsonl", "-o", "out.jsonl", *flags)


def prepared(folder: Path) -> Path:
    """A folder with a document, its segments, and an engine that logs its calls."""
    folder.mkdir()
    (folder / "in.txt").write_text(TEXT)
    replies = [f"```\nParagraph {i}\n```" for i in range(50)]
    rule = {"replies": replies, "delay": 0.02, "log": "calls.log"}
    (folder / "rules.jsonl").write_text(json.dumps(rule) + "\n")
    split = ("document", "split", "in.txt", "--from", "de", "--to", "en", "-o", "in.jsonl")
    assert dragoman(folder, *split).wait() == 0
    return folder


def finished(folder: Path) -> bytes:
    assert translate(folder).wait() == 0
    assert dragoman(folder, "document", "join", "in.txt", "out.jsonl", "-o", "out.txt").wait() == 0
    return (folder / "out.txt").read_bytes()


def calls(folder: Path) -> int:
    log = folder / "calls.log"
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_a_document_killed_twice_is_the_same_to_the_byte(tmp_path: Path) -> None:
    undisturbed = finished(prepared(tmp_path / "undisturbed"))
    killed = prepared(tmp_path / "killed")
    for _ in range(2):
        before, process = calls(killed), translate(killed)
        while calls(killed) < before + 20 and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        assert process.wait() < 0
        assert not (killed / "out.jsonl").exists()
    assert finished(killed) == undisturbed
    # Only what was under way at a kill is asked again.
    assert calls(killed) <= calls(tmp_path / "undisturbed") + 2 * 4
    assert undisturbed.decode().count("Paragraph ") == 120
