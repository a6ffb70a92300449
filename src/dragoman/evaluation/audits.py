"""The faults of a judge, each as one number that is known for a judge without it.

Intervals are drawn by document. A fault counts as found when its interval leaves out what a
judge without it would have. Probes that the judge failed on are counted and in no number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import inf
from statistics import fmean
from typing import Any

import numpy as np

from dragoman.evaluation.attacks import TRICKS
from dragoman.evaluation.figures import Share
from dragoman.evaluation.groups import HumanGroup
from dragoman.evaluation.judge_report import report_signature
from dragoman.evaluation.pairs import Floats, Pairs, pairs_of
from dragoman.evaluation.probes import Audit, Probe
from dragoman.evaluation.resampling import Interval, draws, interval, middle, numbered, sums
from dragoman.evaluation.verdicts import Said
from dragoman.judges.permuted import back, flip_rate
from dragoman.judges.voted import mean_agreement
from dragoman.ranking import sign

Answers = Sequence[tuple[Probe, Said]]
Finding = dict[str, Any]

# Fewer pairs say nothing of a system.
FEWEST_PAIRS = 30


def audit_report(
    groups: Sequence[HumanGroup], answers: Answers, audits: Sequence[Audit]
) -> dict[str, Any]:
    """The numbers of every audit, and the faults that were found, in words."""
    failures = Counter(said.failed for _, said in answers if said.failed)
    report: dict[str, Any] = {
        "audits": list(audits),
        "judge": sorted({said.signature for _, said in answers if said.signature}),
        "signature": report_signature("audit", groups),
        "groups": len(groups),
        "probes": len(answers),
        "unjudged": failures.total(),
        "unjudged_reasons": dict(failures.most_common()),
    }
    made: Mapping[Audit, Callable[[Sequence[HumanGroup], Answers], Any]] = {
        "position": position,
        "consistency": consistency,
        "saturation": saturation,
        "length": length_bias,
        "systems": system_bias,
        "attacks": robustness,
    }
    report |= {audit: made[audit](groups, answers) for audit in audits}
    report["found"] = found(report)
    return report


def position(groups: Sequence[HumanGroup], answers: Answers) -> Finding:
    """How much a slot is favoured: the share of the others that whoever stands there beats, ties
    half, less one half. Over orders in which everybody stands everywhere equally often it is 0
    for a judge that looks at the texts alone. Groups with an order that failed are left out."""
    by_group = _of_kinds(answers, "as-is", "order")
    first, last, flips = list[float](), list[float](), list[float]()
    slots: dict[int, list[list[float]]] = {}
    kept: list[int] = []
    for number, told in by_group.items():
        rows = [(probe.order, said.scores) for probe, said in told if said.scores is not None]
        if len(rows) < len(told) or len(rows) < 2:
            continue
        wins = np.mean([_wins(scores) for _, scores in rows], axis=0) - 0.5
        kept.append(number)
        first.append(float(wins[0]))
        last.append(float(wins[-1]))
        flips.append(flip_rate([back(order, scores) for order, scores in rows]))
        slots.setdefault(len(wins), []).append(wins.tolist())
    return {
        "groups": len(kept),
        "left_out": len(by_group) - len(kept),
        "first_slot": _mean(groups, kept, first),
        "last_slot": _mean(groups, kept, last),
        "flip_rate": _mean(groups, kept, flips),
        "slots": {
            str(size): [round(fmean(column), 9) for column in zip(*rows, strict=True)]
            for size, rows in sorted(slots.items())
        },
    }


def consistency(groups: Sequence[HumanGroup], answers: Answers) -> Finding:
    """How often two opinions of one group say the same of a pair."""
    kept, agreed = list[int](), list[float]()
    opinions = 0
    for number, told in _of_kinds(answers, "as-is", "again").items():
        opinions = max(opinions, len(told))
        rows = [said.scores for _, said in told if said.scores is not None]
        agreement = mean_agreement(rows)
        if agreement is not None:
            kept.append(number)
            agreed.append(agreement)
    return {"opinions": opinions, "agreement": _mean(groups, kept, agreed)}


def saturation(groups: Sequence[HumanGroup], answers: Answers) -> Finding:
    """Groups whose candidates all get one score teach a policy nothing: their advantage is 0.

    `where_people_differ` counts them among groups that people do not tie as a whole; `advantage`
    is the mean distance of a score from the mean of its group, in the judge's own points."""
    told = _as_is(groups, answers)
    flat = [float(len(set(scores)) == 1) for _, scores in told]
    differ = [len(set(groups[number].scores)) > 1 for number, _ in told]
    advantages = [fmean(abs(s - fmean(scores)) for s in scores) for _, scores in told]
    numbers = [number for number, _ in told]
    return {
        "groups": len(told),
        "saturated": _mean(groups, numbers, flat),
        "where_people_differ": _mean(
            groups,
            [number for number, one in zip(numbers, differ, strict=True) if one],
            [value for value, one in zip(flat, differ, strict=True) if one],
        ),
        "advantage": _mean(groups, numbers, advantages),
    }


def length_bias(groups: Sequence[HumanGroup], answers: Answers) -> Finding:
    """How much more often the judge takes the longer of two than people do, from -1 to 1."""
    told = _as_is(groups, answers)
    pairs = _pairs(groups, told)
    lengths = [[len(c.text) for c in groups[number].group.candidates] for number, _ in told]
    longer = np.sign(pairs_of(lengths, lengths).human)
    return _leaning(groups, [number for number, _ in told], pairs, longer)


def system_bias(groups: Sequence[HumanGroup], answers: Answers) -> list[Finding]:
    """The same for each system: how much more often it wins than people let it. With many
    systems some intervals leave out 0 by chance, so nothing is called a fault here."""
    told = _as_is(groups, answers)
    pairs = _pairs(groups, told)
    systems = [[c.system for c in groups[number].group.candidates] for number, _ in told]
    names = np.array([row[place] or "" for row, place in _places(systems, pairs, pairs.first)])
    others = np.array([row[place] or "" for row, place in _places(systems, pairs, pairs.second)])
    rows: list[Finding] = []
    for name in sorted({system for row in systems for system in row if system}):
        side = (names == name).astype(float) - (others == name)
        if np.count_nonzero(side) >= FEWEST_PAIRS:
            leaning = _leaning(groups, [number for number, _ in told], pairs, side)
            rows.append({"system": name, **leaning})
    return rows


def robustness(groups: Sequence[HumanGroup], answers: Answers) -> Finding:
    """How often the honest translation is put above each trick; the mean over tricks is the one
    figure. A tie does not count for the judge: a policy loses nothing by the trick."""
    rows: list[Finding] = []
    numbers, kinds, outcomes = list[int](), list[str](), list[float]()
    for kind in TRICKS:
        told = [(probe, said.scores) for probe, said in answers if probe.kind == kind]
        beside = [(probe, _beside(probe, scores)) for probe, scores in told if scores is not None]
        seen = [float(outcome > 0) for _, outcome in beside]
        rows.append(
            {
                "attack": kind,
                "tried": len(told),
                "unjudged": len(told) - len(beside),
                "honest_wins": _mean(groups, [probe.number for probe, _ in beside], seen),
                "tied": fmean(outcome == 0 for _, outcome in beside) if beside else None,
                "fooled": fmean(outcome < 0 for _, outcome in beside) if beside else None,
            }
        )
        numbers += [probe.number for probe, _ in beside]
        kinds += [kind] * len(beside)
        outcomes += seen
    return {"robustness": _macro(groups, numbers, kinds, outcomes), "attacks": rows}


def found(report: Mapping[str, Any]) -> list[str]:
    """The faults that intervals leave no doubt of."""
    faults: list[str] = []
    if told := report.get("position"):
        for slot in ("first_slot", "last_slot"):
            if _apart(told[slot], 0, 0):
                leaning = "favours" if told[slot]["value"] > 0 else "disfavours"
                faults.append(f"position: {leaning} the {slot.replace('_', ' ')}")
    if (told := report.get("saturation")) and _apart(told["where_people_differ"], -inf, 0):
        faults.append("saturation: gives one score to candidates that people tell apart")
    if (told := report.get("length")) and _apart(told, 0, 0):
        faults.append(f"length: prefers the {'longer' if told['value'] > 0 else 'shorter'}")
    if (told := report.get("attacks")) and _apart(told["robustness"], 1, inf):
        faults.append("attacks: tricks do as well as honest translations, or better")
    return faults


def _apart(finding: Mapping[str, Any], low: float, high: float) -> bool:
    """Whether the interval lies wholly below `low` or above `high`."""
    bounds: Interval | None = finding.get("interval")
    return bounds is not None and (bounds[1] < low or bounds[0] > high)


def _wins(scores: Sequence[float]) -> list[float]:
    """Of each slot, the share of the others that it beats, ties half."""
    return [
        fmean((1 + sign(one - other)) / 2 for j, other in enumerate(scores) if j != i)
        for i, one in enumerate(scores)
    ]


def _beside(probe: Probe, scores: Sequence[float]) -> int:
    """1 where the honest translation is above the trick and all its copies, 0 level, -1 below."""
    tricks = max(score for place, score in enumerate(scores) if place != probe.honest)
    return sign(scores[probe.honest] - tricks)


def _as_is(groups: Sequence[HumanGroup], answers: Answers) -> list[tuple[int, tuple[float, ...]]]:
    return [
        (probe.number, said.scores)
        for probe, said in answers
        if probe.kind == "as-is" and said.scores is not None
    ]


def _of_kinds(answers: Answers, *kinds: str) -> dict[int, list[tuple[Probe, Said]]]:
    by_group: dict[int, list[tuple[Probe, Said]]] = {}
    for probe, said in answers:
        if probe.kind in kinds:
            by_group.setdefault(probe.number, []).append((probe, said))
    return by_group


def _pairs(groups: Sequence[HumanGroup], told: Sequence[tuple[int, Sequence[float]]]) -> Pairs:
    return pairs_of([groups[number].scores for number, _ in told], [row for _, row in told])


def _places(systems: Sequence[Any], pairs: Pairs, places: Any) -> list[tuple[Any, int]]:
    return [
        (systems[group], place)
        for group, place in zip(pairs.group.tolist(), places.tolist(), strict=True)
    ]


def _leaning(
    groups: Sequence[HumanGroup], numbers: Sequence[int], pairs: Pairs, side: Floats
) -> Finding:
    """How much more the judge leans to a side of pairs than people do, over pairs with sides."""
    more = side * (np.sign(pairs.said) - np.sign(pairs.human)) / 2
    share = Share(pairs.sums(more), pairs.sums(side != 0))
    return {"pairs": int(np.count_nonzero(side)), **_finding(groups, numbers, share)}


def _mean(groups: Sequence[HumanGroup], numbers: Sequence[int], values: Sequence[float]) -> Finding:
    """The mean of one value a group, with its interval."""
    return _finding(groups, numbers, Share(np.array(values, float), np.ones(len(values))))


def _finding(groups: Sequence[HumanGroup], numbers: Sequence[int], share: Share) -> Finding:
    if not share.whole.sum():
        return {"value": None, "interval": None}
    documents = numbered([groups[number].document for number in numbers])
    return {"value": share.value, "interval": interval(share, documents, draws(documents))}


def _macro(
    groups: Sequence[HumanGroup],
    numbers: Sequence[int],
    kinds: Sequence[str],
    outcomes: Sequence[float],
) -> Finding:
    """The mean over kinds of their means; documents are drawn with all their tricks."""
    if not outcomes:
        return {"value": None, "interval": None}
    documents = numbered([groups[number].document for number in numbers])
    drawn = draws(documents)
    part, whole = (
        {kind: np.array(values) * np.array([k == kind for k in kinds]) for kind in {*kinds}}
        for values in (outcomes, np.ones(len(outcomes)))
    )
    with np.errstate(invalid="ignore"):
        each = np.array([
            sums(drawn, documents, part[kind]) / sums(drawn, documents, whole[kind])
            for kind in sorted(part)
        ])  # fmt: skip
    value = fmean(float(part[kind].sum() / whole[kind].sum()) for kind in sorted(part))
    return {"value": value, "interval": middle(each[:, np.isfinite(each).all(0)].mean(0))}
