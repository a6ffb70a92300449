"""Well-formed judge replies without a model: what the rule `{"verdict": "hash"}` says.

A candidate's score is a hash of its text and the seed, so this judge does not care where a
candidate stands, and says the same of the same text whenever it is asked with the same seed.
Engines know nothing of formats; the little that is needed of the layout is given here.
"""

from __future__ import annotations

from hashlib import blake2b
from itertools import pairwise
from string import ascii_uppercase

from dragoman.types import Prompt, Sampling

ANALYSIS = "Each candidate is taken by its hash."


def draw(text: str, seed: int) -> int:
    """A stable pseudo-random number for a text and a seed."""
    hashed = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, salt=_salt(seed))
    return int.from_bytes(hashed.digest(), "big")


def made_up_reply(prompt: Prompt, sampling: Sampling) -> list[str]:
    """Replies that rank and score every candidate of a group prompt; a prompt without
    candidates is taken for one about a single text, and gets one score."""
    candidates = find_candidates(prompt.text)
    seeds = range(sampling.seed, sampling.seed + sampling.n)
    return [_verdict(candidates or [prompt.text], bool(candidates), seed) for seed in seeds]


def find_candidates(text: str) -> list[str]:
    """The texts in the code fences under `Translation A:`, `Translation B:`, …, in order.

    Searching goes on behind each fence, so that a candidate cannot hold another one.
    """
    found: list[str] = []
    end = 0
    for letter in ascii_uppercase:
        title = f"Translation {letter}:\n"
        start = text.find(title + "```", end)
        if start < 0:
            break
        start += len(title)
        fence_end = text.find("\n", start)
        fence = text[start:fence_end]
        end = text.find(f"\n{fence}\n", fence_end)
        if fence_end < 0 or end < 0:
            break
        found.append(text[fence_end + 1 : end])
        end += len(fence)
    return found


def _verdict(candidates: list[str], several: bool, seed: int) -> str:
    scores = [draw(candidate, seed) % 11 for candidate in candidates]
    if not several:
        return f"{ANALYSIS}\n\n{scores[0]}"
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    ranking = ascii_uppercase[order[0]]
    for better, worse in pairwise(order):
        sign = "=" if scores[better] == scores[worse] else ">"
        ranking += f" {sign} {ascii_uppercase[worse]}"
    listed = ", ".join(f"{ascii_uppercase[i]}: {scores[i]}" for i in order)
    return f"{ANALYSIS}\n\n### Final Ranking:\n\n{ranking}\n\n### Scores:\n\n{listed}\n"


def _salt(seed: int) -> bytes:
    return (seed % 2**64).to_bytes(8, "big")
