"""The base model: a small Qwen2, trained from nothing on the phrasebook's text tasks.

It plays the part that Qwen2.5-7B plays at full size: every later stage starts from it. The
loop is plain torch, for nothing else trains from nothing. Matrices learn by Muon, the rest
by AdamW; replies count in full and one prompt token in five; the rate falls over the last
third. Checkpoints hold everything, so that a stopped run goes on as if it had not been.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch.nn import functional

from dragoman.engines.conversion import copy_tokenizer
from dragoman.errors import UserError
from dragoman.training import run_folder
from dragoman.training.growth import grow
from dragoman.training.muon import Muon
from dragoman.training.recipe import Recipe
from dragoman.training.task_batches import Batch, batches_of_tasks
from dragoman.training.watching import JsonLines, Progress

if TYPE_CHECKING:
    from dragoman.training.trainers import OnProgress

TASKS = "phrasebook:base-tasks"
FROM_NOTHING = "new"
CHECKPOINT = "checkpoint.pt"
LOG_EVERY = 20
ROUND_HEAD = 512
CONTEXT = 1024
"""The longest text that the model is made for, in tokens."""


@dataclass(frozen=True, kw_only=True)
class BaseSettings:
    """[base]: the model's shape and how it learns."""

    tokens: int = 20_000_000
    batch_tokens: int = 5_500
    hidden: int = 160
    layers: int = 4
    heads: int = 5
    mlp: int = 448
    matrix_rate: float = 0.02
    rate: float = 2e-3
    prompt_share: float = 0.2
    mark_weight: float = 4.0
    """What a token counts that says an error is there; most tokens of an analysis do not."""
    warmup_steps: int = 60
    decay_share: float = 0.35
    checkpoint_every: int = 250
    threads: int = 2


def train(
    recipe: Recipe, output: Path, *, resume: bool = False, on_progress: OnProgress | None = None
) -> None:
    """Train the recipe's base model; the result is `output/model`."""
    from dragoman.phrasebook import tokenizer

    settings = recipe.settings(BaseSettings)
    if recipe.data.rows != TASKS:
        raise UserError(f"{recipe.name}: a base learns from {TASKS}")
    earlier = _earlier(recipe, settings)
    run_folder.begin(recipe, output, resume=resume)
    cast(Any, torch).manual_seed(recipe.seed)
    torch.set_num_threads(settings.threads)
    partial = output / "model.partial"
    shutil.rmtree(partial, ignore_errors=True)
    if earlier:
        # One made anew from other word lists would number its tokens in another order.
        partial.mkdir(parents=True)
        copy_tokenizer(earlier, partial)
    else:
        tokenizer.save(partial)
    model = _model(settings, partial)
    if earlier:
        grow(model, _weights(earlier))
    optimizers = _optimizers(model, settings)
    state = _resume(output, model, optimizers)
    log = JsonLines(output / "log.jsonl")
    log.keep_until(state["step"])
    body: Any = cast(Any, torch).compile(model.model, dynamic=True)
    batches = batches_of_tasks(
        partial / "tokenizer.json",
        batch_tokens=settings.batch_tokens,
        seed=recipe.seed,
        begun=recipe.model != FROM_NOTHING,
        skip=state["step"],
    )
    marks = torch.tensor(tokenizer.mark_tokens(partial))
    picker: Any = torch.Generator()
    started, before = time.monotonic(), state["seconds"]
    while state["tokens"] < settings.tokens:
        batch = next(batches)
        picker.manual_seed(recipe.seed * 1_000_003 + state["step"])
        rate = _rate(state["step"], state["tokens"] / settings.tokens, settings)
        loss = _step(model, body, optimizers, batch, rate, settings, marks, picker)
        state["step"] += 1
        state["tokens"] += batch.tokens
        state["seconds"] = round(before + time.monotonic() - started, 1)
        if state["step"] % LOG_EVERY == 0:
            numbers = {"loss": round(loss, 4), "rate": round(rate, 4), "tokens": state["tokens"]}
            log.write(state["step"], {**numbers, "seconds": state["seconds"]})
            if on_progress:
                on_progress(Progress(state["tokens"], settings.tokens, numbers))
        if state["step"] % settings.checkpoint_every == 0:
            _checkpoint(output, model, optimizers, state)
    model.to(torch.bfloat16).save_pretrained(str(partial))
    run_folder.put_model(partial, output)


def _model(settings: BaseSettings, folder: Path) -> Any:
    from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    tokenizer: Any = cast(Any, AutoTokenizer).from_pretrained(str(folder))
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden,
        intermediate_size=settings.mlp,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model: Any = Qwen2ForCausalLM(config)
    # Torch's own attention for processors learns in bfloat16 at half the pace of this one.
    model.set_attn_implementation("eager")
    _start_attentive(model, settings)
    return model


@torch.no_grad()
def _start_attentive(model: Any, settings: BaseSettings) -> None:
    """Begin with queries that resemble keys, and in the lower layers one head that looks at
    the token before: comparing and copying are then found in a fraction of the tokens."""
    width, size = settings.hidden, settings.hidden // settings.heads
    half = size // 2
    turn = torch.tensor([10_000 ** (-2 * i / size) for i in range(half)])
    fast = torch.tensor([6.0 if i < 6 else 0.0 for i in range(half)])
    for depth, layer in enumerate(model.model.layers):
        attention, mlp = layer.self_attn, layer.mlp
        for name, matrix in (("q", attention.q_proj), ("k", attention.k_proj),
                             ("v", attention.v_proj), ("o", attention.o_proj),
                             ("gate", mlp.gate_proj), ("up", mlp.up_proj),
                             ("down", mlp.down_proj)):  # fmt: skip
            scale = 0.5 if name in ("o", "down") else 1.0
            matrix.weight.normal_(0, scale * matrix.weight.size(1) ** -0.5)
        keys = attention.k_proj.weight
        attention.q_proj.weight.mul_(0.5).add_(keys, alpha=0.7)
        keys.mul_(0.8)
        if depth < 2:
            attention.q_proj.weight.view(settings.heads, size, width)[0].mul_(0.1)
            keys.view(settings.heads, size, width)[0].mul_(0.3)
            query_bias = attention.q_proj.bias.view(settings.heads, size)
            key_bias = attention.k_proj.bias.view(settings.heads, size)
            key_bias[0] = torch.cat([fast, torch.zeros(half)])
            query_bias[0] = torch.cat([fast * turn.cos(), -fast * turn.sin()])


def _earlier(recipe: Recipe, settings: BaseSettings) -> Path | None:
    """The folder of the base to go on from, if it is no larger than the one to be made."""
    from dragoman.training.data import model_folder

    if recipe.model == FROM_NOTHING:
        return None
    folder = model_folder(recipe.model)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    for key, wanted, grows in (("hidden_size", settings.hidden, False),
                               ("num_attention_heads", settings.heads, False),
                               ("num_hidden_layers", settings.layers, True),
                               ("intermediate_size", settings.mlp, True)):  # fmt: skip
        has = config.get(key)
        if has != wanted and not (grows and has < wanted):
            less = ", which cannot be made smaller" if grows else ""
            raise UserError(
                f"{recipe.name}: [base] wants {key} {wanted}, {recipe.model} has {has}{less}"
            )
    return folder


def _weights(folder: Path) -> dict[str, Any]:
    import safetensors.torch

    reader: Any = safetensors.torch
    return reader.load_file(folder / "model.safetensors")


@cache
def _has_bfloat16() -> bool:
    """Whether this processor multiplies in bfloat16; others imitate it, many times slower."""
    return bool(cast(Any, torch.cpu)._is_avx512_bf16_supported())


def _optimizers(model: Any, settings: BaseSettings) -> list[tuple[Any, float]]:
    matrices = [p for n, p in model.named_parameters() if p.dim() == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.dim() != 2 or "embed" in n]
    return [
        (Muon(matrices, settings.matrix_rate), settings.matrix_rate),
        (torch.optim.AdamW(others, lr=settings.rate, betas=(0.9, 0.95), weight_decay=0.0),
         settings.rate),
    ]  # fmt: skip


def _rate(step: int, done: float, settings: BaseSettings) -> float:
    """The share of the full rate: warm-up, level, then down to almost nothing."""
    warm = min(1.0, (step + 1) / settings.warmup_steps)
    return warm * min(1.0, (1 - done) / settings.decay_share + 0.02)


def _step(
    model: Any,
    body: Any,
    optimizers: list[tuple[Any, float]],
    batch: Batch,
    rate: float,
    settings: BaseSettings,
    marks: Any,
    picker: Any,
) -> float:
    for optimizer, full in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = full * rate
    ids = batch.ids
    places = torch.arange(ids.size(1) - 1)[None]
    of_reply = (places >= batch.starts[:, None] - 1) & (places < batch.ends[:, None] - 1)
    of_prompt = places < batch.starts[:, None] - 1
    drawn = torch.rand(of_prompt.shape, generator=picker) < settings.prompt_share
    learned = (of_reply | (of_prompt & drawn)).flatten().nonzero().flatten()
    count = len(learned)
    # As few shapes as can be: the processor's kernels are made anew for each.
    learned = functional.pad(learned, (0, -count % ROUND_HEAD))
    with torch.autocast("cpu", torch.bfloat16, enabled=_has_bfloat16()):
        hidden = body(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
        logits = model.lm_head(hidden.flatten(0, 1)[learned])
    targets = ids[:, 1:].flatten()[learned]
    losses = functional.cross_entropy(logits.float(), targets, reduction="none")[:count]
    weights = torch.where(torch.isin(targets[:count], marks), settings.mark_weight, 1.0)
    cast(Any, (losses * weights).sum() / weights.sum()).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer, _ in optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return float(losses.detach()[of_reply.flatten()[learned[:count]]].mean())


def _checkpoint(
    output: Path, model: Any, optimizers: list[tuple[Any, float]], state: dict[str, Any]
) -> None:
    file = output / CHECKPOINT
    whole = {"model": model.state_dict(), "state": state,
             "optimizers": [optimizer.state_dict() for optimizer, _ in optimizers]}  # fmt: skip
    torch.save(whole, file.with_suffix(".partial"))
    file.with_suffix(".partial").replace(file)


def _resume(output: Path, model: Any, optimizers: list[tuple[Any, float]]) -> dict[str, Any]:
    file = output / CHECKPOINT
    if not file.is_file():
        return {"step": 0, "tokens": 0, "seconds": 0.0}
    whole = torch.load(file, weights_only=True)
    model.load_state_dict(whole["model"])
    for (optimizer, _), kept in zip(optimizers, whole["optimizers"], strict=True):
        optimizer.load_state_dict(kept)
    return whole["state"]
