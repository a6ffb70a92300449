"""An environment of its own for each learned metric, made when it is first asked for.

What such a metric wants installed would break what dragoman wants. So each has a folder with a
Python of its own, in the user's cache or in $DRAGOMAN_ENVIRONMENTS; dragoman is not in it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from dragoman.errors import UserError

NETWORKS = ("transformers==4.57.6", "torch", "sentencepiece", "protobuf<7")
REQUIREMENTS = MappingProxyType(
    {
        # torchmetrics, which it wants, imports what newer setuptools have no more.
        "comet": ("unbabel-comet==2.2.7", "setuptools<81"),
        "bleurt": ("bleurt-pytorch==0.0.1", *NETWORKS),
        "metricx": NETWORKS,
    }
)
# Written last: a folder without it was left by a run that was stopped.
READY = "requirements.txt"


def environments() -> Path:
    """Where they lie."""
    if place := os.environ.get("DRAGOMAN_ENVIRONMENTS"):
        return Path(place)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "dragoman" / "environments"


def is_made(kind: str) -> bool:
    """Whether it is there, with what is wanted now."""
    try:
        text = (environments() / kind / READY).read_text(encoding="utf-8")
    except OSError:
        return False
    return text.split() == [*REQUIREMENTS[kind]]


def python_of(kind: str) -> Path:
    """The Python of an environment, which is made if it is not there. Two runs at once wait for
    each other."""
    home = environments() / kind
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with (home.parent / f"{kind}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_made(kind):
                _make(kind, home)
    except OSError as error:
        raise UserError(f"{home}: cannot make an environment there: {error.strerror}") from None
    return home / "bin" / "python"


def _make(kind: str, home: Path) -> None:
    wanted = REQUIREMENTS[kind]
    told = f"dragoman: making an environment with {', '.join(wanted)} in {home}; once only"
    print(told, file=sys.stderr, flush=True)
    shutil.rmtree(home, ignore_errors=True)
    python = str(home / "bin" / "python")
    # Our own pip can install there; without one, the new Python gets its own.
    pip = find_spec("pip") is not None
    installer = [sys.executable, "-m", "pip", "--python", python] if pip else [python, "-m", "pip"]
    for command in (
        [sys.executable, "-m", "venv", *(["--without-pip"] if pip else []), str(home)],
        [*installer, "install", "--quiet", *wanted],
    ):
        # Whatever it prints goes to standard error: standard output may be a report.
        done = subprocess.run(command, stdout=sys.stderr.fileno(), check=False)  # noqa: S603
        if done.returncode:
            problem = f"{' '.join(command[1:])} ended with {done.returncode}; see above"
            raise UserError(f"cannot make the environment of {kind}: {problem}")
    (home / READY).write_text("\n".join(wanted) + "\n", encoding="utf-8")
