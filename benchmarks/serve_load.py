"""Load on `dragoman serve` with the scripted engine, on this machine.

The load generator is wrk (`apt-get install wrk`). Three parts:

- `rate`: requests per second and the 99th percentile at 1, 16 and 256 connections. A request
  ranks one group of four.
- `memory`: ten minutes of groups to rank and of cohorts of two; the server's memory meanwhile.
- `attacks`: clients that never finish, send far too much, open ten thousand connections, have
  no token or send no JSON, while another client asks twenty times a second as before.

Exits 1 if a request of the other client fails or takes over a second, if an attack is answered
otherwise than it should be, or if the memory of the last minute is a tenth above that of the
third.

    python benchmarks/serve_load.py [rate] [memory] [attacks] [--seconds 10] [--minutes 10]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from serve_attacks import ATTACKS, BODY, Attack

PARTS = ("rate", "memory", "attacks")
TOKEN = "the token of this benchmark"
PAUSE = 0.05  # seconds between two requests of the other client
MOST = 1.0  # seconds that one may take

HEADERS = f"""
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {TOKEN}"
"""
RANK = f"{HEADERS}\nwrk.body = [[{BODY}]]\n"
# Every second request is a rollout; two that follow each other are siblings.
MIXED = f"""{HEADERS}
local body = [[{BODY}]]
local number = 0
request = function()
  number = number + 1
  if number % 2 == 0 then return wrk.format(nil, "/v1/rank", nil, body) end
  local rollout = math.floor(number / 2)
  local slot = rollout % 2
  return wrk.format(nil, "/v1/cohorts/" .. math.floor(rollout / 2), nil, string.format(
    '{{"slot":%d,"size":2,"source":"Guten Morgen","src_lang":"de","tgt_lang":"en",' ..
    '"text":"Good morning %d","tokens":9,"deadline":20}}', slot, slot))
end
"""


@dataclass(frozen=True)
class Measured:
    """What wrk says."""

    rate: float
    p99: float
    requests: int
    refused: int
    broken: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=PARTS)
    parser.add_argument("--seconds", type=int, default=10, help="of each rate")
    parser.add_argument("--minutes", type=float, default=10, help="of the memory's load")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not here: apt-get install wrk")
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as name, server(Path(name)) as (address, process):
        folder = Path(name)
        if "rate" in options.parts:
            wrong += rates(address, folder, options.seconds)
        if "memory" in options.parts:
            wrong += memory(address, folder, process, options.minutes)
        if "attacks" in options.parts:
            for attack in ATTACKS:
                wrong += attacked(address, process, attack)
    for line in wrong:
        print(f"WRONG: {line}")
    return 1 if wrong else 0


@contextmanager
def server(folder: Path) -> Generator[tuple[str, int]]:
    """Its address and its process."""
    rules = folder / "rules.jsonl"
    rules.write_text('{"verdict": "hash"}\n')
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "dragoman", "serve", "--port", "0"),
            *("--engine", f"scripted:{rules}", "--token-env", "LOAD_TOKEN"),
        ],
        env={**os.environ, "LOAD_TOKEN": TOKEN},
        stderr=(folder / "server.log").open("wb"),
    )
    try:
        while "serving on" not in (said := (folder / "server.log").read_text()):
            if process.poll() is not None:
                sys.exit(said)
            time.sleep(0.05)
        yield said.split()[-1], process.pid
    finally:
        process.terminate()
        process.wait()


def wrk(url: str, script: str, folder: Path, connections: int, seconds: float) -> Measured:
    (folder / "script.lua").write_text(script)
    said = subprocess.run(
        [
            *("wrk", "--threads", "1", "--connections", str(connections), "--latency"),
            *("--duration", f"{seconds:.0f}s", "--timeout", "30s"),
            *("--script", str(folder / "script.lua"), url),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    def number(pattern: str) -> float:
        found = re.search(pattern, said)
        return float(found[1]) if found else 0.0

    found = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    assert found, said
    p99 = float(found[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[found[2]]
    broken = re.search(
        r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said
    )
    return Measured(
        number(r"Requests/sec:\s+([\d.]+)"),
        p99,
        int(number(r"(\d+) requests in")),
        int(number(r"Non-2xx or 3xx responses: (\d+)")),
        sum(map(int, broken.groups())) if broken else 0,
    )


def rates(address: str, folder: Path, seconds: float) -> list[str]:
    wrong: list[str] = []
    for connections in (1, 16, 256):
        seen = wrk(f"{address}/v1/rank", RANK, folder, connections, seconds)
        print(
            f"{connections:4} connections: {seen.rate:.0f} requests a second, "
            f"p99 {seen.p99 * 1000:.1f} ms",
            flush=True,
        )
        if seen.refused or seen.broken:
            wrong.append(f"of {seen.requests} {seen.refused} refused, {seen.broken} broken")
    return wrong


def memory(address: str, folder: Path, process: int, minutes: float) -> list[str]:
    """Load for so long; the server's memory every half minute."""
    sizes: list[float] = []
    requests = 0
    for _ in range(max(int(minutes * 2), 1)):
        seen = wrk(address, MIXED, folder, 16, 30)
        requests += seen.requests
        sizes.append(resident(process))
        if seen.refused or seen.broken:
            return [f"memory: of {seen.requests} {seen.refused} refused, {seen.broken} broken"]
    print(
        f"memory over {minutes:g} minutes and {requests} requests, in MiB every half minute: "
        + " ".join(f"{size:.0f}" for size in sizes)
    )
    third, last = sizes[min(5, len(sizes) - 1)], sizes[-1]
    return [f"memory grew from {third:.0f} to {last:.0f} MiB"] if last > 1.1 * third else []


def attacked(address: str, process: int, attack: Attack) -> list[str]:
    """The other client's waits before and during an attack, and what became of the attack."""
    calm, failed = asyncio.run(ask(address, 3))
    attacker = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("serve_attacks.py")), attack.name, address],
        env={**os.environ, "LOAD_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        text=True,
    )
    waits, more = asyncio.run(ask(address, 0, attacker))
    assert attacker.stdout
    said = attacker.stdout.read().strip()
    print(
        f"{attack.words}: {said}\n    the other: {len(waits)} requests, {failed + more} failed; "
        f"p50 {p50(calm)} before, {p50(waits)} meanwhile; p99 {p99(calm)}, {p99(waits)}; "
        f"the server holds {resident(process):.0f} MiB",
        flush=True,
    )
    wrong = [f"{attack.name}: {said}"] if attacker.returncode else []
    if failed or more or max(waits) > MOST:
        wrong.append(f"{attack.name} hurt another client: {failed + more}, {max(waits):.2f} s")
    return wrong


async def ask(
    address: str, seconds: float, until: subprocess.Popen[str] | None = None
) -> tuple[list[float], int]:
    """Rank a group every now and then, each time on a connection of its own: how long each
    took, and how many failed."""
    waits: list[float] = []
    failed = 0
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    alone = httpx.Limits(max_keepalive_connections=0)
    ends = time.monotonic() + seconds
    async with httpx.AsyncClient(headers=headers, limits=alone, timeout=30) as client:
        while time.monotonic() < ends or (until and until.poll() is None):
            begun = time.monotonic()
            try:
                reply = await client.post(f"{address}/v1/rank", content=BODY)
                failed += reply.status_code != 200
            except httpx.TransportError:
                failed += 1
            waits.append(time.monotonic() - begun)
            await asyncio.sleep(PAUSE)
    return waits, failed


def p50(waits: Sequence[float]) -> str:
    return f"{statistics.median(waits) * 1000:.0f} ms"


def p99(waits: Sequence[float]) -> str:
    return f"{sorted(waits)[int(len(waits) * 0.99)] * 1000:.0f} ms"


def resident(process: int) -> float:
    """A process's memory, in MiB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(main())
