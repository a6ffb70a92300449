"""Drawing replies, and their log-probabilities, beside the plain way to do it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.policy_parts import make_translator
from torch import Tensor

from dragoman.training.rollouts import Writing, choose, random_numbers, write
from dragoman.training.shared_prompts import can_share, reply_logprobs

LIMIT = 12


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from transformers import AutoModelForCausalLM

    folder: Path = make_translator(tmp_path_factory.mktemp("model"), num_hidden_layers=1)
    return AutoModelForCausalLM.from_pretrained(folder).eval()


@pytest.fixture(scope="module")
def ends(network: Any) -> tuple[int, ...]:
    return tuple(network.generation_config.eos_token_id)


def prompts(count: int) -> list[list[int]]:
    draw = torch.Generator().manual_seed(5)
    lengths = torch.randint(3, 20, (count,), generator=draw).tolist()
    return [torch.randint(3, 400, (length,), generator=draw).tolist() for length in lengths]


def test_greedy_replies_are_those_of_generate(network: Any, ends: tuple[int, ...]):
    asked = prompts(6)
    for prompt, reply in zip(asked, write(network, asked, Writing(ends, LIMIT, 0)), strict=True):
        plain = network.generate(
            torch.tensor([prompt]), max_new_tokens=LIMIT, do_sample=False, eos_token_id=list(ends)
        )
        assert reply == plain[0, len(prompt) :].tolist()


def test_a_reply_does_not_depend_on_the_batch(network: Any, ends: tuple[int, ...]):
    asked, numbers = prompts(8), random_numbers(1, 2, 24, LIMIT)
    writing = Writing(ends, LIMIT, samples=3)
    together = write(network, asked, writing, numbers)
    assert write(network, asked, Writing(ends, LIMIT, samples=3, rows=4), numbers) == together
    assert write(network, asked[5:6], writing, numbers[15:18]) == together[15:18]
    assert len(set(map(tuple, together))) > 12
    assert all(not set(reply[:-1]) & set(ends) for reply in together)
    assert any(len(reply) < LIMIT for reply in together)


def test_groups_are_told_of_once_when_they_are_complete(network: Any, ends: tuple[int, ...]):
    told: list[tuple[int, list[list[int]]]] = []
    writing = Writing(ends, LIMIT, samples=2, rows=6)
    replies = write(
        network, prompts(7), writing, random_numbers(1, 0, 14, LIMIT),
        lambda prompt, done: told.append((prompt, done)),
    )  # fmt: skip
    assert sorted(prompt for prompt, _ in told) == list(range(7))
    assert all(done == replies[2 * prompt : 2 * prompt + 2] for prompt, done in told)
    assert [prompt for prompt, _ in told] != list(range(7)), "shorter groups come first"


def test_tokens_are_drawn_as_often_as_they_are_likely():
    chances = torch.tensor([0.5, 0.0, 0.3, 0.2])
    points = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000
    drawn = choose(chances.log().expand(1000, 4), 1.0, points)
    assert torch.bincount(drawn, minlength=4).tolist() == [500, 0, 300, 200]
    cold = choose(chances.log().expand(1000, 4), 0.5, points)
    assert torch.bincount(cold, minlength=4)[0] == pytest.approx(1000 * 0.25 / 0.38, abs=1)


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_shared_prompts_give_the_numbers_of_one_row_a_reply(
    network: Any, ends: tuple[int, ...], temperature: float
):
    asked = [prompt for prompt in prompts(4) for _ in range(3)]
    replies = write(
        network, prompts(4), Writing(ends, LIMIT, samples=3), random_numbers(3, 0, 12, LIMIT)
    )
    batch = padded(asked, replies)
    found, entropy = reply_logprobs(network, *batch, temperature=temperature)
    plain, plain_entropy = one_row_a_reply(network, *batch, temperature=temperature)
    assert found.shape == plain.shape
    torch.testing.assert_close(found, plain, atol=2e-5, rtol=1e-5)
    torch.testing.assert_close(entropy, plain_entropy, atol=2e-5, rtol=1e-5)
    assert gradients(network, found) == pytest.approx(gradients(network, plain), rel=1e-4)


def test_only_plain_attention_is_shared(network: Any):
    assert can_share(network.config)
    network.config.layer_types, kept = ["sliding_attention"], network.config.layer_types
    assert not can_share(network.config)
    network.config.layer_types = kept


def padded(asked: list[list[int]], replies: list[list[int]]) -> tuple[Tensor, ...]:
    left, right = max(map(len, asked)), max(map(len, replies))
    rows = [
        ([0] * (left - len(p)) + p, [0] * (left - len(p)) + [1] * len(p),
         r + [0] * (right - len(r)), [1] * len(r) + [0] * (right - len(r)))
        for p, r in zip(asked, replies, strict=True)
    ]  # fmt: skip
    return tuple(torch.tensor(column) for column in zip(*rows, strict=True))


def one_row_a_reply(
    network: Any,
    prompts: Tensor,
    prompt_mask: Tensor,
    replies: Tensor,
    mask: Tensor,
    temperature: float,
) -> tuple[Tensor, Tensor]:
    attention = torch.cat([prompt_mask, mask], 1)
    logits = network(
        input_ids=torch.cat([prompts, replies], 1),
        attention_mask=attention,
        position_ids=(attention.cumsum(1) - 1).clamp(min=0),
    ).logits[:, prompts.shape[1] - 1 : -1]
    every = (logits / temperature).log_softmax(-1)
    entropy = -(every.exp() * every).sum(-1)
    return every.gather(2, replies.unsqueeze(2)).squeeze(2) * mask, entropy * mask


def gradients(network: Any, logprobs: Tensor) -> list[float]:
    weights = torch.linspace(-1, 1, logprobs.numel()).view(logprobs.shape)
    found = torch.autograd.grad((logprobs * weights).sum(), list(network.parameters()))
    return [float(one.norm()) for one in found]
