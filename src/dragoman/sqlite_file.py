"""An SQLite file that one process has to itself, with its errors in plain words.

SQLite's write-ahead log makes a commit cost microseconds: a killed process loses nothing, and
a power cut at most the last moments.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from dragoman.errors import UserError


class SqliteFile:
    """An open file. `kind` is what it should be, `user` who else might have it open."""

    def __init__(self, path: Path, tables: str, *, kind: str, user: str):
        self.path = path
        self._hints = {
            "database is locked": f"another {user} is using it",
            "file is not a database": f"it is not {kind}",
            "unable to open database file": "it cannot be opened; is the folder there?",
        }
        with self.errors():
            self.db = sqlite3.connect(path, isolation_level=None, timeout=0.2)
            self.db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=NORMAL")
            self.db.executescript(tables)

    @contextmanager
    def errors(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise UserError(f"{self.path}: {self._hints.get(str(error), error)}") from error

    def close(self) -> None:
        with self.errors():
            self.db.close()
