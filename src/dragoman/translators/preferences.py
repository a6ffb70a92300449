"""Pairs of a better and a worse translation, from search trees, judged samples and verdicts.

All three come down to the same: the different texts of one source, each with a utility, in an
order. Pairs are taken from that, and written as training programs want them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import exp
from typing import Any, Literal

from dragoman.errors import UnreadableReply, UserError
from dragoman.formats import Format
from dragoman.formats.ssr import answered
from dragoman.formats.template import fenced
from dragoman.translators.tree.nodes import (
    Standing,
    Tree,
    by_utility,
    children,
    kept,
    object_in,
    standings,
    tree_from_rows,
)
from dragoman.types import Group, Segment

Pairs = Literal["swaps", "best-worst", "all", "compat"]
"""Which pairs are taken: `swaps` one for each swap that sorts the texts, as TRANS-ZERO's paper
says; `compat` what its code takes; the best against the worst; or every unequal two."""

Form = Literal["trl", "llama-factory", "rows"]

Wrong = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Preference:
    """One pair. The win rate is the softmax of the two utilities."""

    segment: Segment
    chosen: str
    rejected: str
    utilities: tuple[float, float]
    origin: str
    signature: str = ""

    @property
    def win_rate(self) -> float:
        better, worse = self.utilities
        return 1 / (1 + exp(worse - better))


@dataclass(frozen=True, slots=True)
class Compared:
    """The different texts of one source in an order, and the utility that a chosen one must
    exceed; a tree has the root's."""

    found: tuple[Standing, ...]
    origin: str
    signature: str = ""
    floor: float | None = None
    tree: Tree = ()


def compared_in(row: Mapping[str, Any], given: Segment | Group, is_wrong: Wrong) -> Compared | str:
    """What a translation line or a verdict line compares, or why it compares nothing.
    ValueError says what is wrong with the line."""
    details = object_in(row, "details")
    signed = str(row.get("signature", ""))
    if rows := details.get("tree"):
        tree = tree_from_rows(rows)
        found = tuple(standings(tree, is_wrong))
        return Compared(found, "tree", signed, tree[0].utility, tree)
    judged: Mapping[str, Any] = row
    if "candidates" in details:
        texts, origin = details["candidates"], "best-of-n"
        judged = object_in(details, "judgement")
    elif isinstance(given, Group) and "order" in row:
        texts, origin = [c.text for c in given.candidates], "verdict"
    else:
        return str(row.get("reason") or "nothing compared").partition(":")[0]
    if judged.get("status") != "ok":
        return str(judged.get("reason", "failed")).partition(":")[0]
    return Compared(tuple(_standings(texts, _utilities(judged), is_wrong)), origin, signed)


def _utilities(judged: Mapping[str, Any]) -> list[float]:
    """The scores, or without them how many tiers stand below each candidate's."""
    if judged.get("scores"):
        return list(judged["scores"])
    sizes = [tier.count("=") + 1 for tier in str(judged.get("ranking")).split(">")]
    order: list[int] = list(judged.get("order") or [])
    if sum(sizes) != len(order):
        raise ValueError("'order' and 'ranking' are not of one length")
    below = [len(sizes) - 1 - tier for tier, size in enumerate(sizes) for _ in range(size)]
    return [float(below[order.index(i)]) for i in range(len(order))]


def _standings(
    texts: Sequence[str], utilities: Sequence[float], is_wrong: Wrong
) -> Iterator[Standing]:
    if len(texts) != len(utilities):
        raise ValueError(f"{len(utilities)} scores for {len(texts)} candidates")
    for text, utility in dict(zip(texts, utilities, strict=True)).items():
        wrong = is_wrong(text)
        yield Standing(text, kept(utility) if wrong else utility, wrong)


def preferences(
    segment: Segment, compared: Compared, pairs: Pairs | None, is_wrong: Wrong
) -> list[Preference]:
    """The pairs of one source, each once. Nothing in the wrong language is ever chosen. Trees
    give swaps unless told otherwise, groups the best against the worst."""
    pairs = pairs or ("swaps" if compared.tree else "best-worst")
    if pairs == "compat":
        if not compared.tree:
            raise UserError("pairs as the published code takes them are for trees")
        taken = compat(compared.tree, is_wrong)
    else:
        taken = _TAKEN[pairs](compared.found)
        taken = [
            (better, worse)
            for better, worse in taken
            if not better.wrong and (compared.floor is None or better.utility > compared.floor)
        ]
    made = (
        Preference(
            segment, better.text, worse.text, (better.utility, worse.utility),
            compared.origin, compared.signature,
        )
        for better, worse in taken
    )  # fmt: skip
    return list(dict.fromkeys(made))


Two = tuple[Standing, Standing]


def swaps(found: Sequence[Standing]) -> list[Two]:
    """A pair for each swap of an exchange sort, best first, of texts in level order."""
    order, taken = list(found), list[Two]()
    for i in range(len(order)):
        for j in range(i + 1, len(order)):
            if order[j].utility > order[i].utility:
                taken.append((order[j], order[i]))
                order[i], order[j] = order[j], order[i]
    return taken


def best_worst(found: Sequence[Standing]) -> list[Two]:
    """The best text in the right language against the worst, if they differ."""
    order = by_utility(found)
    best = next((one for one in order if not one.wrong), None)
    return [(best, order[-1])] if best and best.utility > order[-1].utility else []


def all_pairs(found: Sequence[Standing]) -> list[Two]:
    """Every two texts of which one is better."""
    return [two for two in combinations(by_utility(found), 2) if two[0].utility > two[1].utility]


_TAKEN: Mapping[str, Callable[[Sequence[Standing]], list[Two]]] = {
    "swaps": swaps,
    "best-worst": best_worst,
    "all": all_pairs,
}


def compat(tree: Tree, is_wrong: Wrong) -> list[Two]:
    """The pairs that the published code takes, for its numbers: nodes last child first, the
    utilities of one text summed, at most one pair an index, and a swap only of what is in the
    wrong language, after which the compared text stays the old one."""
    order: list[int] = []
    waiting = [0]
    while waiting:
        order.append(waiting.pop())
        waiting += children(tree, order[-1])
    sums: dict[str, Standing] = {}
    for at in order[1:]:
        text, wrong = tree[at].text, is_wrong(tree[at].text)
        value = kept(tree[at].utility) if wrong else tree[at].utility
        before = sums.get(text, Standing(text, 0.0, wrong))
        sums[text] = replace(before, utility=before.utility + value)
    found, taken = list(sums.values()), list[Two]()
    for i in range(len(found)):
        held = found[i]
        for j in range(i + 1, len(found)):
            if found[j].utility > max(held.utility, tree[0].utility):
                if not found[j].wrong:
                    taken.append((found[j], held))
                    break
                found[i], found[j] = found[j], found[i]
    return taken


def preference_row(
    preference: Preference, form: Form, format: Format[Segment, str]
) -> dict[str, Any] | None:
    """The pair as a row for training; None where a text fits in no reply of the format.

    A format that takes the model without its chat template has texts where others have messages.
    """
    segment = preference.segment
    about: dict[str, Any] = {
        "id": segment.id,
        "src_lang": segment.source_lang,
        "tgt_lang": segment.target_lang,
        "utilities": list(preference.utilities),
        "win_rate": round(preference.win_rate, 6),
        "origin": preference.origin,
        "signature": preference.signature,
    }
    if form == "rows":
        return {**about, "source": segment.source, "chosen": preference.chosen,
                "rejected": preference.rejected}  # fmt: skip
    asked = format.write(segment)
    if form == "llama-factory" and not asked.chat:
        raise UserError(
            f"{format.name} is asked without a chat template, which LLaMA-Factory always puts "
            "around a prompt; take --form trl or rows"
        )
    chosen, rejected = (
        reply_of(text, segment, format) for text in (preference.chosen, preference.rejected)
    )
    if chosen is None or rejected is None:
        return None
    if not asked.chat:
        return {
            "prompt": asked.text, "chosen": chosen, "rejected": rejected, "chat": False, **about
        }  # fmt: skip
    prompt = [{"role": "user", "content": asked.text}]
    answers = [{"role": "assistant", "content": text} for text in (chosen, rejected)]
    if form == "trl":
        return {"prompt": prompt, "chosen": answers[:1], "rejected": answers[1:], **about}
    return {"messages": prompt, "chosen": answers[0], "rejected": answers[1], **about}


def reply_of(text: str, segment: Segment, format: Format[Segment, str]) -> str | None:
    """A reply that the format reads as this text: bare, in a fence, or an answer in tags."""
    for reply in (text, fenced(text), answered(text)):
        try:
            if format.read(reply, segment) == text:
                return reply
        except UnreadableReply:
            continue
    return None


def dataset_info(file_name: str) -> dict[str, Any]:
    """The entry of LLaMA-Factory's dataset_info.json for a file of these pairs."""
    return {
        "file_name": file_name,
        "formatting": "sharegpt",
        "ranking": True,
        "columns": {"messages": "messages", "chosen": "chosen", "rejected": "rejected"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
        },
    }
