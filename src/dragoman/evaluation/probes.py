"""What a judge is asked in an audit: groups as they are, in other orders, again, and attacked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from dragoman.evaluation.attacks import attacks
from dragoman.evaluation.groups import HumanGroup
from dragoman.formats.verdict_line import verdict_row
from dragoman.judges import Judge, Orders
from dragoman.judges.permuted import MOST_FOR_ALL, Order, make_orders
from dragoman.records import group_to_row
from dragoman.row_files import to_line
from dragoman.runs import Record, record_of
from dragoman.signature import digest
from dragoman.types import Group, Judgement

Audit = Literal["position", "consistency", "saturation", "length", "systems", "attacks"]
AUDITS: tuple[Audit, ...] = get_args(Audit)

# Draws of one try of a failed probe; another try takes others.
DRAWS = 64


@dataclass(frozen=True, slots=True)
class Probe:
    """One question. `kind` is as-is, order, again or the name of an attack; `number` says which
    human group it is made from; `order` which candidate stands in each slot; `honest` where the
    honest translation of an attack stands."""

    kind: str
    number: int
    group: Group
    draw: int = 0
    order: Order = ()
    honest: int = -1

    @property
    def key(self) -> str:
        return digest([group_to_row(self.group), self.draw])


def probes(
    groups: Sequence[HumanGroup], audits: Sequence[Audit], opinions: int, orders: Orders
) -> Iterator[Probe]:
    """Every probe of these audits, in an order that depends on the input alone."""
    plain = any(audit != "attacks" for audit in audits)
    for number, human in enumerate(groups):
        group = human.group
        places = tuple(range(len(group)))
        if plain:
            yield Probe("as-is", number, group, order=places)
        if "position" in audits:
            chosen = orders if len(group) <= MOST_FOR_ALL else "balanced"
            for order in make_orders(len(group), chosen):
                if order != places:
                    yield Probe("order", number, group.pick(order), order=order)
        if "consistency" in audits:
            for draw in range(1, opinions):
                yield Probe("again", number, group, draw, places)
    if "attacks" in audits:
        for attack in attacks(groups):
            yield Probe(attack.kind, attack.number, attack.group, honest=attack.honest)


def probing(judge: Judge) -> Callable[[Probe, int], Awaitable[Record[Judgement]]]:
    """A judge as work for a `Run`: a probe in, its verdict line out."""

    async def work(probe: Probe, tries: int) -> Record[Judgement]:
        judgement = await judge.judge(probe.group, draw=probe.draw + DRAWS * tries)
        row = {"kind": probe.kind, **verdict_row(judgement)}
        return record_of(to_line(row), judgement.failure, judgement)

    return work
