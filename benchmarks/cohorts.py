"""A thousand groups of rollouts through a server that is killed and started again.

Rollouts come in random order at random times. Some are sent twice, some groups are tried
again as another attempt, some rollouts are lost, some groups are cancelled midway. The
judge scores a text by the number in it, so that every right reward is known, and a group
that mixes siblings shows. Exits 1 on any of:

- a reward that is not the one its whole group should get, or two answers for one rollout;
- texts of two prompts or two attempts before the judge together;
- a request without an answer at its deadline, or with a reward in a cancelled group.

    python benchmarks/cohorts.py [--cohorts 1000] [--size 8] [--spread 60] [--seed 0]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from dragoman.errors import EngineDown
from dragoman.rewards.group import Rollout, distinct, group_reward
from dragoman.serving.client import AsyncClient, RewardAnswer, RolloutRequest
from dragoman.types import Candidate, Group, Judgement, Ranking, Segment, Verdict

HOME = Path(__file__).resolve().parent
DELAY = 5.0  # seconds over which the rollouts of one come
LATE = 10.0  # seconds after its deadline at which an answer counts as missing
DEADLINES = (90.0, 240.0)  # of groups that lose somebody, and of others


class MarkedJudge:
    """Texts are `COHORT/ATTEMPT SLOT SCORE`; says the scores, and writes down any mixture."""

    fields: Mapping[str, object] = MappingProxyType({"judge": "marked"})

    def __init__(self) -> None:
        self._mixed = Path(os.environ["MIXED"])

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        texts = [candidate.text for candidate in group.candidates]
        if len({text.split()[0] for text in texts}) > 1:
            with self._mixed.open("a") as file:
                file.write(f"{texts}\n")
        await asyncio.sleep(random.uniform(0.01, 0.2))
        scores = tuple(float(text.split()[2]) for text in texts)
        tiers = tuple(
            tuple(i for i, score in enumerate(scores) if score == tier)
            for tier in sorted(set(scores), reverse=True)
        )
        return Judgement(group, Verdict(Ranking(tiers), scores), None)


@dataclass(frozen=True)
class Plan:
    """One attempt at one cohort: who comes, and whether it is cancelled midway."""

    rollouts: list[RolloutRequest]
    twice: set[int]
    lost: set[int]
    cancelled: bool
    begins: float

    @property
    def came(self) -> list[RolloutRequest]:
        return [one for one in self.rollouts if one.slot not in self.lost]


@dataclass(frozen=True)
class Told:
    """An answer, or None, and how long after its deadline it came."""

    rollout: RolloutRequest
    answer: RewardAnswer | None
    late: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=1000)
    parser.add_argument("--size", type=int, default=8)
    parser.add_argument("--spread", type=float, default=60, help="seconds over which they begin")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plans = make_plans(random.Random(options.seed), options)
        return asyncio.run(go(Path(folder), plans, options))


def make_plans(dice: random.Random, options: argparse.Namespace) -> list[Plan]:
    plans: list[Plan] = []
    for number in range(options.cohorts):
        first = make_plan(dice, number, 0, options.size, dice.uniform(0, options.spread))
        plans.append(first)
        if dice.random() < 0.1:
            # A trainer that gave up on the first attempt: both are under way at once.
            begins = first.begins + dice.uniform(0, DELAY)
            plans.append(make_plan(dice, number, 1, options.size, begins))
    return plans


def make_plan(dice: random.Random, number: int, attempt: int, size: int, begins: float) -> Plan:
    rollouts = [
        RolloutRequest(
            uid=f"prompt-{number}",
            run="bench",
            attempt=attempt,
            slot=slot,
            size=size,
            source=f"Satz {number}",
            src_lang="de",
            tgt_lang="en",
            text=text_of(dice, number, attempt, slot),
            tokens=dice.choice([20, 2048, 3000, 5000]),
        )
        for slot in range(size)
    ]
    slots = range(size)
    return Plan(
        rollouts,
        {slot for slot in slots if dice.random() < 0.1},
        {slot for slot in slots if dice.random() < 0.05},
        dice.random() < 0.05,
        begins,
    )


def text_of(dice: random.Random, number: int, attempt: int, slot: int) -> str | None:
    """Some are unreadable, and some are alike."""
    if dice.random() < 0.05:
        return None
    slot = dice.choice([slot, 0])
    return f"{number}/{attempt} {slot} {(number * 7 + slot * 3) % 11}"


async def go(folder: Path, plans: list[Plan], options: argparse.Namespace) -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    mixed = folder / "mixed"
    server = start(folder, port, mixed)
    dice = random.Random(options.seed + 1)
    try:
        async with AsyncClient(f"http://127.0.0.1:{port}") as client:
            await client.rank([Group(Segment("up", "", "de", "en"), (Candidate("up 0 0"),))])
            begun = time.monotonic()
            say("the server is up")
            work = [asyncio.create_task(play(client, plan, dice)) for plan in plans]
            await asyncio.sleep(options.spread * dice.uniform(0.4, 0.6))
            server.send_signal(signal.SIGKILL)
            server.wait()
            say("killed")
            server = start(folder, port, mixed)
            told = [one for many in await asyncio.gather(*work) for one in many]
            seconds = time.monotonic() - begun
            say("all are answered; now everybody asks again")
            again = await ask_again(client, plans)
        server.terminate()
        left = server.wait(60)
    finally:
        server.kill()
    return report(plans, told, again, mixed, seconds, left)


def say(words: str) -> None:
    print(f"{time.strftime('%X')} {words}", file=sys.stderr, flush=True)


def start(folder: Path, port: int, mixed: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "MIXED": str(mixed)}
    paths = [str(HOME), os.environ.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    arguments = ["--judge", "cohorts:MarkedJudge", "--cohorts", str(folder / "cohorts.sqlite")]
    return subprocess.Popen(
        [sys.executable, "-m", "dragoman", "serve", "--port", str(port), *arguments],
        env=environment,
        stderr=subprocess.DEVNULL,
    )


async def play(client: AsyncClient, plan: Plan, dice: random.Random) -> list[Told]:
    """Send what comes of one attempt."""
    await asyncio.sleep(plan.begins)
    deadline = DEADLINES[0] if plan.lost else DEADLINES[1]
    sends = [
        send(client, one, dice.uniform(0, DELAY), deadline)
        for one in plan.came
        for _ in range(2 if one.slot in plan.twice else 1)
    ]
    if plan.cancelled:
        sends.append(cancel(client, plan, dice.uniform(0, DELAY)))
    return [told for told in await asyncio.gather(*sends) if told is not None]


async def send(client: AsyncClient, rollout: RolloutRequest, delay: float, deadline: float) -> Told:
    await asyncio.sleep(delay)
    ends = time.monotonic() + deadline
    try:
        async with asyncio.timeout(deadline + LATE):
            answer = await client.reward(rollout, deadline)
    except (EngineDown, TimeoutError):
        answer = None
    return Told(rollout, answer, time.monotonic() - ends)


async def cancel(client: AsyncClient, plan: Plan, delay: float) -> None:
    await asyncio.sleep(delay)
    one = plan.rollouts[0]
    await client.cancel(one.uid, run=one.run, attempt=one.attempt)


async def ask_again(client: AsyncClient, plans: list[Plan]) -> list[Told]:
    """Ask about every rollout once more: the answers must be those given before."""
    told: list[Told] = []
    for plan in plans:
        told += await asyncio.gather(*(send(client, one, 0, 5.0) for one in plan.came))
    return told


def report(
    plans: list[Plan], told: list[Told], again: list[Told], mixed: Path, seconds: float, left: int
) -> int:
    plan_of = {(p.rollouts[0].uid, p.rollouts[0].attempt): p for p in plans}
    expected = {key: whole_rewards(plan) for key, plan in plan_of.items()}
    wrong = unanswered = rewarded = nothing = changed = 0
    reasons: dict[str, int] = {}
    first: dict[tuple[str, int, int], RewardAnswer] = {}
    for one in told:
        rollout, answer = one.rollout, one.answer
        key = rollout.uid, rollout.attempt
        if answer is None or one.late > LATE:
            unanswered += 1
            continue
        changed += first.setdefault((*key, rollout.slot), answer) != answer
        if answer.reward is None:
            nothing += 1
            reasons[answer.reason or "?"] = reasons.get(answer.reason or "?", 0) + 1
            wrong += not may_be_without(plan_of[key], answer)
        else:
            rewarded += 1
            wrong += answer.reward != expected[key].get(rollout.slot)
    for one in again:
        key = one.rollout.uid, one.rollout.attempt, one.rollout.slot
        changed += one.answer != first.get(key, one.answer)
    lines = mixed.read_text().splitlines() if mixed.exists() else []
    late = max((one.late for one in told), default=0.0)
    print(
        f"{len(plans)} attempts, {len(told)} requests in {seconds:.0f} s: {rewarded} rewards, "
        f"{nothing} without ({', '.join(f'{n} {r}' for r, n in sorted(reasons.items()))})"
    )
    print(f"latest answer {late:+.2f} s from its deadline; server left with {left}")
    print(
        f"violations: {wrong} wrong, {len(lines)} mixed, {unanswered} unanswered, "
        f"{changed} changed when asked again"
    )
    return 1 if wrong or lines or unanswered or changed or left else 0


def whole_rewards(plan: Plan) -> dict[int, float | None]:
    """What those who came should get, computed here from the formula's own function."""
    rollouts = [Rollout(one.text, one.tokens) for one in plan.came]
    texts, _ = distinct([rollout.text for rollout in rollouts])
    rewards = group_reward(rollouts, [float(text.split()[2]) for text in texts])
    return {one.slot: reward for one, reward in zip(plan.came, rewards, strict=True)}


def may_be_without(plan: Plan, answer: RewardAnswer) -> bool:
    """Whether this attempt may end so. One that is complete and not cancelled may not."""
    if answer.reason == "cancelled":
        return plan.cancelled
    different = len({one.text for one in plan.came if one.text is not None})
    return answer.reason == "incomplete" and bool(plan.lost) and different < 2


if __name__ == "__main__":
    sys.exit(main())
