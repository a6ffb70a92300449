"""Every loss against numbers worked out by hand, and its gradient where that says more."""

from __future__ import annotations

from itertools import pairwise
from math import exp, log, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the losses are torch functions")

from torch import Tensor  # noqa: E402

from dragoman.training.losses import (  # noqa: E402
    bradley_terry,
    clipped_surrogate,
    compat_weighted_sft,
    count_positives,
    dpo,
    group_advantages,
    log_ratio,
    reward_tensor,
    sequence_mean_token_mean,
    sequence_ratio,
    sequence_ratio_per_token,
    sppo_hard,
    token_mean,
    token_ratio,
    weighted_sft,
)

CLIP = (3e-4, 4e-4)


def tensor(*rows: object) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def close(value: Tensor, *expected: float) -> bool:
    return value.flatten().tolist() == pytest.approx(list(expected), abs=1e-6, rel=0)


# Two rollouts, of three tokens and of one. Padding holds what must never be looked at.
OLD = tensor([log(0.5), log(0.4), log(0.2)], [log(0.1), nan, -torch.inf])
NOW = tensor([log(0.6), log(0.4), log(0.1)], [log(0.2), -torch.inf, 7.0])
MASK = torch.tensor([[1, 1, 1], [1, 0, 0]])


def test_advantages():
    """Means 0.05 and 0.02."""
    rewards = tensor(0.08, 0.02, 0.0, 0.04)
    assert close(group_advantages(rewards, 2), 0.03, -0.03, -0.02, 0.02)
    assert close(group_advantages(rewards, 4), 0.045, -0.015, -0.035, 0.005)


def test_no_reward_is_left_out_of_the_mean():
    """0.08 and 0.02 have the mean 0.05; groups with nothing or one thing to say stand still."""
    rewards = reward_tensor([0.08, None, 0.02, None, None, None, None, 0.7, None])
    assert close(group_advantages(rewards, 3), 0.03, 0, -0.03, 0, 0, 0, 0, 0, 0)
    by_std = group_advantages(rewards, 3, by_std=True)
    # √((0.03² + 0.03²) / 1) = 0.0424264
    assert close(by_std, 0.03 / 0.0425264, 0, -0.03 / 0.0425264, 0, 0, 0, 0, 0, 0)


def test_advantages_by_standard_deviation():
    """1 2 3 have the mean 2 and the sample standard deviation 1."""
    advantages = group_advantages(tensor(1, 2, 3), 3, by_std=True)
    assert close(advantages, -1 / 1.0001, 0, 1 / 1.0001)
    assert close(group_advantages(tensor(5, 5, 5), 3, by_std=True), 0, 0, 0)


def test_an_advantage_of_0_is_not_positive():
    assert count_positives(tensor(0.5, 0, -1, 0.1)) == 2


def test_token_ratio():
    assert close(token_ratio(NOW, OLD)[0], 1.2, 1.0, 0.5)
    assert close(token_ratio(NOW, OLD)[1, :1], 2.0)


def test_sequence_ratio():
    """(1.2 · 1 · 0.5) ^ (1/3) = 0.6 ^ (1/3) = 0.8434327, and 2 ^ 1."""
    assert sequence_ratio(NOW, OLD, MASK).shape == (2, 1)
    assert close(sequence_ratio(NOW, OLD, MASK), 0.8434327, 2.0)
    assert close(sequence_ratio_per_token(NOW, OLD, MASK)[0], *[0.8434327] * 3)
    assert close(sequence_ratio_per_token(NOW, OLD, MASK)[1, :1], 2.0)


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss"),
    [
        (1.1, 2.0, -2.0008),  # good and more likely: held at 1.0004
        (0.9, 2.0, -1.8),  # good and less likely: not held
        (1.1, -2.0, 2.2),  # bad and more likely: not held
        (0.9, -2.0, 1.9994),  # bad and less likely: held at 0.9997
        (1.0002, 2.0, -2.0004),
        (0.9998, -2.0, 1.9996),
        (1.1, 0.0, 0.0),
    ],
)
def test_clipping(ratio: float, advantage: float, loss: float):
    assert close(clipped_surrogate(tensor([ratio]), tensor(advantage), *CLIP), loss)


def test_a_clipped_token_has_no_gradient():
    ratio = tensor([1.1, 1.0002, 0.9], [1.1, 1.0002, 0.9]).requires_grad_()
    clipped_surrogate(ratio, tensor(2.0, -2.0), *CLIP).sum().backward()
    assert ratio.grad is not None
    assert close(ratio.grad, 0, -2, -2, 2, 2, 0)


def test_token_mean():
    """(3 + 4 + 5) / 3 = 4 and 7 / 1; a reply without a token has 0."""
    values = tensor([3, 4, 5], [7, nan, torch.inf], [nan, nan, nan])
    mask = torch.tensor([[1, 1, 1], [1, 0, 0], [0, 0, 0]])
    assert close(token_mean(values, mask), 4, 7, 0)
    assert close(sequence_mean_token_mean(values, mask, 3), 11 / 3)


def test_gspo():
    """A = 0.5, -0.5. First: s = 0.8434 is not held, -0.42171635. Second: s = 2, +1. Mean."""
    losses = clipped_surrogate(sequence_ratio(NOW, OLD, MASK), tensor(0.5, -0.5), *CLIP)
    assert close(sequence_mean_token_mean(losses, MASK, 2), (1 - 0.42171635) / 2)


def test_grpo():
    """A = 0.5, -0.5, clips 0.2 and 0.1. First: w = 1.2 held at 1.1, 1 and 0.5:
    -0.5 · 2.6 / 3 = -0.4333333. Second: w = 2, +1. Mean 0.2833333."""
    losses = clipped_surrogate(token_ratio(NOW, OLD), tensor(0.5, -0.5), 0.2, 0.1)
    assert close(sequence_mean_token_mean(losses, MASK, 2), 0.2833333)


def test_weighted_sft():
    """A = 0.5, -0.5, 0.25. Mean log π of the first is (ln 0.6 + ln 0.4 + ln 0.1) / 3
    = -1.2432338, of the third ln 0.3 = -1.2039728; two are positive:
    (0.5 · 1.2432338 + 0.25 · 1.2039728) / 2 = 0.4613051."""
    logprobs = torch.cat([NOW, tensor([log(0.3), nan, nan])])
    mask = torch.cat([MASK, MASK[1:]])
    advantages = tensor(0.5, -0.5, 0.25)
    assert count_positives(advantages) == 2
    assert close(weighted_sft(logprobs, mask, advantages, 2), 0.4613051)
    assert close(compat_weighted_sft(logprobs, mask, advantages), 0.4613051)


@pytest.mark.parametrize(
    ("cut", "compat"),
    [
        # Both parts have a positive: (0.5 · 1.2432338 + 0.25 · 1.2039728) / 2 again.
        (([0, 1], [2]), 0.4613051),
        # One part has both and the other none: (0.4613051 + 0) / 2.
        (([0, 2], [1]), 0.2306526),
    ],
)
def test_the_weight_of_the_published_sft_term_hangs_on_the_cut(
    cut: tuple[list[int], list[int]], compat: float
):
    """Micro-batches of ours are added, published ones averaged, as each divides by its own."""
    logprobs = torch.cat([NOW, tensor([log(0.3), nan, nan])])
    mask = torch.cat([MASK, MASK[1:]])
    advantages = tensor(0.5, -0.5, 0.25)
    parts = [(logprobs[rows], mask[rows], advantages[rows]) for rows in cut]
    assert close(torch.stack([weighted_sft(*part, 2) for part in parts]).sum(), 0.4613051)
    assert close(torch.stack([compat_weighted_sft(*part) for part in parts]).mean(), compat)


def test_weighted_sft_without_a_positive_is_nothing():
    assert close(weighted_sft(NOW, MASK, tensor(-1, 0), 0), 0)
    assert close(compat_weighted_sft(NOW, MASK, tensor(-1, 0)), 0)


def test_the_gradient_of_weighted_sft_pulls_positive_rollouts_only():
    """-A / (P · |y|): 0.5 / 3 a token, and nothing for the rollout below its mean."""
    logprobs = NOW.clone().requires_grad_()
    weighted_sft(logprobs, MASK, tensor(0.5, -0.5), 1).backward()
    assert logprobs.grad is not None
    assert close(logprobs.grad, *[-0.5 / 3] * 3, 0, 0, 0)


def test_bradley_terry():
    """-ln σ(1) = 0.3132617, -ln σ(-2) = 2.1269280; the gradient is -σ(-d) / 2 a pair."""
    chosen = tensor(3.0, 1.0).requires_grad_()
    loss = bradley_terry(chosen, tensor(2.0, 3.0))
    assert close(loss, (0.3132617 + 2.1269280) / 2)
    loss.backward()
    assert chosen.grad is not None
    assert close(chosen.grad, -1 / (1 + exp(1)) / 2, -1 / (1 + exp(-2)) / 2)


def test_bradley_terry_of_distant_scores_does_not_overflow():
    assert close(bradley_terry(tensor(-1e4), tensor(1e4)), 2e4)


def random_batch(seed: int, rows: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    old = -3 * torch.rand(rows, 6, generator=draw, dtype=torch.float64)
    now = old + 1e-3 * torch.randn(rows, 6, generator=draw, dtype=torch.float64)
    lengths = torch.randint(1, 7, (rows, 1), generator=draw)
    advantages = torch.randn(rows, generator=draw, dtype=torch.float64)
    return now, old, (torch.arange(6) < lengths).long(), advantages


def policy_loss(
    now: Tensor, old: Tensor, mask: Tensor, advantages: Tensor, *, rollouts: int, positives: int
) -> Tensor:
    losses = clipped_surrogate(sequence_ratio_per_token(now, old, mask), advantages, *CLIP)
    surrogate = sequence_mean_token_mean(losses, mask, rollouts)
    return surrogate + 0.1 * weighted_sft(now, mask, advantages, positives)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.sets(st.integers(1, 11)))
def test_micro_batches_add_up_to_the_batch_however_it_is_cut(seed: int, cuts: set[int]):
    batch = random_batch(seed, 12)
    batch[0].requires_grad_()
    whole = {"rollouts": 12, "positives": count_positives(batch[3])}
    edges = [0, *sorted(cuts), 12]
    parts = [
        policy_loss(*(part[start:stop] for part in batch), **whole)
        for start, stop in pairwise(edges)
    ]
    total, together = torch.stack(parts).sum(), policy_loss(*batch, **whole)
    assert close(total, together.item())
    gradients = [torch.autograd.grad(loss, batch[0])[0] for loss in (total, together)]
    assert torch.allclose(*gradients, atol=1e-9, rtol=0)


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_both_forms_of_gspo_have_the_same_loss_and_gradient(seed: int):
    now, old, mask, advantages = random_batch(seed, 8)
    now.requires_grad_()
    pairs: list[tuple[float, Tensor]] = []
    for ratio in (sequence_ratio, sequence_ratio_per_token):
        losses = clipped_surrogate(ratio(now, old, mask), advantages, *CLIP)
        loss = sequence_mean_token_mean(losses, mask, 8)
        pairs.append((loss.item(), torch.autograd.grad(loss, now)[0]))
    (loss, gradient), (per_token_loss, per_token_gradient) = pairs
    assert per_token_loss == pytest.approx(loss, abs=1e-9)
    assert torch.allclose(gradient, per_token_gradient, atol=1e-9, rtol=0)
    assert gradient.abs().sum() > 0


def test_the_stopped_ratio_lets_each_token_have_its_own_gradient():
    """d s_it / d log π(y_it) = s_i at the token itself and 0 at the others."""
    now = NOW[:1].clone().requires_grad_()
    ratio = sequence_ratio_per_token(now, OLD[:1], MASK[:1])
    (gradient,) = torch.autograd.grad(ratio[0, 1], now)
    assert close(gradient, 0, 0.6 ** (1 / 3), 0)
    (gradient,) = torch.autograd.grad(sequence_ratio(now, OLD[:1], MASK[:1])[0, 0], now)
    assert close(gradient, *[0.6 ** (1 / 3) / 3] * 3)


def test_on_policy_the_gradient_is_the_policy_gradient():
    """With π = π_old the ratio is 1, and the gradient -A / (N · |y|) a token."""
    now = NOW.nan_to_num(neginf=0).requires_grad_()
    for ratio in (token_ratio(now, now.detach()), sequence_ratio(now, now.detach(), MASK)):
        losses = clipped_surrogate(ratio, tensor(0.3, -0.4), *CLIP)
        (gradient,) = torch.autograd.grad(sequence_mean_token_mean(losses, MASK, 2), now)
        assert close(gradient, -0.05, -0.05, -0.05, 0.2, 0, 0)


def test_rewards_as_a_tensor():
    rewards = reward_tensor([0.5, None])
    assert rewards[0] == 0.5
    assert rewards[1].isnan()


def test_log_ratios_are_sums_over_the_reply():
    """log(0.6/0.5) + log(0.4/0.4) + log(0.1/0.2), and log(0.2/0.1); padding is not looked at."""
    assert close(log_ratio(NOW, OLD, MASK), log(0.6), log(2))


CHOSEN, REJECTED = tensor(2.0, -0.5), tensor(-1.0, 0.5)


def test_dpo_by_hand():
    """Differences 3 and -1, times 0.1: (log(1 + e^-0.3) + log(1 + e^0.1)) / 2."""
    assert close(dpo(CHOSEN, REJECTED, 0.1), (0.554355244 + 0.744396660) / 2)
    assert close(dpo(tensor(0.0), tensor(0.0), 0.1), 0.693147181)


def test_sppo_hard_by_hand():
    """Goals 5 and -5: 3² + 4² = 25 and 5.5² + 5.5² = 60.5, with the mean 42.75."""
    assert close(sppo_hard(CHOSEN, REJECTED, 0.1), 42.75)
    assert close(sppo_hard(CHOSEN, REJECTED, 0.5), (1 + 0 + 2.25 + 2.25) / 2)
    assert close(sppo_hard(tensor(5.0), tensor(-5.0), 0.1), 0)
    assert close(sppo_hard(tensor(0.0), tensor(0.0), 0.1), 50)


def test_sppo_hard_moves_each_reply_to_a_goal_of_its_own():
    """Gradients 2 (s_w - 5) / 2 and 2 (s_l + 5) / 2; DPO's are opposite, and rest on s_w - s_l."""
    chosen, rejected = CHOSEN.clone().requires_grad_(), REJECTED.clone().requires_grad_()
    found = torch.autograd.grad(sppo_hard(chosen, rejected, 0.1), (chosen, rejected))
    assert close(found[0], -3, -5.5)
    assert close(found[1], 4, 5.5)
    found = torch.autograd.grad(dpo(chosen, rejected, 0.1), (chosen, rejected))
    assert close(found[0], -0.1 / 2 / (1 + exp(0.3)), -0.1 / 2 / (1 + exp(-0.1)))
    assert close(found[0] + found[1], 0, 0)
