"""The losses of training, one formula a function, without a trainer's state.

Tensors of rollouts have one row a rollout and one column a token of its reply (B, T);
`mask` is 1 on the tokens of the reply and 0 on padding. Log-probabilities are those of the
tokens that were sampled. A mean over rollouts divides by a number that is passed in, that
of the whole batch, so that the losses of micro-batches add up to the loss of the batch
however it was cut.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def reward_tensor(rewards: Sequence[float | None]) -> Tensor:
    """Rewards as a tensor; None becomes NaN, as TRL has it."""
    nan = float("nan")
    return torch.tensor([nan if reward is None else reward for reward in rewards])


def group_advantages(rewards: Tensor, group_size: int, *, by_std: bool = False) -> Tensor:
    """`A_i = r_i - mean(r)` within each run of `group_size` siblings.

    NaN stands for no reward: it is left out of the mean and its advantage is 0.
    `by_std` divides by `std(r) + 1e-4`, the sample standard deviation, as TRL does.
    """
    groups = rewards.view(-1, group_size)
    known = ~groups.isnan()
    count = known.sum(1, keepdim=True)
    mean = groups.nansum(1, keepdim=True) / count.clamp(min=1)
    advantages = torch.where(known, groups - mean, 0.0)
    if by_std:
        variance = advantages.square().sum(1, keepdim=True) / (count - 1).clamp(min=1)
        advantages = advantages / (variance.sqrt() + 1e-4)
    return advantages.view(-1)


def token_ratio(logprobs: Tensor, old_logprobs: Tensor) -> Tensor:
    """GRPO: `w_it = π(y_it) / π_old(y_it)`, (B, T)."""
    return (logprobs - old_logprobs).exp()


def sequence_ratio(logprobs: Tensor, old_logprobs: Tensor, mask: Tensor) -> Tensor:
    """GSPO: `s_i = (π(y_i) / π_old(y_i)) ^ (1/|y_i|)`, the geometric mean of `w_it`, (B, 1)."""
    return token_mean(logprobs - old_logprobs, mask).exp().unsqueeze(1)


def sequence_ratio_per_token(logprobs: Tensor, old_logprobs: Tensor, mask: Tensor) -> Tensor:
    """GSPO-token: `s_it = sg[s_i] · π(y_it) / sg[π(y_it)]`, (B, T), sg stops the gradient.

    Its value is `s_i` at every token. When a rollout's tokens share one advantage its loss
    has the gradient of the loss of `s_i`.
    """
    ratio = sequence_ratio(logprobs, old_logprobs, mask).detach()
    return ratio * (logprobs - logprobs.detach()).exp()


def clipped_surrogate(ratio: Tensor, advantages: Tensor, low: float, high: float) -> Tensor:
    """`-min(w · A, clip(w, 1 - low, 1 + high) · A)` in the shape of the ratio."""
    weights = advantages.unsqueeze(1)
    return -torch.minimum(ratio * weights, ratio.clamp(1 - low, 1 + high) * weights)


def token_mean(values: Tensor, mask: Tensor) -> Tensor:
    """`(1/|y_i|) Σ_t x_it`, one number a rollout; an empty rollout has 0."""
    return torch.where(mask.bool(), values, 0.0).sum(1) / mask.sum(1).clamp(min=1)


def sequence_mean_token_mean(losses: Tensor, mask: Tensor, rollouts: int) -> Tensor:
    """`(1/N) Σ_i (1/|y_i|) Σ_t l_it`, N = `rollouts`, the number in the whole batch."""
    return token_mean(losses, mask).sum() / rollouts


def count_positives(advantages: Tensor) -> int:
    """How many rollouts have an advantage above 0."""
    return int((advantages > 0).sum())


def weighted_sft(logprobs: Tensor, mask: Tensor, advantages: Tensor, positives: int) -> Tensor:
    """`L_sft = -(1/P) Σ_{i: A_i > 0} A_i · (1/|y_i|) Σ_t log π(y_it)`.

    P = `positives`, their number in the whole batch; without one the term is 0.
    """
    return -(advantages.clamp(min=0) * token_mean(logprobs, mask)).sum() / max(positives, 1)


def compat_weighted_sft(logprobs: Tensor, mask: Tensor, advantages: Tensor) -> Tensor:
    """The published term: P counts the micro-batch, so its weight hangs on how it was cut."""
    return weighted_sft(logprobs, mask, advantages, count_positives(advantages))


def bradley_terry(chosen: Tensor, rejected: Tensor) -> Tensor:
    """`-mean log σ(s_chosen - s_rejected)` over pairs of scores."""
    return -logsigmoid(chosen - rejected).mean()


def log_ratio(logprobs: Tensor, reference: Tensor, mask: Tensor) -> Tensor:
    """`s = Σ_t log π(y_t) - log π_ref(y_t)`, one number a reply."""
    return torch.where(mask.bool(), logprobs - reference, 0.0).sum(1)


def dpo(chosen: Tensor, rejected: Tensor, beta: float) -> Tensor:
    """`-mean log σ(β · (s_w - s_l))` over pairs of log ratios."""
    return bradley_terry(beta * chosen, beta * rejected)


def sppo_hard(chosen: Tensor, rejected: Tensor, beta: float) -> Tensor:
    """`mean (s_w - 1/2β)² + (s_l + 1/2β)²`: the winner wins with certainty.

    Unlike DPO's it does not look at the difference: each log ratio has a goal of its own.
    """
    goal = 1 / (2 * beta)
    return ((chosen - goal).square() + (rejected + goal).square()).mean()
