"""The verdict line: how a judgement is written to a file.

`{id, status, order, ranking, scores, analysis, reason?, details?, signature}`, where
`order` lists candidate indices, best first, and `ranking` says the same in letters with
its ties: `"B > A = C"`. A failed judgement has status `failed`, a `reason`, and null
everywhere a verdict would stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.formats.letters import labels
from dragoman.ranking import read_ranking, write_ranking
from dragoman.types import Failure, Group, Judgement, Verdict


def verdict_row(judgement: Judgement) -> dict[str, Any]:
    """The row of one judgement; equal judgements give equal rows."""
    verdict, failure = judgement.verdict, judgement.failure
    row: dict[str, Any] = {"id": judgement.group.segment.id}
    row |= answer_row(verdict) if verdict else dict(_FAILED)
    if failure:
        row["reason"] = f"{failure.reason}: {failure.detail}" if failure.detail else failure.reason
    if judgement.details:
        row["details"] = dict(judgement.details)
    return {**row, "signature": judgement.signature}


def read_verdict_row(row: Mapping[str, Any], group: Group) -> Judgement:
    """The judgement that a row tells of; ValueError says what is wrong with it."""
    try:
        details, signature = dict(row.get("details", {})), str(row["signature"])
        if row["status"] == "failed":
            reason, _, detail = str(row["reason"]).partition(": ")
            failure = Failure(reason, detail)
            return Judgement(group, None, failure, signature=signature, details=details)
        ranking = read_ranking(row["ranking"], labels(len(group)))
        scores = tuple(map(float, row["scores"])) if row["scores"] else None
        verdict = Verdict(ranking, scores, str(row["analysis"]))
        return Judgement(group, verdict, None, signature=signature, details=details)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a verdict line: {error!r}") from None


_FAILED = {"status": "failed", "order": None, "ranking": None, "scores": None, "analysis": None}


def answer_row(verdict: Verdict) -> dict[str, Any]:
    """The part of a row that says what was judged."""
    return {
        "status": "ok",
        "order": list(verdict.ranking.order),
        "ranking": write_ranking(verdict.ranking, labels(len(verdict.ranking))),
        "scores": [tidy(s) for s in verdict.scores] if verdict.scores else None,
        "analysis": verdict.analysis,
    }


def tidy(score: float) -> float:
    """8.0 as 8: what a judge wrote as a whole number is shown as one."""
    return int(score) if float(score).is_integer() else score
