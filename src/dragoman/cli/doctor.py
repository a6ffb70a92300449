"""`dragoman doctor`: what is installed, what is missing, what to type."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version

from rich.console import Console
from rich.table import Table

from dragoman.version import __version__

# What each extra is for, and the packages that show it is there.
EXTRAS = {
    "local": (
        "the embedded CPU engine (openvino:FOLDER)",
        ("openvino-genai", "tokenizers", "jinja2"),
    ),
    "transformers": ("the PyTorch engine (transformers:FOLDER)", ("torch", "transformers")),
    "serve": ("a judge behind HTTP (dragoman serve)", ("pydantic", "starlette", "uvicorn")),
    "train": ("training (dragoman train)", ("trl", "accelerate", "datasets", "peft")),
    "mbr": ("choosing among samples (--translator mbr)", ("fastchrf",)),
    "vllm": ("vLLM in this process (vllm:FOLDER)", ("vllm",)),
    "parquet": ("Parquet files", ("pyarrow",)),
    "files": ("PO and XLIFF files (dragoman document)", ("polib", "lxml")),
    "hub": ("test sets from the hub (dragoman benchmark)", ("datasets",)),
    "ray": ("the work by a cluster (--on ray)", ("ray",)),
    "langid": ("guessing languages (--language-check langid)", ("py3langid",)),
}


def doctor() -> None:
    """Say what is installed, what is missing, and what to type to get it."""
    console = Console(highlight=False)
    console.print(
        f"dragoman {__version__} · Python {platform.python_version()} · {platform.platform()}"
    )
    console.print(f"{os.cpu_count()} processors · {_memory()} · {_gpus()}")
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for column in ("", "extra", "what for", "found, or what to type"):
        table.add_column(column)
    table.add_row("✓", "core", "HTTP engines, metrics", "httpx " + version("httpx"))
    for extra, (purpose, packages) in EXTRAS.items():
        found = {package: _version(package) for package in packages}
        here = all(found.values())
        what = (
            ", ".join(f"{package} {number}" for package, number in found.items())
            if here
            else f"pip install 'dragoman\\[{extra}]'"
        )
        table.add_row("✓" if here else "·", extra, purpose, what)
    console.print(table)
    if os.environ.get("HF_HUB_OFFLINE"):
        console.print("HF_HUB_OFFLINE is set: hub ids are looked up in the local cache only.")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _memory() -> str:
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return "memory unknown"
    return f"{pages * size / 2**30:.0f} GiB of memory"


def _gpus() -> str:
    # Asking torch would take seconds; the driver's own program answers at once.
    return "an NVIDIA driver is here" if shutil.which("nvidia-smi") else "no NVIDIA driver"
