"""Our losses against the trainers' own, on random numbers."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the losses are torch functions")

from torch import Tensor  # noqa: E402

from dragoman.training.losses import (  # noqa: E402
    clipped_surrogate,
    dpo,
    group_advantages,
    log_ratio,
    sequence_mean_token_mean,
    sequence_ratio,
    sequence_ratio_per_token,
    sppo_hard,
    token_ratio,
)

LOW, HIGH = 3e-4, 4e-4
ROWS, TOKENS = 16, 9


def trl() -> Any:
    return pytest.importorskip("trl.trainer.grpo_trainer", reason="needs trl")


def random_inputs(seed: int) -> tuple[Tensor, dict[str, Tensor]]:
    """Log-probabilities of now, and a batch as the trainer has it."""
    draw = torch.Generator().manual_seed(seed)
    old = -3 * torch.rand(ROWS, TOKENS, generator=draw, dtype=torch.float64)
    now = old + 1e-3 * torch.randn(ROWS, TOKENS, generator=draw, dtype=torch.float64)
    lengths = torch.randint(1, TOKENS + 1, (ROWS, 1), generator=draw)
    ids = torch.zeros(ROWS, TOKENS, dtype=torch.long)
    return now.requires_grad_(), {
        "prompt_ids": ids[:, :2],
        "prompt_mask": ids[:, :2] + 1,
        "completion_ids": ids,
        "completion_mask": (torch.arange(TOKENS) < lengths).long(),
        "advantages": torch.randn(ROWS, generator=draw, dtype=torch.float64),
        "old_per_token_logps": old,
    }


def trainer(now: Tensor, level: str, accumulation: int) -> Any:
    """As much of a trainer as its loss looks at; the model's answer is `now`."""
    whole = SimpleNamespace(reduce=lambda x, **_: x, gather=lambda x: x)
    return SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *_, **__: (now, torch.ones_like(now), None),
        _entropy_bonus_enabled=False,
        _metrics=defaultdict(lambda: defaultdict(list)),
        accelerator=whole,
        args=SimpleNamespace(delta=None),
        aux_loss_enabled=False,
        beta=0.0,
        current_gradient_accumulation_steps=accumulation,
        epsilon_high=HIGH,
        epsilon_low=LOW,
        importance_sampling_level=level,
        loss_type="grpo",
        model=SimpleNamespace(training=True),
        off_policy_mask_threshold=None,
        top_entropy_quantile=1.0,
        use_vllm=False,
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("level", "form"),
    [("token", "token"), ("sequence", "sequence"), ("sequence", "per token")],
)
def test_loss_and_gradient_are_the_trainers(seed: int, level: str, form: str):
    now, inputs = random_inputs(seed)
    mask, old = inputs["completion_mask"], inputs["old_per_token_logps"]
    theirs = trl().GRPOTrainer._compute_loss(trainer(now, level, 1), None, inputs)
    ratio = {
        "token": lambda: token_ratio(now, old),
        "sequence": lambda: sequence_ratio(now, old, mask),
        "per token": lambda: sequence_ratio_per_token(now, old, mask),
    }[form]()
    losses = clipped_surrogate(ratio, inputs["advantages"], LOW, HIGH)
    ours = sequence_mean_token_mean(losses, mask, ROWS)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-6, rel=0)
    gradients = [torch.autograd.grad(loss, now)[0] for loss in (ours, theirs)]
    assert torch.allclose(*gradients, atol=1e-6, rtol=0)
    inside = (ratio > 1 - LOW) & (ratio < 1 + HIGH)
    assert 0.05 < inside.double().mean() < 0.95, "the clips must matter for some, not for all"


def test_equal_micro_batches_accumulate_as_the_trainers_do():
    now, inputs = random_inputs(0)
    for rows in (slice(0, 8), slice(8, 16)):
        part = {name: value[rows] for name, value in inputs.items()}
        theirs = trl().GRPOTrainer._compute_loss(trainer(now[rows], "sequence", 2), None, part)
        mask, old = part["completion_mask"], part["old_per_token_logps"]
        ratio = sequence_ratio(now[rows], old, mask)
        losses = clipped_surrogate(ratio, part["advantages"], LOW, HIGH)
        ours = sequence_mean_token_mean(losses, mask, ROWS)
        assert ours.item() == pytest.approx(theirs.item(), abs=1e-6, rel=0)


def test_standard_deviations_are_the_trainers():
    trl()
    from trl.trainer.utils import nanstd

    rewards = torch.randn(6, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    rewards[1, 2] = rewards[3, :2] = torch.nan
    centred = rewards - rewards.nanmean(1, keepdim=True)
    theirs = (centred / (nanstd(rewards, dim=1, keepdim=True) + 1e-4)).nan_to_num(0.0)
    ours = group_advantages(rewards.flatten(), 4, by_std=True)
    assert torch.allclose(ours, theirs.flatten(), atol=1e-6, rtol=0)


def random_pairs(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Log-probabilities of a policy and of its reference, chosen replies first, and their mask."""
    draw = torch.Generator().manual_seed(seed)
    before = -3 * torch.rand(ROWS, TOKENS, generator=draw, dtype=torch.float64)
    now = before + torch.randn(ROWS, TOKENS, generator=draw, dtype=torch.float64)
    lengths = torch.randint(1, TOKENS + 1, (ROWS, 1), generator=draw)
    mask = (torch.arange(TOKENS) < lengths).long()
    return now.requires_grad_(), before, mask


def preference_trainer(before: Tensor, loss: str, beta: float) -> Any:
    """As much of TRL's DPO trainer as its loss looks at; the reference's answer is `before`."""
    whole = SimpleNamespace(device="cpu", gather=lambda x: x, gather_for_metrics=lambda x: x)
    model = torch.nn.Identity()
    model.is_gradient_checkpointing = False
    return SimpleNamespace(
        _metrics=defaultdict(lambda: defaultdict(list)),
        _tp_size=1,
        _total_train_tokens=0,
        accelerator=whole,
        args=SimpleNamespace(gradient_checkpointing_kwargs=None),
        aux_loss_enabled=False,
        beta=beta,
        f_divergence_type="reverse_kl",
        label_smoothing=0.0,
        ld_alpha=None,
        loss_types=[loss],
        loss_weights=[1.0],
        model=model,
        precompute_ref_logps=False,
        ref_model=lambda **_: answer(before),
        use_weighting=False,
    )


def answer(logprobs: Tensor) -> Any:
    nothing = torch.zeros_like(logprobs)
    return SimpleNamespace(
        log_probs=logprobs, entropy=nothing, mean_logits=nothing, is_top1=nothing.bool()
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("beta", [0.1, 0.5])
@pytest.mark.parametrize(("name", "ours"), [("sigmoid", dpo), ("sppo_hard", sppo_hard)])
def test_losses_of_pairs_are_the_trainers(seed: int, beta: float, name: str, ours: Any):
    module = pytest.importorskip("trl.trainer.dpo_trainer", reason="needs trl")
    now, before, mask = random_pairs(seed)
    # The first token is nobody's answer.
    shown = torch.cat([torch.zeros(ROWS, 1, dtype=torch.long), mask], dim=1)
    inputs = {"input_ids": shown, "attention_mask": shown, "completion_mask": shown}
    trainer = preference_trainer(before * mask, name, beta)
    theirs = module.DPOTrainer._compute_loss(trainer, lambda **_: answer(now * mask), inputs, False)
    loss = ours(*log_ratio(now, before, mask).chunk(2), beta)
    assert loss.item() == pytest.approx(theirs.item(), abs=1e-6, rel=1e-12)
    gradients = [torch.autograd.grad(one, now)[0] for one in (loss, theirs)]
    assert torch.allclose(*gradients, atol=1e-6, rtol=0)
