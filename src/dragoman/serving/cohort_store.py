"""Cohorts in one SQLite file, so that they outlive the server.

Every rollout and every outcome is committed before anybody is answered: a server that is
killed and started again gives the same answers, and goes on with cohorts that were waiting
for siblings as soon as one of them asks again.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from dragoman.records import segment_from_row, segment_to_row
from dragoman.rewards.group import Rollout
from dragoman.serving.cohort import Answer, Arrival, Cohort, CohortKey, Outcome
from dragoman.sqlite_file import SqliteFile

_TABLES = """
CREATE TABLE IF NOT EXISTS cohorts (
    run TEXT, uid TEXT, attempt INTEGER, size INTEGER, segment TEXT, outcome TEXT,
    PRIMARY KEY (run, uid, attempt)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rollouts (
    run TEXT, uid TEXT, attempt INTEGER, slot INTEGER, text TEXT, tokens INTEGER,
    PRIMARY KEY (run, uid, attempt, slot)
) WITHOUT ROWID;
"""
_OF_KEY = "WHERE run = ? AND uid = ? AND attempt = ?"


class CohortStore:
    """An open file of cohorts. One process at a time; a second is told so."""

    def __init__(self, path: str | Path):
        self._file = SqliteFile(Path(path), _TABLES, kind="a file of cohorts", user="server")
        self._db = self._file.db

    def load(self, key: CohortKey) -> Cohort | None:
        values = key.run, key.uid, key.attempt
        with self._file.errors():
            row = self._db.execute(
                f"SELECT size, segment, outcome FROM cohorts {_OF_KEY}",  # noqa: S608
                values,
            ).fetchone()
            if row is None:
                return None
            rollouts = self._db.execute(
                f"SELECT slot, text, tokens FROM rollouts {_OF_KEY}",  # noqa: S608
                values,
            ).fetchall()
        size, segment, outcome = row
        return Cohort(
            size,
            segment_from_row(json.loads(segment)) if segment else None,
            {slot: Rollout(text, tokens) for slot, text, tokens in rollouts},
            _read_outcome(outcome) if outcome else None,
        )

    def add(self, key: CohortKey, arrival: Arrival) -> None:
        values = key.run, key.uid, key.attempt
        segment = json.dumps(segment_to_row(arrival.segment))
        rollout = arrival.rollout
        with self._file.errors(), self._transaction():
            self._db.execute(
                "INSERT OR IGNORE INTO cohorts VALUES (?, ?, ?, ?, ?, NULL)",
                (*values, arrival.size, segment),
            )
            self._db.execute(
                "INSERT INTO rollouts VALUES (?, ?, ?, ?, ?, ?)",
                (*values, arrival.slot, rollout.text, rollout.tokens),
            )

    def settle(self, key: CohortKey, outcome: Outcome) -> None:
        with self._file.errors():
            self._db.execute(
                "INSERT INTO cohorts VALUES (?, ?, ?, NULL, NULL, ?) "
                "ON CONFLICT DO UPDATE SET outcome = excluded.outcome",
                (key.run, key.uid, key.attempt, _write_outcome(outcome)),
            )

    def close(self) -> None:
        self._file.close()

    @contextmanager
    def _transaction(self) -> Generator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _write_outcome(outcome: Outcome) -> str:
    answers = {slot: [a.reward, a.score, a.reason] for slot, a in outcome.answers.items()}
    others = outcome.others
    return json.dumps([answers, [others.reward, others.score, others.reason]])


def _read_outcome(text: str) -> Outcome:
    answers, others = json.loads(text)
    return Outcome({int(slot): Answer(*a) for slot, a in answers.items()}, Answer(*others))
