"""A judge beside people: every figure with its interval, its baselines, and its signature."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from dragoman.evaluation.baselines import PLACES, predictors, random_expected
from dragoman.evaluation.breakdowns import breakdowns
from dragoman.evaluation.calibration import calibrate
from dragoman.evaluation.figures import Share, figures, shares
from dragoman.evaluation.groups import HumanGroup
from dragoman.evaluation.pairs import Pairs, pairs_of
from dragoman.evaluation.resampling import (
    CONFIDENCE,
    RESAMPLES,
    calibrated_interval,
    difference,
    draws,
    interval,
    intervals,
    numbered,
    paired_permutation,
)
from dragoman.evaluation.systems import system_level
from dragoman.evaluation.verdicts import Said
from dragoman.ranking import sign
from dragoman.signature import digest, signature

RELATIONS = {1: ">", 0: "=", -1: "<"}


def judge_report(
    groups: Sequence[HumanGroup], said: Sequence[Said], against: Sequence[Said] | None = None
) -> dict[str, Any]:
    """Everything that is to be said of a judge, ready for JSON. Groups that it failed on are
    counted and are in no figure."""
    judged = [(g, s.scores) for g, s in zip(groups, said, strict=True) if s.scores is not None]
    kept, scores = [group for group, _ in judged], [row for _, row in judged]
    failures = Counter(one.failed for one in said if one.failed)
    human = [group.scores for group in kept]
    report: dict[str, Any] = {
        "judge": sorted({one.signature for one in said if one.signature}),
        "signature": report_signature("ranking", groups),
        "documents": len({group.document for group in groups}),
        "unjudged": failures.total(),
        "unjudged_reasons": dict(failures.most_common()),
        "parse_rate": len(kept) / len(groups),
        "all_tied_groups": sum(len(set(group.scores)) == 1 for group in groups),
        **figures(human, scores),
    }
    if not kept:
        return report
    pairs = pairs_of(human, scores)
    documents = numbered([group.document for group in kept])
    drawn = draws(documents)
    parts = shares(human, scores, pairs)
    report["intervals"] = {
        **intervals(parts, documents, drawn),
        "acc_eq_opt": calibrated_interval(pairs, documents, drawn),
    }
    level = asdict(system_level(kept, scores))
    report |= {
        "system_pairwise_accuracy": level["pairwise_accuracy"],
        "soft_pairwise_accuracy": level["soft_pairwise_accuracy"],
        "systems": level["systems"],
        "system_pairs": level["pairs"],
        "baselines": baselines(kept),
        "breakdowns": breakdowns(kept, scores, pairs, documents, drawn),
    }
    if against is not None:
        report["against"] = comparison(groups, said, against)
    return report


def baselines(groups: Sequence[HumanGroup]) -> dict[str, dict[str, Any]]:
    """Figures of what needs no judge, on the same groups; those with a reference where needed."""
    expected = random_expected([group.scores for group in groups])
    found: dict[str, dict[str, Any]] = {
        "random_expected": {"groups": len(groups), "ranking_acc": expected, "acc_half": 0.5}
    }
    for name, predict in predictors().items():
        human, said = predict(groups)
        if human:
            found[name] = figures(human, said)
    return found


def comparison(
    groups: Sequence[HumanGroup], said: Sequence[Said], others: Sequence[Said]
) -> dict[str, Any]:
    """By how much the judge is better than another, on the groups that both judged."""
    both = [
        (group, one.scores, other.scores)
        for group, one, other in zip(groups, said, others, strict=True)
        if one.scores is not None and other.scores is not None
    ]
    report: dict[str, Any] = {
        "judge": sorted({one.signature for one in others if one.signature}),
        "groups": len(both),
        "unjudged": sum(one.scores is None for one in others),
    }
    if not both:
        return report
    documents = numbered([group.document for group, _, _ in both])
    drawn = draws(documents)
    human = [group.scores for group, _, _ in both]
    ours = pairs_of(human, [scores for _, scores, _ in both])
    theirs = pairs_of(human, [scores for _, _, scores in both])
    for name, calibrated in (("ranking_acc", False), ("acc_eq_opt", True)):
        gain = difference(_accuracy(ours, calibrated), _accuracy(theirs, calibrated))
        report[name] = {
            "other": _accuracy(theirs, calibrated).value,
            "difference": gain.value,
            "interval": interval(gain, documents, drawn),
            "p": paired_permutation(gain.part, documents),
        }
    return report


def _accuracy(pairs: Pairs, calibrated: bool) -> Share:
    """The accuracy of each group, at the threshold that is best over all of them or at 0."""
    epsilon = calibrate(pairs)[0] if calibrated else 0.0
    return Share(pairs.sums(pairs.right(epsilon)) / pairs.counts, np.ones(len(pairs.counts)))


def pair_rows(groups: Sequence[HumanGroup], said: Sequence[Said]) -> Iterator[dict[str, Any]]:
    """A line for each pair of each judged group: what people say of it, and what the judge."""
    for group, one in zip(groups, said, strict=True):
        if one.scores is None:
            continue
        pairs = pairs_of([group.scores], [one.scores])
        for place in range(len(pairs)):
            human, judge = float(pairs.human[place]), float(pairs.said[place])
            yield {
                "id": group.id,
                "first": int(pairs.first[place]),
                "second": int(pairs.second[place]),
                "human": RELATIONS[sign(human)],
                "judge": RELATIONS[sign(judge)],
                "right": sign(human) == sign(judge),
                "human_gap": round(human, 9),
                "judge_gap": round(judge, 9),
            }


def report_signature(evaluation: str, groups: Sequence[HumanGroup]) -> str:
    """What the figures were counted on, and how their intervals were drawn."""
    data = digest([[group.id, list(group.scores), group.document] for group in groups])
    return signature(
        {
            "evaluation": evaluation,
            "groups": len(groups),
            "data": data[:8],
            "places": PLACES,
            "bootstrap": f"document,{RESAMPLES}",
            "confidence": CONFIDENCE,
            "seed": 0,
        }
    )
