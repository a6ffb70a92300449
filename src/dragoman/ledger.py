"""The ledger: what a run has paid for and finished, in one SQLite file.

Replies are kept under the content address of their call (see `asking.cache_key`), and
finished records under the content address of their item. Every write is committed before
the run goes on, so that after `kill -9` nothing finished is asked for again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from dragoman.errors import SettingsChanged
from dragoman.sqlite_file import SqliteFile
from dragoman.types import Completion, Reply, Usage

_TABLES = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, completion TEXT);
CREATE TABLE IF NOT EXISTS records (
    key TEXT PRIMARY KEY, failed TEXT, line TEXT, tries INTEGER
);
"""

# So many records are looked through at once, in tens of milliseconds.
MOST_LOOKED_AT = 5000
_BROWSE = "SELECT rowid, line, failed, tries FROM records WHERE rowid > ? ORDER BY rowid LIMIT ?"
_ABSORB_RECORDS = """
INSERT OR REPLACE INTO records
SELECT new.key, new.failed, new.line, new.tries + coalesce(old.tries, 0)
FROM part.records AS new LEFT JOIN main.records AS old USING (key);
"""

# ASCII, because a model may write half a surrogate pair, which SQLite would refuse.
_ENCODER = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished record: its line, why it failed if it did, and at which try it was made."""

    line: str
    failed: str | None = None
    tries: int = 1


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Some records in the order in which they were finished, and the number after which to look
    for more; None if there are none."""

    records: tuple[Kept, ...]
    after: int | None


class Ledger:
    """An open ledger. One process at a time; a second is told so.

    A ledger that was begun with other settings is refused, by name of the first that differs.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._file = SqliteFile(self.path, _TABLES, kind="a ledger", user="run")
        self._db = self._file.db

    def find_reply(self, key: str) -> Completion | None:
        """The completion of a finished call."""
        row = self._one("SELECT completion FROM replies WHERE key = ?", key)
        return _read_completion(row[0]) if row else None

    def keep_reply(self, key: str, completion: Completion) -> None:
        """Keep a finished call; when this returns, it will never be made again. Of calls that
        were made side by side the first is kept."""
        self._write(
            "INSERT OR IGNORE INTO replies VALUES (?, ?)", key, _write_completion(completion)
        )

    def find_record(self, key: str) -> Kept | None:
        """The finished record of an item."""
        row = self._one("SELECT line, failed, tries FROM records WHERE key = ?", key)
        return Kept(*row) if row else None

    def keep_record(self, key: str, kept: Kept) -> None:
        """Keep an item's finished record."""
        values = key, kept.failed, kept.line, kept.tries
        self._write("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)", *values)

    def count_records(self) -> int:
        """How many items are finished."""
        with self._file.errors():
            return self._db.execute("SELECT count(*) FROM records").fetchone()[0]

    def browse_records(
        self,
        after: int = 0,
        *,
        failed: bool | None = None,
        words: Sequence[str] = (),
        most: int = 50,
    ) -> RecordPage:
        """The next records that failed, or did not, and whose lines hold all these words.

        However rare those are, it looks at `MOST_LOOKED_AT` records and no more; the page may
        then hold few, or none, and still not be the last.
        """
        # As they stand in a line of JSON, where quotes and line ends are escaped.
        wanted = [json.dumps(word, ensure_ascii=False)[1:-1].casefold() for word in words]
        found, looked = list[Kept](), 0
        with self._file.errors():
            for number, *fields in self._db.execute(_BROWSE, (after, MOST_LOOKED_AT)):
                looked += 1
                kept = Kept(*fields)
                line = kept.line.casefold() if wanted else ""
                if failed in (None, bool(kept.failed)) and all(word in line for word in wanted):
                    found.append(kept)
                if len(found) == most or looked == MOST_LOOKED_AT:
                    return RecordPage(tuple(found), number)
        return RecordPage(tuple(found), None)

    def absorb(self, path: Path) -> None:
        """Take over what a ledger of a part of the run has kept, and remove its file. Tries made
        there come on top of those before."""
        with self._file.errors():
            self._db.execute("ATTACH ? AS part", (str(path),))
            try:
                self._db.execute("BEGIN")
                self._db.execute("INSERT OR REPLACE INTO replies SELECT * FROM part.replies")
                self._db.execute(_ABSORB_RECORDS)
                self._db.execute("COMMIT")
            finally:
                self._db.execute("DETACH part")
        path.unlink()

    @property
    def shards(self) -> Path:
        """The folder where actors keep what they have done of this run until it is taken over."""
        return Path(f"{self.path.resolve()}.shards")

    def absorb_shards(self, settings: Mapping[str, object]) -> None:
        """Take over what the actors of a run that was stopped have kept under these settings."""
        for path in sorted(self.shards.glob("*")):
            if "-" not in path.name:  # those with one are SQLite's own, beside a ledger
                with Ledger(path) as part:
                    part.settle(settings)
                self.absorb(path)
        shutil.rmtree(self.shards, ignore_errors=True)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def settle(self, settings: Mapping[str, object]) -> None:
        """Say what the run's numbers depend on, before anything is found or kept."""
        now = {name: json.dumps(value, sort_keys=True) for name, value in settings.items()}
        with self._file.errors():
            before = dict(self._db.execute("SELECT name, value FROM settings"))
            if not before:
                self._db.executemany("INSERT INTO settings VALUES (?, ?)", now.items())
                return
        for name in sorted({*before, *now}):
            if before.get(name) != now.get(name):
                raise SettingsChanged(
                    f"{self.path} was begun with {name} = {before.get(name, 'nothing')}, "
                    f"and is now asked to go on with {now.get(name, 'nothing')}; "
                    "use the same settings, or another --ledger file"
                )

    def _one(self, query: str, key: str) -> Any:
        with self._file.errors():
            return self._db.execute(query, (key,)).fetchone()

    def _write(self, statement: str, *values: str | int | None) -> None:
        with self._file.errors():
            self._db.execute(statement, values)


def _write_completion(completion: Completion) -> str:
    replies = [[r.text, r.finish, r.logprob] for r in completion.replies]
    usage = completion.usage
    numbers = [usage.calls, usage.prompt_tokens, usage.reply_tokens]
    return _ENCODER.encode([replies, numbers])


def _read_completion(text: str) -> Completion:
    replies, numbers = json.loads(text)
    return Completion(tuple(Reply(*fields) for fields in replies), Usage(*numbers))
