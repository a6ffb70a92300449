"""What tests of policies are made of: a tiny translator, a plain format, judges that count."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.tiny_model import make_tiny_model

from dragoman.formats import Takes
from dragoman.formats.alone import Score
from dragoman.formats.base import BaseFormat
from dragoman.formats.refusal import UnreadableReply
from dragoman.ranking import rank_scores
from dragoman.types import Failure, Group, Judgement, Prompt, Segment, Verdict


def make_translator(folder: Path, *, ending: int = 8, **shape: Any) -> Path:
    """A random model that ends a reply after a few tokens: every `ending`th token ends one."""
    make_tiny_model(folder, **shape)
    ends = [0, 2, *range(8, shape.get("vocab_size", 480), ending)]
    for name in ("generation_config.json", "config.json"):
        settings = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**settings, "eos_token_id": ends}))
    return folder


def write_rows(file: Path, count: int = 32) -> Path:
    rows = [
        {"id": f"{i}", "src_lang": "en", "tgt_lang": "de", "source": f"word {i}", "reference": "e"}
        for i in range(count)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


class Plain(BaseFormat):
    """The reply is the translation, unless it is empty or holds a `Q`."""

    name = "plain"
    version = "1"
    takes: Takes = "segment"

    def write(self, item: Segment) -> Prompt:
        return Prompt(f"Translate {item.source}")

    def read(self, reply: str, item: Segment) -> str:
        if not reply.strip() or "Q" in reply:
            raise UnreadableReply("empty")
        return reply.strip()


class Length(BaseFormat):
    """A pointwise format that can read anything: the score is the length of the reply."""

    name = "length"
    version = "1"
    takes: Takes = "candidate"

    def write(self, item: Group) -> Prompt:
        return Prompt(f"Score {item.candidates[0].text}")

    def read(self, reply: str, item: Group) -> Score:
        return Score(min(100, len(reply)))


class LikesE:
    """Scores a text by the share of its characters that are an e."""

    calls = 0

    @property
    def fields(self) -> Mapping[str, object]:
        return {"judge": "likes-e"}

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        type(self).calls += 1
        scores = tuple(10 * share_of_e(candidate.text) for candidate in group.candidates)
        return Judgement(group, Verdict(rank_scores(scores), scores), None)


class LikesLetters(LikesE):
    """Scores a text by the share of its characters that are plain letters."""

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        scores = tuple(10 * letter_share(group.segment, c.text) for c in group.candidates)
        return Judgement(group, Verdict(rank_scores(scores), scores), None)


class HatesLetters(LikesE):
    """The opposite of `LikesLetters`."""

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        scores = tuple(10 - 10 * letter_share(group.segment, c.text) for c in group.candidates)
        return Judgement(group, Verdict(rank_scores(scores), scores), None)


class LikesEOrFails(LikesE):
    """Fails about one source."""

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        if group.segment.source == "hopeless":
            return Judgement(group, None, Failure("no-scores"))
        return await super().judge(group, draw)


class Fails(LikesE):
    """Never has a verdict."""

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        type(self).calls += 1
        return Judgement(group, None, Failure("no-scores"))


def share_of_e(text: str) -> float:
    return text.count("e") / max(1, len(text))


def letter_share(segment: Segment, text: str) -> float:
    return sum(one.isascii() and one.isalpha() for one in text) / max(1, len(text))
