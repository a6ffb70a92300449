"""What a training run takes of a GPU's memory, part by part, each by a formula it prints.

An estimate from above where lengths matter: every text as long as it may be. What it leaves
out: fragments that the allocator cannot use, and whatever else runs on the card.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dragoman.training.hardware import Hardware, Layout
from dragoman.training.shape import Shape

GIB = 2**30
CONTEXT_GIB = 1.5
"""CUDA, cuBLAS and NCCL, before the first tensor."""
TILE_TOKENS, TILE_WORDS = 4096, 32768
"""Of TRL's fused language-model head."""


@dataclass(frozen=True)
class Part:
    """One thing that lies in memory."""

    name: str
    gib: float
    formula: str


@dataclass(frozen=True)
class Card:
    """One kind of GPU in the run: what lies on it at the fullest moment."""

    role: str
    count: int
    parts: tuple[Part, ...]
    memory_gib: float

    @property
    def used_gib(self) -> float:
        return sum(part.gib for part in self.parts)

    @property
    def left_gib(self) -> float:
        """Below zero: so much is missing."""
        return self.memory_gib - self.used_gib


@dataclass(frozen=True)
class Lengths:
    """Of one micro-batch on one GPU: rows, and the longest prompt and reply in tokens."""

    rows: int
    prompt: int
    reply: int

    @property
    def tokens(self) -> int:
        return self.rows * (self.prompt + self.reply)


def training_parts(
    shape: Shape,
    layout: Layout,
    trl: Mapping[str, Any],
    lora_rank: int | None,
    lengths: Lengths,
    *,
    checkpointing: bool,
    words: bool,
) -> tuple[Part, ...]:
    """What a trainer holds in the backward pass. `words` is whether its head is over words."""
    parts = [_part("CUDA and NCCL", CONTEXT_GIB * GIB, "fixed")]
    parts += states(shape, layout, dtype(trl), lora_rank)
    parts += activations(shape, lengths.tokens, checkpointing)
    if words:
        parts.append(head(shape, lengths, trained=lora_rank is None))
    return tuple(parts)


def states(shape: Shape, layout: Layout, dtype: str, lora_rank: int | None) -> list[Part]:
    """Weights, gradients and AdamW's two moments.

    FSDP2 and ZeRO-3 keep trained weights in 32 bits, whatever they were loaded in, spread
    them, and gather two layers and both tables in 16 bits at a time. Elsewhere everything
    is in the type it was loaded in.
    """
    world = layout.trainers if layout.sharded else 1
    one = 4 if layout.sharded or dtype == "float32" else 2
    trained, over = shape.parameters, f" / {world}" if layout.sharded else ""
    parts: list[Part] = []
    if lora_rank is not None:
        frozen = 4 if dtype == "float32" else 2
        formula = f"{frozen} B × {_spoken(shape.parameters)}{over}"
        parts.append(_part("frozen weights", frozen * shape.parameters / world, formula))
        # peft keeps adapters in 32 bits.
        trained, one = shape.lora(lora_rank), 4
    number = _spoken(trained)
    what = "weights" if lora_rank is None else f"LoRA weights (r={lora_rank})"
    parts += [
        _part(what, one * trained / world, f"{one} B × {number}{over}"),
        _part("gradients", one * trained / world, f"{one} B × {number}{over}"),
        _part("optimizer", 2 * one * trained / world, f"2 × {one} B × {number}{over}"),
    ]
    if lora_rank is None and not layout.sharded and dtype == "float32":
        parts.append(_part("autocast's copies", 2 * trained, f"2 B × {number}"))
    if layout.trainers > 1 and not layout.sharded:
        parts.append(_part("DDP's buckets", one * trained, f"{one} B × {number}"))
    if layout.sharded:
        gathered = 2 * (2 * shape.layer + (shape.parameters - shape.layers * shape.layer))
        parts.append(_part("gathered weights", gathered, "2 B × (2 layers + both tables)"))
    return parts


def activations(shape: Shape, tokens: int, checkpointing: bool) -> list[Part]:
    """What the backward pass needs of the forward pass, with attention that keeps no matrix.

    A layer keeps, in 16 bits: six vectors of the hidden width (two inputs of norms, two
    outputs, query, attention's output), key and value, and four of the MLP's width; and in
    32 bits the inside of two norms.
    """
    layer = layer_bytes(shape)
    if not checkpointing:
        return [_part("activations", tokens * shape.layers * layer,
                      f"{tokens:,} tokens × {shape.layers} layers × {layer:,} B")]  # fmt: skip
    kept = 2 * shape.hidden
    return [
        _part("activations", tokens * shape.layers * kept,
              f"{tokens:,} tokens × {shape.layers} layers × {kept:,} B (checkpoints)"),
        _part("one layer anew", 2 * tokens * layer,
              f"{tokens:,} tokens × {layer:,} B, and its gradients"),
    ]  # fmt: skip


def layer_bytes(shape: Shape) -> int:
    """Bytes that one token leaves in one layer for the backward pass."""
    sixteen = 6 * shape.hidden + 2 * shape.kv_width + 4 * shape.mlp
    return 2 * sixteen + 4 * 2 * shape.hidden


def head(shape: Shape, lengths: Lengths, *, trained: bool) -> Part:
    """The language-model head of TRL: tiles of logits, never all of them."""
    replies = lengths.rows * lengths.reply
    tile = min(replies, TILE_TOKENS) * min(shape.vocabulary, TILE_WORDS) * 2
    hidden = replies * shape.hidden * 4
    gradient = 4 * shape.embedding if trained else 0
    formula = f"a tile, {replies:,} hidden gradients" + (", 4 B × the table" if trained else "")
    return _part("logits", tile + hidden + gradient, formula)


def resting_parts(
    shape: Shape, layout: Layout, trl: Mapping[str, Any], lora_rank: int | None
) -> tuple[Part, ...]:
    """What a trainer holds while replies are written: no gradients, nothing gathered."""
    lasting = states(shape, layout, dtype(trl), lora_rank)
    passing = ("gradients", "autocast's copies", "gathered weights")
    kept = [part for part in lasting if part.name not in passing]
    return (_part("CUDA and NCCL", CONTEXT_GIB * GIB, "fixed"), *kept)


def reference_parts(shape: Shape, layout: Layout, trl: Mapping[str, Any]) -> tuple[Part, ...]:
    """The model that preference training starts from, which stays as it is."""
    one, world = 4 if dtype(trl) == "float32" else 2, layout.trainers if layout.sharded else 1
    formula = f"{one} B × {_spoken(shape.parameters)}" + (f" / {world}" if world > 1 else "")
    return (_part("reference", one * shape.parameters / world, formula),)


def writing_parts(
    shape: Shape, hardware: Hardware, config: Any, lengths: Lengths
) -> tuple[Part, ...]:
    """What writes replies on the trainer's own GPU: vLLM, transformers' pages, or ourselves."""
    if config.use_vllm:
        share = config.vllm_gpu_memory_utilization
        return engine_parts(shape, hardware, config.vllm_tensor_parallel_size, share, "vLLM's ")
    if config.use_transformers_continuous_batching:
        pages: Mapping[str, Any] = config.transformers_continuous_batching_config
        tokens = int(pages["num_blocks"]) * int(pages.get("page_size", 256))
        formula = f"{tokens:,} tokens × {shape.kv_bytes:,} B"
    else:
        from dragoman.training.rollouts import Writing

        rows = min(Writing.rows, lengths.rows * config.steps_per_generation)
        tokens = rows * (lengths.prompt + lengths.reply)
        formula = (
            f"{rows} replies × {lengths.prompt + lengths.reply:,} tokens × {shape.kv_bytes:,} B"
        )
    return (_part("KV cache", tokens * shape.kv_bytes, formula),)


def engine_card(role: str, shape: Shape, hardware: Hardware, gpus: int, share: float) -> Card:
    """A GPU of a server: a model in 16 bits over all its GPUs, the rest for the cache."""
    return Card(role, gpus, engine_parts(shape, hardware, gpus, share), hardware.memory_gib)


def engine_parts(
    shape: Shape, hardware: Hardware, gpus: int, share: float, name: str = ""
) -> tuple[Part, ...]:
    """Weights and cache of an engine that takes this share of each of its GPUs."""
    weights = 2 * shape.parameters / gpus
    cache = share * hardware.memory_gib * GIB - weights - GIB
    tokens, each = max(0, int(cache * gpus / shape.kv_bytes)), shape.kv_bytes // gpus
    formula = f"the rest of {share:.0%}: {tokens:,} tokens of {each:,} B"
    return (
        _part(f"{name}weights", weights, f"2 B × {_spoken(shape.parameters)} / {gpus}"),
        _part(f"{name}working space", GIB, "fixed"),
        _part(f"{name}KV cache", cache, formula),
    )


def dtype(trl: Mapping[str, Any]) -> str:
    """What weights are loaded in."""
    loading: Mapping[str, Any] = trl.get("model_init_kwargs") or {}
    return str(loading.get("dtype", "float32"))


def _part(name: str, size: float, formula: str) -> Part:
    return Part(name, size / GIB, formula)


def _spoken(parameters: int) -> str:
    return f"{parameters / 1e9:.2f}B" if parameters >= 1e9 else f"{parameters / 1e6:.1f}M"
