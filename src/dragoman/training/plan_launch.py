"""The commands that start a planned run, in the order in which they are typed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragoman.training.hardware import LAUNCH, Hardware, Layout
from dragoman.training.plan_counts import Expected
from dragoman.training.recipe import JudgeTable, Recipe

JUDGE_PORT = 8001
ROLLOUT_PORT = 8000
MEETING_PORT = 29500
SERVER_SHARE = 0.9
"""Of the memory of a GPU that does nothing but serve."""


@dataclass(frozen=True)
class Command:
    """What is typed, and on which machine."""

    where: str
    what: str
    text: str


def first_server(hardware: Hardware, layout: Layout) -> tuple[str, int]:
    """Machine and number of the first GPU that is not a trainer's."""
    machine, gpu = divmod(layout.trainers, hardware.gpus_per_machine)
    return f"machine{machine}", gpu


def judge_url(hardware: Hardware, layout: Layout) -> str:
    """Where the trainer finds the judge."""
    if not layout.judges:
        return f"http://judge:{JUDGE_PORT}/v1"
    if layout.judge_share:
        return f"http://localhost:{JUDGE_PORT}/v1"
    return f"http://{first_server(hardware, layout)[0]}:{JUDGE_PORT}/v1"


def rollout_host(hardware: Hardware, layout: Layout) -> str:
    return first_server(hardware, layout)[0]


def commands(
    recipe: Recipe,
    hardware: Hardware,
    layout: Layout,
    expected: Expected,
    settings: Sequence[str],
    trl: Any,
) -> tuple[Command, ...]:
    """Servers first. `settings` are the `--set`s that make the recipe fit this hardware."""
    made: list[Command] = []
    if layout.rollout_gpus:
        made.append(_rollouts(recipe, hardware, layout, trl))
    if recipe.judge and recipe.judge.model and recipe.judge.engine:
        made.append(_judge(recipe.judge, hardware, layout, expected))
    return (*made, *_trainers(recipe, hardware, layout, settings))


def _rollouts(recipe: Recipe, hardware: Hardware, layout: Layout, trl: Any) -> Command:
    """vLLM as TRL wants it, so that new weights can be sent to it: TRL's own command."""
    serving = _vllm_serve()
    machine, gpu = first_server(hardware, layout)
    script = serving.ScriptArguments(
        model=recipe.model,
        port=ROLLOUT_PORT,
        tensor_parallel_size=layout.rollout_gpus,
        gpu_memory_utilization=SERVER_SHARE,
        dtype="bfloat16",
        max_model_len=trl.vllm_max_model_length,
    )
    built: list[str] = serving.build_command(script)
    words = ["vllm", *built[built.index("serve") :]]
    where = _gpus(gpu, layout.rollout_gpus)
    return Command(machine, "rollouts", f"{where} VLLM_SERVER_DEV_MODE=1 {shlex.join(words)}")


def _judge(judge: JudgeTable, hardware: Hardware, layout: Layout, expected: Expected) -> Command:
    machine, gpu = first_server(hardware, layout)
    if layout.judge_share:
        machine, gpu = "machine0", 0
    share, gpus = layout.judge_share or SERVER_SHARE, layout.judge_gpus or 1
    words = ["vllm", "serve", str(judge.model), "--port", str(JUDGE_PORT), "--dtype", "bfloat16"]
    words += ["--tensor-parallel-size", str(gpus), "--gpu-memory-utilization", f"{share:g}"]
    words += ["--max-model-len", str(expected.longest_judge_prompt + judge.max_tokens)]
    if not layout.judges:
        return Command("judge", "judge", shlex.join(words))
    first = gpu + (layout.rollout_gpus if layout.judge_gpus else 0)
    return Command(machine, "judge", f"{_gpus(first, gpus)} {shlex.join(words)}")


def _trainers(
    recipe: Recipe, hardware: Hardware, layout: Layout, settings: Sequence[str]
) -> list[Command]:
    """One launch a machine that trains."""
    machines = -(-layout.trainers // hardware.gpus_per_machine)
    tail = ["--no_python", "dragoman", "train", recipe.stage, recipe.name]
    tail += ["--output", f"runs/{Path(recipe.name).stem}"]
    for setting in settings:
        tail += ["--set", setting]
    made: list[Command] = []
    for rank in range(machines):
        words = ["accelerate", "launch", "--config_file", str(LAUNCH / layout.launch)]
        words += ["--num_processes", str(layout.trainers), "--num_machines", str(machines)]
        if machines > 1:
            words += ["--machine_rank", str(rank), "--main_process_ip", "machine0"]
            words += ["--main_process_port", str(MEETING_PORT)]
        made.append(Command(f"machine{rank}", "training", shlex.join([*words, *tail])))
    return made


def as_settings(before: Recipe, after: Recipe) -> tuple[str, ...]:
    """The `--set`s that make one recipe of the other."""
    told: list[str] = []
    for table in ("trl", "lora"):
        old: Mapping[str, Any] = getattr(before, table) or {}
        new: Mapping[str, Any] = getattr(after, table) or {}
        told += [_setting(f"{table}.{key}", new[key]) for key in new if old.get(key) != new[key]]
    if before.judge and after.judge and before.judge.engine != after.judge.engine:
        told.append(_setting("judge.engine", after.judge.engine))
    return tuple(told)


def _setting(path: str, value: Any) -> str:
    """`table.key=value`, the value as TOML."""
    return f"{path}={_toml(value)}"


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        items = (f"{key} = {_toml(inner)}" for key, inner in value.items())  # pyright: ignore[reportUnknownVariableType]
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"  # pyright: ignore[reportUnknownArgumentType]
    return json.dumps(value)


def _gpus(first: int, count: int) -> str:
    return "CUDA_VISIBLE_DEVICES=" + ",".join(str(first + i) for i in range(count))


def _vllm_serve() -> Any:
    from importlib import import_module

    return import_module("trl.scripts.vllm_serve")
