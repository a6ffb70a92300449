"""Our chat prompts, token for token those of transformers' `apply_chat_template`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests import tiny_model

from dragoman.engines.chat import ChatTokenizer
from dragoman.types import Prompt

transformers = pytest.importorskip("transformers", reason="compares with transformers")

TEMPLATES = {
    "plain": tiny_model.TEMPLATE,
    "trimming, with a first token": (
        "{{ bos_token }}{% for message in messages %}"
        "{{ '<|im_start|>' ~ message['role'] ~ '\n\n' ~ message['content'] | trim ~ eos_token }}"
        "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n\n{% endif %}"
    ),
    "system prompt, blocks on lines of their own": """\
{%- if messages[0].role != 'system' %}
    {{- '<|im_start|>system\\nYou judge translations.<|im_end|>\\n' }}
{%- endif %}
{% for message in messages %}
    {% if message.role not in ['user', 'assistant'] %}
        {{ raise_exception('no such role') }}
    {% endif %}
    {% if loop.index0 > 5 %}{% break %}{% endif %}
<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    "none of its own marks": "User: {{ messages[0]['content'] }} Judge:",
}
TEXTS = (
    "Hello there",
    "",
    " spaces at both ends ",
    "\n\nlines\n",
    "好的译文保留原文的意思、语气和人名。",
    "Emoji 🙂👨‍👩‍👧, Ünïcödé, العربية",
    "almost marks: <|im_en <| im_end |> |im_end|>",
    "{{ 7 * 7 }} {% raw %}",
    "\x00\ufeff\u2028",
    "wörd " * 200,
)


def folder_with(template: str, folder: Path) -> Path:
    tiny_model.write_tokenizer(folder)
    file = folder / "tokenizer_config.json"
    settings = {**json.loads(file.read_text()), "bos_token": "<|endoftext|>"}
    file.write_text(json.dumps({**settings, "chat_template": template}))
    return folder


@pytest.mark.parametrize("name", TEMPLATES)
def test_ordinary_texts_become_the_same_tokens(name: str, tmp_path: Path):
    folder = folder_with(TEMPLATES[name], tmp_path)
    ours = ChatTokenizer(folder)
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    for text in TEXTS:
        message = [{"role": "user", "content": text}]
        expected = theirs.apply_chat_template(message, add_generation_prompt=True, tokenize=True)
        assert ours.encode(Prompt(text)) == list(expected["input_ids"]), text
        assert ours.encode(Prompt(text, chat=False)) == theirs(text)["input_ids"], text


def test_a_template_of_its_own_file_comes_first(tmp_path: Path):
    folder = folder_with("old {{ messages[0].content }}", tmp_path)
    (folder / "chat_template.jinja").write_text("new {{ messages[0].content }}")
    tokenizer = ChatTokenizer(folder)
    assert tokenizer.decode(tokenizer.encode(Prompt("text"))) == "new text"


def test_text_that_grows_token_by_token_is_the_whole_text(tmp_path: Path):
    tokenizer = ChatTokenizer(folder_with(TEMPLATES["plain"], tmp_path))
    for text in TEXTS:
        step = tokenizer.stream()
        tokens = tokenizer.encode(Prompt(text, chat=False))
        assert "".join(map(step, tokens)) == text
