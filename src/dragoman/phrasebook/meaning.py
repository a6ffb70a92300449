"""What a sentence says, apart from any language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Frame = Literal[
    "action", "modal", "idiom", "trip", "price", "state", "where", "distance", "request"
]
Tense = Literal["past", "present", "future"]
Modal = Literal["want", "must", "can"]
Degree = Literal["plain", "very", "too"]


@dataclass(frozen=True, slots=True)
class Person:
    """Who it is about: `the`, `a` or `my` somebody, a `name`, or a `pronoun` (he, she, they)."""

    kind: Literal["the", "a", "my", "name", "pronoun"]
    id: str
    plural: bool = False
    adjective: str | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """What it is done to: `the` or `a` thing, or a `count` of them."""

    kind: Literal["the", "a", "count"]
    id: str
    count: str | None = None
    adjective: str | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """One sentence. Which fields are used depends on the frame.

    `literal` says an idiom word by word: no meaning that is sampled does, but errors do.
    """

    frame: Frame
    subject: Person | None = None
    verb: str | None = None
    modal: Modal | None = None
    object: Thing | None = None
    tense: Tense = "present"
    negated: bool = False
    time: str | None = None
    place: str | None = None
    reason: str | None = None
    polite: bool = False
    city: str | None = None
    vehicle: str | None = None
    amount: str | None = None
    measure: str | None = None
    quantity: str | None = None
    unit: str | None = None
    adjective: str | None = None
    degree: Degree = "plain"
    site: str | None = None
    other_site: str | None = None
    idiom: str | None = None
    literal: bool = False

    @property
    def shape(self) -> str:
        """The sentence without its words: which frame, and what stands in it."""
        parts = [self.frame, self.modal or "", self.tense, "not" if self.negated else ""]
        if self.subject:
            parts.append(self.subject.kind + ("s" if self.subject.plural else ""))
            parts.append("adjective" if self.subject.adjective else "")
        if self.object:
            parts.append(self.object.kind + ("+" if self.object.adjective else ""))
        parts += [self.degree, "polite" if self.polite else "", "kilo" if self.unit else ""]
        parts += ["time" if self.time else "", "place" if self.place else ""]
        parts.append("reason" if self.reason else "")
        return " ".join(part for part in parts if part)

    @property
    def pair(self) -> tuple[str, str]:
        """The two words that meet in this sentence; splits are made by them."""
        if self.frame in ("action", "modal", "request"):
            assert self.verb and self.object
            return self.verb, self.object.id
        if self.frame == "trip":
            assert self.city and self.vehicle
            return self.city, self.vehicle
        if self.frame == "price":
            assert self.object and self.amount
            return self.object.id, self.amount
        if self.frame == "state":
            assert self.adjective
            who = self.object or self.subject
            assert who
            return self.adjective, who.id
        if self.frame == "idiom":
            assert self.idiom and self.subject
            return self.idiom, "*"
        return self.site or "", self.other_site or ("polite" if self.polite else "")
