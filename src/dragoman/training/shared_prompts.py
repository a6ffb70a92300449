"""Log-probabilities of several replies to one prompt, with the prompt read once.

A group's prompt and replies become one row, `prompt reply₁ reply₂ …`: each reply sees the
prompt and itself, at the positions it would have alone, and the language-model head works
on replies only. The numbers are those of one row a reply, to rounding; the work is about
half of it where prompts are as long as replies.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor


def can_share(config: Any) -> bool:
    """Whether this model takes an attention mask of ours: plain attention in every layer."""
    kinds: Any = getattr(config, "layer_types", None)
    plain = kinds is None or set(kinds) == {"full_attention"}
    return plain and getattr(config, "_attn_implementation", "") in ("sdpa", "eager")


def reply_logprobs(
    model: Any,
    prompts: Tensor,
    prompt_mask: Tensor,
    replies: Tensor,
    reply_mask: Tensor,
    temperature: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """Log-probability of each token of each reply, and the entropy there; 0 on padding.

    Prompts are padded on the left, replies on the right; equal prompts stand together.
    Entropies have no gradient.
    """
    packed = _Packed(prompts, prompt_mask, replies, reply_mask)
    logits: Tensor = model(
        input_ids=packed.tokens,
        attention_mask=packed.attention(),
        position_ids=packed.positions,
        use_cache=False,
        logits_to_keep=packed.tokens.shape[1] - prompts.shape[1] + 1,
    ).logits
    logits = logits.float() if temperature == 1 else logits.float() / temperature
    total = logits.logsumexp(-1)
    with torch.no_grad():
        chances = (logits - total.unsqueeze(-1)).exp_()
        entropy = total - (chances * logits).sum(-1)
    before, real = packed.before, reply_mask.bool()
    chosen = logits.flatten()[before * logits.shape[-1] + replies[real]]
    zeros = torch.zeros(replies.shape, dtype=total.dtype, device=total.device)
    return (
        zeros.masked_scatter(real, chosen - total.flatten()[before]),
        zeros.masked_scatter(real, entropy.flatten()[before]),
    )


class _Packed:
    """Rows `prompt reply₁ reply₂ …`, prompts ending in the same column.

    `before` is, for each token of each reply in reading order, the place of the token before
    it, counted over rows from the last column of the prompts on.
    """

    def __init__(self, prompts: Tensor, prompt_mask: Tensor, replies: Tensor, reply_mask: Tensor):
        lengths: list[int] = cast(Any, reply_mask.sum(1)).tolist()
        groups = _runs(prompts, prompt_mask)
        widest = max(sum(lengths[row] for row in rows) for rows in groups)
        width, firsts = prompts.shape[1], [rows[0] for rows in groups]
        padding = prompts.new_zeros(len(groups), widest)
        self.tokens = torch.cat([prompts[firsts], padding], 1)
        # 0 is the prompt, 1, 2, … its replies, -1 padding.
        self.owners = torch.cat([prompt_mask[firsts].long() - 1, padding - 1], 1)
        starts = prompt_mask[firsts].sum(1)
        places = (prompt_mask[firsts].cumsum(1) - 1).clamp(min=0)
        self.positions = torch.cat([places, padding], 1)
        before: list[Tensor] = []
        for number, rows in enumerate(groups):
            at = width
            for owner, row in enumerate(rows, start=1):
                end = at + lengths[row]
                count = torch.arange(lengths[row], device=prompts.device)
                self.tokens[number, at:end] = replies[row, : lengths[row]]
                self.owners[number, at:end] = owner
                self.positions[number, at:end] = starts[number] + count
                previous = torch.where(count > 0, count + at - width, 0)
                before.append(previous + number * (widest + 1))
                at = end
        self.before = torch.cat(before)

    def attention(self) -> Tensor:
        """What each token sees, as a number to add: nothing, or as good as minus infinity."""
        seen, seeing = self.owners.unsqueeze(1), self.owners.unsqueeze(2)
        width = self.owners.shape[1]
        own = torch.eye(width, dtype=torch.bool, device=self.owners.device)
        earlier = torch.ones_like(own).tril()
        sees = (earlier & ((seen == 0) | (seen == seeing)) & (seen >= 0)) | own
        hidden = torch.finfo(torch.float32).min
        return torch.where(sees, 0.0, hidden).unsqueeze(1)


def _runs(prompts: Tensor, mask: Tensor) -> list[list[int]]:
    """Numbers of rows, those with the same prompt as the row before them together."""
    both = torch.cat([prompts, mask], 1)
    changed: list[bool] = cast(Any, (both[1:] != both[:-1]).any(1)).tolist()
    runs = [[0]]
    for row, new in enumerate(changed, start=1):
        if new:
            runs.append([])
        runs[-1].append(row)
    return runs
