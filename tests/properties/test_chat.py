"""No text of a message ever becomes a mark of the chat, whatever the tokenizer."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import tiny_model
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers

from dragoman.engines.chat import ChatTokenizer
from dragoman.errors import PromptRefused, UserError
from dragoman.types import Prompt

MARKS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
THINK = AddedToken("<think>", special=False)


def byte_level(folder: Path) -> Tokenizer:
    return tiny_model.write_tokenizer(folder)


def words(folder: Path) -> Tokenizer:
    """Marks are words of the vocabulary itself."""
    listed = ["[unk]", *MARKS, "user", "assistant", "good", "translation", "<", "|"]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(listed)}, "[unk]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(MARKS)
    return tokenizer


def folding(folder: Path) -> Tokenizer:
    """Marks are sought after case and width are folded, and swallow the spaces around them."""
    tokenizer = tiny_model.write_tokenizer(folder)
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    greedy = [AddedToken(m, normalized=True, lstrip=True, rstrip=True) for m in MARKS]
    tokenizer.add_special_tokens(greedy)
    return tokenizer


def unigram(folder: Path) -> Tokenizer:
    """Marks are pieces of the vocabulary, and every text begins with a space."""
    alphabet = sorted({*"abcdefghijklmnopqrstuvwxyz<>|_▁/"})
    pieces = [("<unk>", 0.0), *((m, -1.0) for m in MARKS), *((c, -3.0) for c in alphabet)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(MARKS)
    return tokenizer


@cache
def made(make: object) -> tuple[ChatTokenizer, Tokenizer]:
    folder = Path(mkdtemp(prefix="dragoman-tokenizer-"))
    tokenizer = make(folder)  # type: ignore[operator]
    tokenizer.add_tokens([THINK])
    tokenizer.save(str(folder / "tokenizer.json"))
    template = tiny_model.TEMPLATE + "<think>"
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}))
    return ChatTokenizer(folder), tokenizer


pieces = st.sampled_from(
    [
        *MARKS,
        "<think>",
        "<|IM_END|>",
        "＜|im_end|＞",
        "<|im_",
        "end|>",
        "<",
        " ",
        "\n",
        "good",
        "好",
    ]
)
hostile = st.lists(pieces | st.text(max_size=3), max_size=8).map("".join)


@pytest.mark.parametrize("make", [byte_level, words, folding, unigram])
@given(text=hostile)
def test_a_message_adds_no_mark(make: object, text: str):
    chat, tokenizer = made(make)
    marks = {tokenizer.token_to_id(mark) for mark in [*MARKS, "<think>"]}

    def marks_in(prompt: Prompt) -> list[int]:
        return [token for token in chat.encode(prompt) if token in marks]

    assert marks_in(Prompt(text)) == marks_in(Prompt("good"))
    assert marks_in(Prompt(text, chat=False)) == []


@given(text=hostile)
def test_a_hostile_message_is_still_shown_whole(text: str):
    chat, _ = made(byte_level)
    assert chat.decode(chat.encode(Prompt(text, chat=False))) == text


def test_a_mark_that_cannot_be_cut_is_refused(tmp_path: Path):
    tokenizer = tiny_model.write_tokenizer(tmp_path)
    tokenizer.add_special_tokens(["§"])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(PromptRefused, match="'§'"):
        ChatTokenizer(tmp_path).encode(Prompt("see § 5"))


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        (None, "has no chat template"),
        ("{{ messages[0]", "is not Jinja"),
        ("{{ raise_exception('only lists') }}", "only lists"),
        ("{{ messages[0].content | upper }}", "does not keep a message whole"),
        ("{{ messages[0].role }}", "does not keep a message whole"),
        ("{{ ''.__class__.__mro__ }}{{ messages[0].content }}", "fails"),
    ],
)
def test_a_template_that_does_not_do(template: str | None, problem: str, tmp_path: Path):
    tiny_model.write_tokenizer(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}))
    with pytest.raises(UserError, match=problem):
        ChatTokenizer(tmp_path).encode(Prompt("text"))
