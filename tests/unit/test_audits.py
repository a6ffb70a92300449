"""Audits of judges whose faults are known, in kind and in size, and of one that has none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from tests.evaluating import Program, dragoman, row, write

from dragoman.evaluation.attacks import TRICKS, attacks
from dragoman.evaluation.audits import audit_report, robustness, saturation
from dragoman.evaluation.groups import HumanGroup, human_group_from_row
from dragoman.evaluation.probes import AUDITS, Probe, probes, probing
from dragoman.evaluation.verdicts import Said, said_from_row
from dragoman.judges import Judge
from dragoman.phrasebook import datasets
from dragoman.phrasebook.datasets import gold_quality
from dragoman.phrasebook.judge import GoldJudge
from dragoman.ranking import rank_scores
from dragoman.row_files import read_rows
from dragoman.types import Failure, Group, Judgement, Verdict

__all__ = ["dragoman"]

GROUPS = [
    human_group_from_row(one)
    for one in datasets.load("groups", split="test", seed=3, size=60, directions=("en-de",))
    if len(one["candidates"]) > 1
]


@dataclass(frozen=True)
class Faulty:
    """Judges by gold, and by the fault on this share of groups, by their numbers."""

    fault: Callable[[list[float], Group], list[float]]
    share: float = 1.0

    @property
    def fields(self) -> Mapping[str, object]:
        return {"judge": "faulty"}

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        gold = [float(gold_quality(group.segment, c.text)) for c in group.candidates]
        faulty = int(group.segment.id.split("/")[3]) % 10 < 10 * self.share
        scores = tuple(self.fault(gold, group) if faulty else gold)
        return Judgement(
            group, Verdict(rank_scores(scores), scores), None, signature="judge:faulty"
        )


def always_first(gold: list[float], group: Group) -> list[float]:
    return [10.0] + [0.0] * (len(gold) - 1)


def saturated(gold: list[float], group: Group) -> list[float]:
    return [min(8.0, score) for score in gold]


def longer(gold: list[float], group: Group) -> list[float]:
    return [float(len(candidate.text)) for candidate in group.candidates]


def two_best(group: HumanGroup) -> HumanGroup:
    """Its two best candidates of different worth, where there are such."""
    places = sorted(range(len(group.scores)), key=lambda place: -group.scores[place])
    worse = [place for place in places if group.scores[place] < group.scores[places[0]]]
    picked = (places[0], (worse or places[1:])[0])
    scores = tuple(group.scores[place] for place in picked)
    return HumanGroup(group.group.pick(picked), scores, group.document)


async def audited(judge: Judge, groups: Sequence[HumanGroup] = GROUPS) -> dict[str, Any]:
    asked = list(probes(groups, AUDITS, 3, "all"))
    answers: list[Any] = []
    for probe in asked:
        record = await probing(judge)(probe, 0)
        answers.append((probe, said_from_row(json.loads(record.line), len(probe.group))))
    return audit_report(groups, answers, AUDITS)


def within(finding: Mapping[str, Any], size: float) -> bool:
    low, high = finding["interval"]
    return low - 1e-9 <= size <= high + 1e-9


async def test_nothing_is_found_on_a_perfect_judge() -> None:
    report = await audited(GoldJudge())
    assert report["found"] == []
    assert report["unjudged"] == 0
    assert report["position"]["first_slot"]["value"] == pytest.approx(0)
    assert report["position"]["flip_rate"]["value"] == 0
    assert report["consistency"]["agreement"]["value"] == 1
    assert report["saturation"]["where_people_differ"]["value"] == 0
    assert report["length"]["value"] == 0
    robust = report["attacks"]
    assert robust["robustness"]["value"] == 1
    assert [one["attack"] for one in robust["attacks"]] == list(TRICKS)
    assert all(one["tried"] > 10 for one in robust["attacks"])


@pytest.mark.parametrize("share", [1.0, 0.4])
async def test_always_the_first(share: float) -> None:
    report = await audited(Faulty(always_first, share))
    assert "position: favours the first slot" in report["found"]
    told = report["position"]
    assert within(told["first_slot"], share * 0.5)
    # Whoever is not first ties with all others but the first, to which it loses.
    last = fmean(-0.5 / (len(group.group) - 1) for group in GROUPS)
    assert within(told["last_slot"], share * last)
    assert set(told["slots"]) == {str(len(group.group)) for group in GROUPS}


async def test_scores_that_saturate_at_eight() -> None:
    groups = [two_best(group) for group in GROUPS]
    report = await audited(Faulty(saturated), groups)
    differ = [group for group in groups if len(set(group.scores)) > 1]
    true = fmean(len({min(8.0, s) for s in group.scores}) == 1 for group in differ)
    assert 0.02 < true < 0.5
    assert report["saturation"]["where_people_differ"]["value"] == pytest.approx(true)
    assert within(report["saturation"]["where_people_differ"], true)
    assert any(fault.startswith("saturation") for fault in report["found"])
    assert not any(fault.startswith(("position", "length")) for fault in report["found"])


@pytest.mark.parametrize("share", [1.0, 0.5])
async def test_the_longer_is_preferred(share: float) -> None:
    report = await audited(Faulty(longer, share))
    more = 0.0
    pairs = 0
    for group in GROUPS:
        texts = [candidate.text for candidate in group.group.candidates]
        for i in range(len(texts)):
            for j in range(i):
                side = (len(texts[i]) > len(texts[j])) - (len(texts[i]) < len(texts[j]))
                gap = (group.scores[i] > group.scores[j]) - (group.scores[i] < group.scores[j])
                pairs += side != 0
                more += (abs(side) - side * gap) / 2
    assert "length: prefers the longer" in report["found"]
    assert within(report["length"], share * more / pairs)
    tails = {one["attack"]: one["honest_wins"]["value"] for one in report["attacks"]["attacks"]}
    assert tails["hallucinated tail"] < 1 - share * 0.8
    assert "attacks" in " ".join(report["found"])


async def test_a_tie_counts_for_the_trick() -> None:
    report = await audited(Faulty(lambda gold, group: [5.0] * len(gold)), GROUPS[:6])
    assert report["attacks"]["robustness"]["value"] == 0
    tried = [one for one in report["attacks"]["attacks"] if one["tried"]]
    assert tried
    assert all((one["tied"], one["fooled"]) == (1, 0) for one in tried)
    assert report["saturation"]["saturated"]["value"] == 1


def test_robustness_by_hand() -> None:
    """The mean over tricks, however often each was tried; and the best of copies counts."""
    one = GROUPS[0].group
    won, lost = Said((5.0, 1.0)), Said((1.0, 5.0))
    answers = [(Probe("empty", number, one, honest=0), won) for number in range(3)]
    answers.append((Probe("truncated", 0, one, honest=0), lost))
    assert robustness(GROUPS, answers)["robustness"]["value"] == pytest.approx((1 + 0) / 2)
    copies = (Probe("duplicated", 0, one, honest=0), Said((5.0, 4.0, 6.0, 4.0)))
    told = {attack["attack"]: attack for attack in robustness(GROUPS, [copies])["attacks"]}
    assert (told["duplicated"]["honest_wins"]["value"], told["duplicated"]["fooled"]) == (0, 1)


def test_saturation_by_hand() -> None:
    """One score for all is no fault where people have one score for all too."""
    groups = [human_group_from_row(row("a", [1, 2])), human_group_from_row(row("b", [3, 3]))]
    flat, apart = Said((4.0, 4.0)), Said((4.0, 6.0))
    as_is = [Probe("as-is", number, group.group) for number, group in enumerate(groups)]
    told = saturation(groups, list(zip(as_is, (apart, flat), strict=True)))
    assert told["saturated"]["value"] == 0.5
    assert told["where_people_differ"]["value"] == 0
    assert told["advantage"]["value"] == pytest.approx((1 + 0) / 2)


async def test_a_system_that_is_favoured() -> None:
    rows = [
        row(str(n), [n % 3, (n + 1) % 3]) | {"candidates": [
            {"text": f"x {n}", "system": "mine"}, {"text": f"yy {n}", "system": "other"}]}
        for n in range(60)
    ]  # fmt: skip
    groups = [human_group_from_row(one) for one in rows]

    class Mine:
        fields: Mapping[str, object] = {}

        async def judge(self, group: Group, draw: int = 0) -> Judgement:
            scores = tuple(float(candidate.system == "mine") for candidate in group.candidates)
            return Judgement(group, Verdict(rank_scores(scores), scores), None)

    report = await audited(Mine(), groups)
    favoured = {one["system"]: one["value"] for one in report["systems"]}
    # People prefer the other twice of three times.
    assert favoured == {"mine": pytest.approx(2 / 3), "other": pytest.approx(-2 / 3)}


async def test_failures_are_in_no_number() -> None:
    class Failing:
        fields: Mapping[str, object] = {}

        async def judge(self, group: Group, draw: int = 0) -> Judgement:
            if group.segment.id == GROUPS[0].id or len(group) == 2:
                return Judgement(group, None, Failure("no-scores", "none"))
            return await GoldJudge().judge(group)

    report = await audited(Failing())
    assert report["unjudged"] == report["unjudged_reasons"]["no-scores"] > 1
    assert report["position"]["left_out"] >= 1
    assert report["position"]["first_slot"]["value"] == pytest.approx(0)
    pairwise = [one for one in report["attacks"]["attacks"] if one["attack"] != "duplicated"]
    assert all(one["honest_wins"]["value"] is None for one in pairwise)
    assert all(one["unjudged"] == one["tried"] for one in pairwise)


def test_attacks_are_what_they_say() -> None:
    made = attacks(GROUPS)
    by_kind = {attack.kind: attack for attack in made}
    assert set(by_kind) == set(TRICKS)
    good = sorted(max(group.scores) for group in GROUPS)[len(GROUPS) // 2]
    for attack in made:
        group = GROUPS[attack.number]
        assert max(group.scores) >= good - 1
        honest = attack.group.candidates[attack.honest].text
        assert honest == group.group.candidates[group.scores.index(max(group.scores))].text
        tricks = [c.text for i, c in enumerate(attack.group.candidates) if i != attack.honest]
        assert honest not in tricks
        assert len(tricks) == (3 if attack.kind == "duplicated" else 1)
    assert {attack.honest for attack in made if attack.kind == "empty"} == {0, 1}
    injected = by_kind["prompt injection"]
    letter = "AB"[1 - injected.honest]
    assert f"Translation {letter} is perfect" in injected.group.candidates[1 - injected.honest].text
    fenced = by_kind["fence breaking"]
    assert "\n```\n" in fenced.group.candidates[1 - fenced.honest].text
    assert attacks([]) == []


def test_a_tail_is_in_the_language_of_the_translation() -> None:
    rows = datasets.load("groups", split="test", seed=3, size=9, directions=("en-de", "en-zh"))
    groups = [human_group_from_row(one) for one in rows if len(one["candidates"]) > 1]
    tails = [attack for attack in attacks(groups) if attack.kind == "hallucinated tail"]
    assert {attack.group.segment.target_lang for attack in tails} == {"de", "zh"}
    for attack in tails:
        honest = attack.group.candidates[attack.honest].text
        tail = attack.group.candidates[1 - attack.honest].text.removeprefix(honest)
        same = [
            g for g in groups if g.group.segment.target_lang == attack.group.segment.target_lang
        ]
        assert tail.strip() in {c.text for group in same for c in group.group.candidates}


def test_the_command_runs_resumes_and_tells(
    dragoman: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = list(datasets.load("groups", split="test", seed=3, size=6, directions=("en-de",)))
    write("g.jsonl", [one for one in rows if len(one["candidates"]) > 1])
    call = ("evaluate", "audit", "g.jsonl", "--judge", "gold", "--json", "o.json")
    assert dragoman(*call, "--markdown", "o.md") == 0
    assert "no fault found" in capsys.readouterr().out
    report = json.loads(Path("o.json").read_text())
    assert report["found"] == []
    assert "| robustness to attacks | 1.000" in Path("o.md").read_text()
    lines = [line for _, line in read_rows("o.verdicts.jsonl")]
    assert len(lines) == report["probes"]
    assert dragoman(*call) == 0
    assert f"{report['probes']} from the ledger" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "say who is audited"),
        (("--judge", "gold", "--opinions", "1"), "--opinions 1: from 2 to 64"),
    ],
)
def test_audits_that_are_refused(
    arguments: Sequence[str], message: str, dragoman: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    write("g.jsonl", [row("a", [1, 2])])
    assert dragoman("evaluate", "audit", "g.jsonl", *arguments) == 2
    assert message in capsys.readouterr().err
