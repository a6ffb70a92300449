"""The phrasebook's tokenizer: byte-level BPE in which most words of the world are one token.

It cuts texts as Qwen2's does: transformers takes that for granted of every Qwen2 folder. What
would fall apart then are tokens of their own, added beside the merges: Chinese words, which
have no spaces between them, scores, and the fixed phrases of the wire formats, so that a
prompt is hardly longer than the texts in it. They are not special: they stand for their
characters.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from dragoman.phrasebook.grammar import say
from dragoman.phrasebook.lexicon import LANGUAGES
from dragoman.phrasebook.tasks import dictionary
from dragoman.phrasebook.vocabulary import vocabulary
from dragoman.phrasebook.world import draw

SIZE = 4096
SPACED = tuple(language for language in LANGUAGES if language != "zh")
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Qwen2 cuts a text before merging."""

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

MARKS = tuple(f"[{lost}]" for lost in range(1, 11))
"""What stands behind an error in an analysis."""

PHRASES = (
    "Translate the following text from ",
    " into ",
    ". Perform a step by step analysis and output the final translation in a code block."
    "\n\nSource text:\n```\n",
    "Given a source text in ",
    " and multiple translation candidates in ",
    ". Perform a step by step analysis and comparison of the translation quality for the "
    "candidates. Finally, rank and score the candidates with integer scores on a scale from "
    "0 to 10.\n\nSource text:\n```\n",
    " and a translation text in ",
    ". Perform a step by step analysis of translation quality and assign a score on a scale "
    "from 0 to 10.\nSource text:\n```\n",
    "\n```\n\nTranslation text:\n```\n",
    "\n```\n\nTranslation ",
    "\n```\nTranslation ",
    ":\n```\n",
    "\n\n```\n",
    "\n```\n",
    "\n```",
    "\n\n### Final Ranking:\n\n",
    "\n\n### Scores:\n\n",
    *MARKS,
    *(f" {score}" for score in range(11)),
)


def build() -> Any:
    """The tokenizer, trained on sentences of the world in all languages."""
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        trainers,
    )

    tokenizer: Any = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    added = [*PHRASES, *sorted(vocabulary("zh"))]
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE - len(added),
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=False, special=False) for text in added])
    return tokenizer


def _texts() -> Any:
    rng = random.Random("tokenizer")
    for _ in range(12_000):
        meaning = draw(rng)
        for language in SPACED:
            yield say(meaning, language)[0].text()
    for language in SPACED:
        other = "de" if language == "en" else "en"
        for word, _ in dictionary(language, other):
            yield f"{word}\n{word[0].upper()}{word[1:]}"
        for form in vocabulary(language):
            yield f"{form} {form}"
    for _ in range(300):
        yield "\n".join(f"{c}: A > B = C > D = 10, {c}: 7" for c in "ABCD")
        yield (
            "user\n assistant\n No idiom. Idiom: Note ; Words. "
            "English German Chinese Spanish French"
        )
        yield " +~ ~ = . ? 。？，"


def save(folder: Path) -> None:
    """Write the tokenizer with its chat template, as transformers reads it."""
    from transformers import PreTrainedTokenizerFast

    tokenizer: Any = PreTrainedTokenizerFast(
        tokenizer_object=build(),
        eos_token="<|im_end|>",  # noqa: S106
        pad_token="<|endoftext|>",  # noqa: S106
        clean_up_tokenization_spaces=False,
        model_max_length=1024,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(str(folder))


def mark_tokens(folder: Path) -> list[int]:
    """The tokens of the marks, in the tokenizer of a folder."""
    from tokenizers import Tokenizer

    tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return [tokenizer.token_to_id(mark) for mark in MARKS]
