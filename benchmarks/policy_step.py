"""How long a step of a policy takes, against TRL's own GRPO trainer.

The job: a random Qwen2 of 1.05M parameters translates the same prompts, with the same number
of rollouts of the same greatest length and a reward that costs nothing, on a CPU. Its
tokenizer ends a reply after a few dozen tokens, as a trained translator does. TRL is timed
as it comes, but in float32, and with what its configuration offers for a small model: no
checkpointing of activations. Dragoman is timed with the trivial reward, and with a scripted
group judge that answers four groups at once and takes its time for each.

    python benchmarks/policy_step.py [--steps 3] [--rounds 3] [--prompts 32] [--threads 1]

All contenders take turns in every round; the first step of each is not counted. The ratios
are of CPU seconds a step, which other work on the machine disturbs least.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean, median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.policy_parts import make_translator  # noqa: E402
from tests.tiny_model import SENTENCES  # noqa: E402
from transformers import TrainerCallback  # noqa: E402

from dragoman.training.data import load_segments  # noqa: E402
from dragoman.training.recipe import DataTable, read_recipe  # noqa: E402
from dragoman.types import Group, Judgement, Prompt, Segment, Verdict  # noqa: E402

SHAPE = {
    "vocab_size": 2048,
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 4,
    "num_key_value_heads": 4,
}
SAMPLES, REPLY_TOKENS = 4, 48
# Every so many-th token ends a reply.
ENDING = 60
FORMAT = "benchmarks.policy_step:Anything"
JUDGE_SECONDS, JUDGE_SLOTS = 0.1, 4


class Anything:
    """A short prompt, of about 40 tokens; any reply is a translation."""

    name, version, takes, reading = "anything", "1", "segment", "strict"

    def __init__(self, reading: str = "strict"):
        pass

    def write(self, item: Segment) -> Prompt:
        return Prompt(f"Translate into German: {item.source}")

    def read(self, reply: str, item: Any) -> str:
        return reply or "-"


class Counting:
    """The trivial reward as a judge: the number of e's, at most ten."""

    fields: Mapping[str, object] = {"judge": "counting"}

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        from dragoman.ranking import rank_scores

        scores = tuple(float(min(10, c.text.count("e"))) for c in group.candidates)
        return Judgement(group, Verdict(rank_scores(scores), scores), None)


def count_e(completions: list[Any], **_: Any) -> list[float]:
    return [0.01 * min(10, completion[0]["content"].count("e")) for completion in completions]


@dataclass(frozen=True)
class Step:
    """The mean of a run's steps after the first: CPU and wall seconds, tokens of rollouts,
    seconds of waiting for the judge."""

    cpu: float
    wall: float
    tokens: float
    judging: float


class Clock(TrainerCallback):
    """The CPU time at the end of each step."""

    def __init__(self) -> None:
        self.times: dict[int, float] = {}

    def tick(self, step: int) -> None:
        self.times.setdefault(step, time.process_time())

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.tick(state.global_step)

    def measured(self, log: list[dict[str, Any]], options: Any) -> Step:
        steps = [row for row in log if "step_time" in row][1:]
        return Step(
            (self.times[options.steps + 1] - self.times[1]) / options.steps,
            fmean(row["step_time"] for row in steps),
            fmean(row["completions/mean_length"] for row in steps) * options.prompts * SAMPLES,
            fmean(row.get("judging_seconds", 0.0) for row in steps),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--prompts", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()

    import torch

    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make_job(folder)
        judged = options.prompts * JUDGE_SECONDS / JUDGE_SLOTS
        print(
            f"{options.prompts} prompts × {SAMPLES} rollouts of at most {REPLY_TOKENS} tokens, "
            f"{options.threads} thread(s), {options.rounds} rounds of {options.steps} steps; "
            f"the slow judge works {judged:.1f} s a step"
        )
        contenders: dict[str, Callable[[], Step]] = {
            "TRL": partial(stock, folder, options),
            "TRL, no checkpointing": partial(
                stock, folder, options, activation_checkpointing=False
            ),
            "dragoman": partial(
                ours, folder, options, {"judge": "benchmarks.policy_step:Counting"}
            ),
            "dragoman, slow judge": partial(ours, folder, options, slow_judge(folder)),
        }
        found: dict[str, list[Step]] = {name: [] for name in contenders}
        for number in range(options.rounds):
            for name, run in contenders.items():
                step = run()
                found[name].append(step)
                print(f"round {number + 1}  {name:24}{step.cpu:7.2f} CPU s", flush=True)
    report(found)


def report(found: Mapping[str, list[Step]]) -> None:
    print(f"\n{'a step':24}{'CPU s':>7}{'wall s':>8}{'tokens/s':>10}{'waiting':>9}   TRL takes")
    for name, steps in found.items():
        cpu, wall = median(step.cpu for step in steps), median(step.wall for step in steps)
        pace = median(step.tokens / step.wall for step in steps)
        waiting = median(step.judging / step.wall for step in steps)
        ratios = sorted(base.cpu / step.cpu for base, step in zip(found["TRL"], steps, strict=True))
        times = f"{ratios[0]:.2f}× {median(ratios):.2f}× {ratios[-1]:.2f}×"
        print(f"{name:24}{cpu:7.2f}{wall:8.2f}{pace:10.0f}{waiting:9.1%}   {times}")


def make_job(folder: Path) -> None:
    make_translator(folder / "model", ending=ENDING, **SHAPE)
    rows = [
        {"id": f"{i}", "src_lang": "en", "tgt_lang": "de", "source": f"{i}: {SENTENCES[i % 3]}"}
        for i in range(400)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def slow_judge(folder: Path) -> dict[str, Any]:
    rules = folder / "rules.jsonl"
    rules.write_text(json.dumps({"verdict": "hash", "delay": JUDGE_SECONDS}) + "\n")
    return {"judge": "group", "engine": f"scripted:{rules}", "concurrency": JUDGE_SLOTS}


def stock(folder: Path, options: Any, **config: Any) -> Step:
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback
    from trl import GRPOConfig, GRPOTrainer

    write = Anything().write
    segments = load_segments(DataTable(rows=str(folder / "rows.jsonl")))
    rows = [{"prompt": [{"role": "user", "content": write(one).text}]} for one in segments]
    told = {"scale_rewards": False, "loss_type": "grpo", "importance_sampling_level": "sequence",
            "epsilon": 3e-4, "epsilon_high": 4e-4, "num_generations": SAMPLES,
            "bf16": False, "report_to": "none", "disable_tqdm": True, "seed": 1}  # fmt: skip
    with tempfile.TemporaryDirectory() as output:
        trainer = GRPOTrainer(
            model=AutoModelForCausalLM.from_pretrained(folder / "model"),
            args=GRPOConfig(output_dir=output, **told, **trl(options), **config),
            train_dataset=Dataset.from_list(rows),
            reward_funcs=count_e,
            processing_class=AutoTokenizer.from_pretrained(folder / "model"),
        )
        trainer.remove_callback(PrinterCallback)
        clock = Clock()
        trainer.add_callback(clock)
        trainer.train()
        return clock.measured(trainer.state.log_history, options)


def ours(folder: Path, options: Any, judge: dict[str, Any]) -> Step:
    from dragoman.training import policy

    told = {
        "stage": "policy", "model": str(folder / "model"), "seed": 1,
        "data": {"rows": str(folder / "rows.jsonl")}, "judge": judge,
        "policy": {"format": FORMAT}, "trl": trl(options),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as output:
        clock = Clock()
        recipe = read_recipe(told, "benchmark")
        policy.train(recipe, Path(output) / "run", on_progress=lambda at: clock.tick(at.step))
        log = (Path(output) / "run/log.jsonl").read_text().splitlines()
        return clock.measured(list(map(json.loads, log)), options)


def trl(options: Any) -> dict[str, Any]:
    return {
        "max_steps": options.steps + 1,
        "per_device_train_batch_size": options.prompts * SAMPLES,
        "max_completion_length": REPLY_TOKENS,
        "learning_rate": 1e-5,
        "logging_steps": 1,
        "save_strategy": "no",
        "use_cpu": True,
    }


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"{time.monotonic() - began:.0f} s")
