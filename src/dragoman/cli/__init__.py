"""The command line: one file a verb, loaded when it is called.

Exit codes: 0 done, 1 it went wrong, 2 you can mend it. Errors are one line; `--debug`
shows the traceback.
"""

from __future__ import annotations

import io
import os
import sys
import tomllib
from pathlib import Path
from typing import NoReturn

from cyclopts import App
from cyclopts.config import Toml

from dragoman.version import __version__

# Verb, where it lives, and its line in `dragoman --help`: the files themselves load on use.
VERBS = (
    ("rank", "dragoman.cli.rank:rank", "Rank candidate translations of one group or of a file."),
    ("translate", "dragoman.cli.translate:translate", "Translate a text or a file of segments."),
    (
        "evaluate",
        "dragoman.cli.evaluate:evaluate",
        "Weigh judges and translations: figures, audits, reports.",
    ),
    (
        "benchmark",
        "dragoman.cli.benchmark:benchmark",
        "Make groups and test sets from public benchmarks.",
    ),
    ("data", "dragoman.cli.data:data", "Make training sets, from raw text on."),
    (
        "document",
        "dragoman.cli.document:document",
        "Take a text apart, and put its translations together.",
    ),
    ("tree", "dragoman.cli.tree:tree", "Draw search trees from a file of translations."),
    (
        "preferences",
        "dragoman.cli.preferences:pairs",
        "Take pairs for training from trees, samples and verdicts.",
    ),
    ("serve", "dragoman.cli.serve:serve", "Serve a judge over HTTP, also as a reward."),
    ("prompt", "dragoman.cli.prompt:prompt", "Show the exact prompt for a group."),
    ("read", "dragoman.cli.read:read", "Read replies as a judge would."),
    ("train", "dragoman.cli.train:train", "Train a judge or a translator by a recipe."),
    (
        "reproduce",
        "dragoman.cli.reproduce:reproduce",
        "Run the paper in miniature; say what holds.",
    ),
    ("phrasebook", "dragoman.cli.phrasebook:phrasebook", "Look into the miniature world."),
    ("convert", "dragoman.cli.convert:convert", "Turn a model folder into the OpenVINO form."),
    ("engines", "dragoman.cli.listing:engines", "List what answers prompts."),
    ("formats", "dragoman.cli.listing:formats", "List how things are asked and read."),
    ("judges", "dragoman.cli.listing:judges", "List who ranks a group."),
    ("metrics", "dragoman.cli.listing:metrics", "List metrics for --judge metric:NAME."),
    ("doctor", "dragoman.cli.doctor:doctor", "Say what is installed and what is missing."),
)


def make_app(config: str | None = None, chosen: str | None = None) -> App:
    """The application. Options also come from the table of their verb in the TOML file that
    --config names; the command line wins. No file is read unasked: one that lies in a folder
    could name a server and the key to send there.

    The chosen verb tells its own story; the others show their line without being loaded.
    """
    if config is not None:
        _check_tables(config)
    app = App(
        name="dragoman",
        help="Rank translations with a judge that reads the whole group at once.",
        help_epilogue="With every command: --config FILE takes options from a TOML file, a table "
        "for each command; --debug shows the traceback of an error.",
        version=__version__,
        config=Toml(config) if config else None,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for name, path, help_line in VERBS:
        app.command(path, name=name, **({} if name == chosen else {"help": help_line}))
    return app


def _check_tables(config: str) -> None:
    """Refuse a settings file that is none, or that has a table for no command of ours."""
    from dragoman.errors import UserError

    try:
        with Path(config).open("rb") as stream:
            tables = tomllib.load(stream)
    except OSError as error:
        raise UserError(f"--config {config}: cannot read: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"--config {config}: not TOML: {error}") from None
    verbs = [name for name, *_ in VERBS]
    for table in tables:
        if table not in verbs:
            raise UserError(f"--config {config}: no command is called {table!r}")


def main() -> NoReturn:
    """The `dragoman` program."""
    arguments, debug, config = _global_options(sys.argv[1:])
    sys.exit(_run(arguments, debug, config))


def _run(arguments: list[str], debug: bool, config: str | None) -> int:
    from dragoman.cli.printing import printable
    from dragoman.errors import DragomanError, UserError

    for stream in (sys.stdout, sys.stderr):
        # A terminal of few characters gets the others spelled out.
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
            stream.reconfigure(errors="backslashreplace")
    try:
        app = make_app(config, arguments[0] if arguments else None)
        return app(arguments, exit_on_error=True) or 0
    except SystemExit as exit:
        # cyclopts has told the user already; what it refuses, the user can mend.
        return 2 if exit.code else 0
    except DragomanError as error:
        if debug:
            raise
        print(f"dragoman: {printable(str(error))}", file=sys.stderr)
        return 2 if isinstance(error, UserError) else 1
    except KeyboardInterrupt:
        print("dragoman: stopped; what was finished is kept", file=sys.stderr)
        sys.stdout.flush()
        # A thread may be waiting for a pipe that never speaks; do not wait with it.
        os._exit(130)
    except BrokenPipeError:
        # Whoever read our output has gone; that is no error of ours to report.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if debug:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        where = error.filename or "standard output"
        print(f"dragoman: {where}: {error.strerror}", file=sys.stderr)
        return 2
    except Exception as error:
        if debug:
            raise
        kind = type(error).__name__
        print(
            f"dragoman: a bug, please report it with --debug's output: {kind}: {error}",
            file=sys.stderr,
        )
        return 1


def _global_options(arguments: list[str]) -> tuple[list[str], bool, str | None]:
    """Take --debug and --config FILE out, wherever they stand before a `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    ours, rest = arguments[:end], arguments[end:]
    debug = "--debug" in ours
    ours = [a for a in ours if a != "--debug"]
    config: str | None = None
    for i, argument in enumerate(ours):
        if argument == "--config" and i + 1 < len(ours):
            config = ours[i + 1]
            del ours[i : i + 2]
            break
        if argument.startswith("--config="):
            config = argument.partition("=")[2]
            del ours[i]
            break
    return [*ours, *rest], debug, config
