"""TRL's own GRPOTrainer on the phrasebook, in one process and in two that split groups.

Twelve rollouts a step are three groups of four; two processes have six each, so the second
group is half here and half there and meets at `dragoman serve`. The judge knows the gold score
of each text and fails on every fifth source, whose rollouts must have no reward. Rollouts are
drawn by the numbers of their row and not of their process, so both runs write the same. Exits 1
unless rewards are equal, group for group, and so are the trained weights.

    python benchmarks/trl_groups.py [--steps 4]
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dragoman.phrasebook.judge import GoldJudge
from dragoman.training.data import load_segments, model_folder
from dragoman.training.recipe import DataTable
from dragoman.types import Failure, Group, Judgement, Segment

HOME = Path(__file__).resolve().parent
GROUP, ROWS, LIMIT = 4, 12, 48


def segments() -> list[Segment]:
    options = {"split": "train", "size": 60, "directions": ["en-de"]}
    return load_segments(DataTable(rows="phrasebook:segments", options=options))


class GoldBySource:
    """The gold judge, for groups that are called by their prompt and not by their segment."""

    fields: Mapping[str, object] = MappingProxyType({"judge": "gold-by-source"})

    def __init__(self) -> None:
        self._known = {one.source: (number, one) for number, one in enumerate(segments())}
        self._gold = GoldJudge()

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        number, segment = self._known[group.segment.source]
        if number % 5 == 0:
            return Judgement(group, None, Failure("no-scores"))
        return await self._gold.judge(Group(segment, group.candidates))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--child", nargs=2, metavar=("FOLDER", "SERVER"))
    options = parser.parse_args()
    if options.child:
        train(Path(options.child[0]), options.child[1], options.steps)
        return 0
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        probe.close()
        server = start_server(port)
        try:
            runs = [run(Path(folder) / f"{n}", port, n, options.steps) for n in (1, 2)]
        finally:
            server.terminate()
            server.wait(30)
        return report(*runs)


def environment() -> dict[str, str]:
    paths = [str(HOME), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OMP_NUM_THREADS": "1",
        "ACCELERATE_USE_CPU": "true",
        "TRL_EXPERIMENTAL_SILENCE": "1",
    }


def start_server(port: int) -> subprocess.Popen[bytes]:
    told = ["--port", str(port), "--judge", "trl_groups:GoldBySource"]
    return subprocess.Popen(
        [sys.executable, "-m", "dragoman", "serve", *told],
        env=environment(),
        stderr=subprocess.DEVNULL,
    )


def run(folder: Path, port: int, processes: int, steps: int) -> tuple[Path, float]:
    folder.mkdir()
    begun = time.monotonic()
    torchrun = ["-m", "torch.distributed.run", "--nproc_per_node", str(processes), "--standalone"]
    child = ["--steps", str(steps), "--child", str(folder), f"http://127.0.0.1:{port}"]
    done = subprocess.run(
        [sys.executable, *torchrun, str(HOME / "trl_groups.py"), *child],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr.decode()[-4000:])
    return folder, time.monotonic() - begun


def train(folder: Path, server: str, steps: int) -> None:
    """What one process does: nothing of ours in it but the reward and the replies."""
    from datasets import Dataset
    from transformers import AutoTokenizer
    from trl import GRPOConfig, GRPOTrainer

    from dragoman.adapters.trl import judge_reward
    from dragoman.formats import make_format

    format = make_format("codeblock-think")
    rows = [
        {
            "prompt": [{"role": "user", "content": format.write(one).text}],
            "source": one.source,
            "src_lang": one.source_lang,
            "tgt_lang": one.target_lang,
        }
        for one in segments()
    ]
    processes = int(os.environ["WORLD_SIZE"])
    config = GRPOConfig(
        output_dir=str(folder / "trainer"),
        max_steps=steps,
        per_device_train_batch_size=ROWS // processes,
        num_generations=GROUP,
        max_completion_length=LIMIT,
        learning_rate=1.0,
        optim="sgd",
        loss_type="grpo",
        scale_rewards=False,
        temperature=1.0,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        gradient_checkpointing=False,
        bf16=False,
    )
    model = model_folder("phrasebook:base")
    asked = judge_reward(server, group_size=GROUP)
    told: list[dict[str, Any]] = []

    async def recorded(**named: Any) -> list[float | None]:
        rewards = await asked(**named)
        step, texts = named["trainer_state"].global_step, named["completions"]
        for text, source, reward in zip(texts, named["source"], rewards, strict=True):
            told.append({"step": step, "source": source, "text": text, "reward": reward})
        return rewards

    trainer = GRPOTrainer(
        str(model),
        recorded,
        config,
        Dataset.from_list(rows),
        processing_class=AutoTokenizer.from_pretrained(model, padding_side="left"),
        rollout_func=draw,
    )
    trainer.train()
    place = trainer.accelerator.process_index
    (folder / f"rewards-{place}.json").write_text(json.dumps(told))
    if place == 0:
        trainer.save_model(str(folder / "model"))


def draw(prompts: list[Any], trainer: Any) -> dict[str, Any]:
    """A reply to each prompt, by the random numbers of its place among those of all processes."""
    from dragoman.training.rollouts import Writing, random_numbers, write

    tokenizer, network = trainer.processing_class, trainer.accelerator.unwrap_model(trainer.model)
    first = trainer.accelerator.process_index * len(prompts)
    numbers = random_numbers(1, trainer.state.global_step, ROWS, LIMIT)
    read = [
        tokenizer.apply_chat_template(one, add_generation_prompt=True)["input_ids"]
        for one in prompts
    ]
    network.eval()
    try:
        writing = Writing((tokenizer.eos_token_id,), LIMIT)
        replies = write(network, read, writing, numbers[first : first + len(prompts)])
    finally:
        network.train()
    return {"prompt_ids": read, "completion_ids": replies, "logprobs": None}


def rewards_of(folder: Path) -> list[dict[str, Any]]:
    """What a run was paid, in the order of steps and rows."""
    files = sorted(folder.glob("rewards-*.json"))
    told = [one for file in files for one in json.loads(file.read_text())]
    return sorted(told, key=lambda one: one["step"])


def report(one: tuple[Path, float], two: tuple[Path, float]) -> int:
    from safetensors.torch import load_file

    told: Sequence[list[dict[str, Any]]] = [rewards_of(folder) for folder, _ in (one, two)]
    equal = told[0] == told[1]
    first, second = (load_file(folder / "model/model.safetensors") for folder, _ in (one, two))
    start = load_file(model_folder("phrasebook:base") / "model.safetensors")
    apart = max(float((first[name] - second[name]).abs().max()) for name in first)
    moved = max(float((first[name] - start[name]).abs().max()) for name in first)
    paid = [row["reward"] for row in told[0]]
    number = sum(reward is not None for reward in paid)
    print(
        f"{len(paid)} rollouts in {len(paid) // GROUP} groups: {number} rewards of "
        f"{len({r for r in paid if r is not None})} values, {len(paid) - number} without"
    )
    print(f"rewards of two processes are {'those' if equal else 'NOT those'} of one")
    print(f"weights moved by {moved:.2g} and differ by {apart:.2g}")
    print(f"{one[1]:.0f} s in one process, {two[1]:.0f} s in two")
    return 0 if equal and number and number < len(paid) and apart < 1e-3 * moved else 1


if __name__ == "__main__":
    sys.exit(main())
