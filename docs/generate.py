"""Writes what the documentation need not say by hand.

    python docs/generate.py            writes the pages anew
    python docs/generate.py --check    compares; exits 1 and says what to type

- `docs/cli.md` is the help of every command.
- `docs/rank.svg` is a recording of what `make demo` ranks.
- In README.md, the tutorial and the phrasebook's page, the output under each `$ command` of a
  ```console block is what the command prints when it is run. Each page is a story told in one
  folder, which begins with a copy of `examples/`. Blocks marked otherwise (`sh`) are not run.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from pathlib import Path
from types import MappingProxyType

from cyclopts import App
from rich.cells import cell_len
from rich.console import Console

from dragoman.cli import VERBS, make_app
from dragoman.cli.tables import show_judgement
from dragoman.ranker import rank_groups
from dragoman.records import read_groups

HOME = Path(__file__).resolve().parent.parent
WIDTH = 96
PICTURE_WIDTH = 104
BLOCK = re.compile(r"^(?P<fence>`{3,})console\n(?P<lines>.*?)^(?P=fence)$", re.M | re.S)

# What changes from run to run or from release to release; a page keeps the numbers it has.
CHANGING = re.compile(r"\d+\.\d a second|\d+:\d\d left|sacrebleu:[\d.]+")


def cli_page() -> str:
    """The help of every command, as a terminal of 80 columns shows it."""
    parts = [
        "# Commands\n\nThis page is what `--help` prints. `python docs/generate.py` writes it.\n\n"
        "The command line wins over a file of settings. Exit codes: 0 done, 1 it went wrong (or\n"
        "nothing could be judged), 2 you can mend it.\n"
    ]
    for arguments in _commands():
        title = " ".join(["dragoman", *arguments])
        app = make_app(chosen=next(iter(arguments), None))
        parts.append(f"## {title}\n\n```text\n{_help(app, arguments)}```\n")
    return "\n".join(parts)


def _commands() -> Iterator[list[str]]:
    """`dragoman` itself, every verb, and the verbs within verbs."""
    yield []
    for verb, *_ in VERBS:
        yield [verb]
        inner = make_app(chosen=verb)[verb]
        yield from ([verb, name] for name in inner if not name.startswith("-"))


def _help(app: App, arguments: list[str]) -> str:
    shown = io.StringIO()
    console = Console(file=shown, width=80, color_system=None, force_terminal=False)
    app.help_print(arguments, console=console)
    return _without_blanks(shown.getvalue())


# rich's own frame for a recording fetches fonts from elsewhere; this one does not.
FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<style>
text {{ font: {char_height}px Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre }}
.{unique_id}-title {{ font-weight: bold }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
{matrix}
</g>
</svg>
"""
PIECE = re.compile(r'textLength="([\d.]+)"([^>]*)>([^<]*)<')


def picture() -> str:
    """The groups of `make demo`, ranked by the embedded model, in colour."""
    console = Console(
        record=True,
        width=PICTURE_WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        no_color=False,
        highlight=False,
    )
    groups = "examples/phrasebook-groups.jsonl"
    console.print(f"$ dragoman rank {groups} --engine phrasebook:base", style="bold")
    for judgement in rank_groups(read_groups(HOME / groups), engine="phrasebook:base"):
        console.print()
        show_judgement(judgement, console)
    recorded = console.export_svg(title="dragoman rank", code_format=FRAME, unique_id="rank")
    return _without_blanks(PIECE.sub(_as_wide_as_it_is, recorded.replace("</text>", "</text>\n")))


def _as_wide_as_it_is(piece: re.Match[str]) -> str:
    """rich forgets here that a Chinese character is as wide as two letters."""
    text = unescape(piece[3])
    length = float(piece[1]) * cell_len(text) / max(len(text), 1)
    return f'textLength="{length:g}"{piece[2]}>{piece[3]}<'


def with_real_output(page: str) -> str:
    """The page, with the output of its commands brought up to date."""
    text = (HOME / page).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as place:
        folder, programs = Path(place) / "clone", Path(place) / "bin"
        shutil.copytree(HOME / "examples", folder / "examples")
        _put_on_path(programs)

        def retell(block: re.Match[str]) -> str:
            fence, lines = block["fence"], _retold(block["lines"], folder, programs)
            return f"{fence}console\n{lines}{fence}"

        return BLOCK.sub(retell, text)


def _put_on_path(programs: Path) -> None:
    """The `dragoman` of this very environment, whatever the shell would find."""
    programs.mkdir()
    program = programs / "dragoman"
    program.write_text(f"#!{sys.executable}\nfrom dragoman.cli import main\nmain()\n")
    program.chmod(0o755)


def _retold(block: str, folder: Path, programs: Path) -> str:
    """A block of commands with their output as it is now; as it stands where they agree."""
    lines, told = block.splitlines(keepends=True), ""
    while lines:
        command = lines.pop(0)
        if not command.startswith("$ "):
            raise ValueError(f"a console block begins with '$ command', not {command!r}")
        while command.endswith("\\\n"):
            command += lines.pop(0)
        before = ""
        while lines and not lines[0].startswith("$ "):
            before += lines.pop(0)
        now = _output(command[2:], folder, programs)
        told += command + (before if lasting(before) == lasting(now) else now)
    return told


def _output(command: str, folder: Path, programs: Path) -> str:
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": str(WIDTH),
        "NO_COLOR": "1",
        "FORCE_COLOR": "",
        "PYTHONUTF8": "1",
    }
    done = subprocess.run(  # noqa: S603
        ["bash", "-c", command],  # noqa: S607
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return _without_blanks(done.stdout)


def lasting(output: str) -> str:
    """The output without what changes."""
    return CHANGING.sub("…", output)


def _without_blanks(output: str) -> str:
    """The output without blanks at the ends of lines, which editors take away."""
    return "".join(f"{line.rstrip()}\n" for line in output.splitlines())


PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "docs/cli.md": cli_page,
        "docs/rank.svg": picture,
        "README.md": lambda: with_real_output("README.md"),
        "docs/tutorial.md": lambda: with_real_output("docs/tutorial.md"),
        "docs/phrasebook.md": lambda: with_real_output("docs/phrasebook.md"),
    }
)


def main(arguments: list[str]) -> int:
    """Write every page, or with --check say which of them are not what they should be."""
    if arguments not in ([], ["--check"]):
        print(__doc__)
        return 2
    stale = 0
    for page, make in PAGES.items():
        path, text = HOME / page, make()
        if path.exists() and lasting(path.read_text(encoding="utf-8")) == lasting(text):
            continue
        stale += 1
        if arguments:
            print(f"{page} is not up to date; type: python docs/generate.py")
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {page}")
    return 1 if stale and arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
