"""How fast the embedded engines judge, against the way of a model card.

The job: groups of one prompt each (about 324 tokens) and 160 tokens of analysis, on a random
Qwen2 of 32.5M parameters that never ends a reply, so that all write equally many tokens; and
eight samples of one prompt. No two prompts share a beginning, which favours no cache. The
way of a model card is `model.generate`, one prompt at a time, in float32.

    python benchmarks/engines.py [--groups 64] [--rounds 3] [--threads 1]

All contenders take turns in every round. The ratios are of tokens per CPU second, which
other work on the machine disturbs least; tokens per second of wall time stand beside them.
The first run makes and converts the model in `.bench/`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.tiny_model import SENTENCES, make_tiny_model  # noqa: E402

from dragoman.engines import Engine, make_engine  # noqa: E402
from dragoman.engines.chat import ChatTokenizer  # noqa: E402
from dragoman.engines.conversion import convert_model  # noqa: E402
from dragoman.types import Prompt, Sampling  # noqa: E402

SHAPE = {
    "vocab_size": 8192,
    "hidden_size": 512,
    "intermediate_size": 1792,
    "num_hidden_layers": 8,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "max_position_embeddings": 2048,
    "initializer_range": 0.05,
}
PROMPT_TOKENS, REPLY_TOKENS, SAMPLES = 324, 160, 8
# One prompt after another goes at the same pace for few as for many.
CARD_GROUPS, CARD_SAMPLES = 6, 3


Job = Callable[[list[str]], int]


@dataclass(frozen=True)
class Pace:
    """Reply tokens per second."""

    cpu: float
    wall: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groups", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    plain, converted = made_models()
    tokenizer = ChatTokenizer(plain)
    card = ModelCard(plain, options.threads)
    engines: dict[str, Engine] = {
        "transformers engine": make_engine(f"transformers:{plain}", threads=options.threads),
        "openvino engine": make_engine(f"openvino:{converted}", threads=options.threads),
    }
    jobs: dict[str, Job] = {
        "groups   model card": lambda prompts: card.greedy(prompts[:CARD_GROUPS]),
        "samples  model card": lambda prompts: card.samples(prompts[-1], CARD_SAMPLES),
    }
    for name, engine in engines.items():
        jobs[f"groups   {name}"] = partial(judge, engine)
        jobs[f"samples  {name}"] = partial(draw, engine)
    print(f"{options.groups} groups, {options.threads} thread(s), {options.rounds} rounds")
    paces: dict[str, list[Pace]] = {name: [] for name in sorted(jobs)}
    for number in range(options.rounds):
        # Fresh prompts in each round, and one more for the samples, so that none is cached.
        prompts = made_prompts(tokenizer, options.groups + 1, seed=number)
        for name in paces:
            paces[name].append(pace(jobs[name], prompts))
            print(
                f"round {number + 1}  {name:32}{paces[name][-1].cpu:8.1f} tokens/CPU s", flush=True
            )
    report(paces)
    for engine in engines.values():
        asyncio.run(engine.close())


class ModelCard:
    """`model.generate` as model cards show it."""

    def __init__(self, folder: Path, threads: int):
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        torch.set_num_threads(threads)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)

    def greedy(self, prompts: list[str]) -> int:
        return sum(self._write(prompt, do_sample=False) for prompt in prompts)

    def samples(self, prompt: str, count: int) -> int:
        return sum(self._write(prompt, do_sample=True, top_k=0) for _ in range(count))

    def _write(self, prompt: str, **sampling: Any) -> int:
        message = [{"role": "user", "content": prompt}]
        tokens = self.tokenizer.apply_chat_template(
            message, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        written = self.model.generate(**tokens, max_new_tokens=REPLY_TOKENS, **sampling)
        new = written[0, tokens["input_ids"].shape[1] :]
        self.tokenizer.decode(new, skip_special_tokens=True)
        return len(new)


def judge(engine: Engine, prompts: list[str]) -> int:
    """Every prompt but the last at once, one greedy reply each."""

    async def all_of_them() -> int:
        sampling = Sampling(max_tokens=REPLY_TOKENS)
        calls = (engine.complete(Prompt(prompt), sampling) for prompt in prompts[:-1])
        return sum(done.usage.reply_tokens for done in await asyncio.gather(*calls))

    return asyncio.run(all_of_them())


def draw(engine: Engine, prompts: list[str]) -> int:
    """Several samples of the last prompt."""
    sampling = Sampling(temperature=1.0, max_tokens=REPLY_TOKENS, n=SAMPLES)
    return asyncio.run(engine.complete(Prompt(prompts[-1]), sampling)).usage.reply_tokens


def pace(job: Job, prompts: list[str]) -> Pace:
    cpu, wall = time.process_time(), time.perf_counter()
    tokens = job(prompts)
    return Pace(tokens / (time.process_time() - cpu), tokens / (time.perf_counter() - wall))


def report(paces: dict[str, list[Pace]]) -> None:
    print(
        f"{'':30}{'tokens/CPU s':>14}{'tokens/s':>10}   times the model card (CPU; min median max)"
    )
    for name, rounds in paces.items():
        card = paces[f"{name.split()[0]:8} model card"]
        ratios = [ours.cpu / its.cpu for ours, its in zip(rounds, card, strict=True)]
        low, high = min(ratios), max(ratios)
        cpu, wall = median(p.cpu for p in rounds), median(p.wall for p in rounds)
        print(f"{name:30}{cpu:14.1f}{wall:10.1f}{low:10.2f}{median(ratios):8.2f}{high:8.2f}")


def made_models() -> tuple[Path, Path]:
    """The model as transformers keeps it, and converted."""
    plain, converted = ROOT / ".bench" / "engines-32m", ROOT / ".bench" / "engines-32m-openvino"
    if not plain.is_dir():
        make_tiny_model(plain.with_suffix(".partial"), endless=True, **SHAPE)
        plain.with_suffix(".partial").rename(plain)
    if not converted.is_dir():
        convert_model(plain, converted, "f32", print)
    return plain, converted


def made_prompts(chat: ChatTokenizer, count: int, seed: int) -> list[str]:
    """Texts of about `PROMPT_TOKENS` tokens, all different from the first word on."""
    chance = random.Random(seed)
    words = " ".join(SENTENCES).split()
    prompts: list[str] = []
    for _ in range(count):
        text = f"{chance.random()}:"
        while len(chat.encode(Prompt(text))) < PROMPT_TOKENS:
            text += f" {chance.choice(words)}"
        prompts.append(text)
    return prompts


if __name__ == "__main__":
    main()
