"""`dragoman read`: read replies as a judge would, without asking anyone."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from cyclopts import Parameter

from dragoman.errors import BadRecord, UnreadableReply
from dragoman.formats import Reading
from dragoman.formats.letters import MOST
from dragoman.row_files import read_rows, to_line
from dragoman.types import Candidate, Group, Segment, Verdict


def read(
    file: Annotated[str, Parameter(allow_leading_hyphen=True)] = "-",
    /,
    *,
    format: str = "gqm",
    reading: Reading = "strict",
) -> int:
    """Read replies and write what they say, one JSON line each.

    A reply that cannot be read gives {"status": "failed", "reason": ...}. The exit code is 1
    if none could be.

    Parameters
    ----------
    file
        JSON lines {reply, n?} with n the number of candidates; - for standard input.
    format
        See `dragoman formats`.
    reading
        strict, lenient or compat.
    """
    from dragoman.formats import make_format

    made = make_format(format, reading)
    replies = good = 0
    for number, row in read_rows(file):
        reply, n = row.get("reply"), row.get("n", 1)
        if not isinstance(reply, str) or type(n) is not int or not 1 <= n <= MOST:
            what = f"wants {{reply: text, n: number of candidates, at most {MOST}}}"
            raise BadRecord(file, number, what)
        replies += 1
        try:
            out = _answer_row(made.read(reply, _item(made.takes, n)))
            good += 1
        except UnreadableReply as error:
            out = {"status": "failed", "reason": str(error)}
        sys.stdout.write(to_line(out) + "\n")
    return 1 if replies and not good else 0


def _item(takes: str, n: int) -> Group | Segment:
    """Something of the right size: readers need no more of what a reply was about."""
    segment = Segment("", "", "en", "en")
    return segment if takes == "segment" else Group(segment, (Candidate(""),) * n)


def _answer_row(answer: Any) -> dict[str, Any]:
    from dragoman.formats.alone import Score
    from dragoman.formats.verdict_line import answer_row, tidy

    if isinstance(answer, Verdict):
        return answer_row(answer)
    if isinstance(answer, Score):
        return {"status": "ok", "score": tidy(answer.value), "analysis": answer.analysis}
    return {"status": "ok", "translation": answer}
