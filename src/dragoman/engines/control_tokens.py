"""Chat control tokens inside texts to judge.

A server turns `<|im_end|>` into the token that ends a turn wherever it stands, so a candidate
that holds it could close the user's message and speak in the model's name. A zero width space
behind its first character leaves the text readable and makes it plain text again.
"""

from __future__ import annotations

import re

CONTROL_TOKENS = (
    "<|im_start|>",
    "<|im_end|>",
    "<|im_sep|>",
    "<|endoftext|>",
    "<|endofprompt|>",
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|end|>",
    "<|start|>",
    "<|message|>",
    "<|channel|>",
    "<|return|>",
    "<|START_OF_TURN_TOKEN|>",
    "<|END_OF_TURN_TOKEN|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<bos>",
    "<eos>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "<｜begin▁of▁sentence｜>",
    "<｜end▁of▁sentence｜>",
    "<｜User｜>",
    "<｜Assistant｜>",
)

ZERO_WIDTH_SPACE = "\u200b"

_ANY = re.compile("|".join(map(re.escape, CONTROL_TOKENS)))


def defuse(text: str) -> str:
    """The text with every control token in it broken; a text without one is unchanged."""
    return _ANY.sub(lambda match: match[0][0] + ZERO_WIDTH_SPACE + match[0][1:], text)
