"""The pull of a reference on a model that translates beside it, token by token.

The model says what it likes where it finds the reference unlikely. Where the reference's next
token has some probability, its tokens get a share of the choice: the nearer ahead, the more.
The place in the reference moves on with every token. It is found again behind a word that was
put in or left out, as far as a window reaches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

from dragoman.errors import UserError

WINDOW = 3
"""How many tokens of the reference are looked at on each side of a place that does not fit."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the reference a translation stands: the token that should come next, and the one
    that should have come when it left the reference, if it did."""

    next: int = 0
    left: int = 0

    def after(self, token: int, reference: Sequence[int]) -> Place:
        """The place when the translation has gone on by a token."""
        last = len(reference) - 1
        if token == reference[self.next]:
            return Place(min(self.next + 1, last), min(self.next + 1, last))
        place = self.next + 1
        # A second stray token in a row may be the word before which something was put in.
        for back in range(1, min(WINDOW, place - self.left - 1) + 1):
            if token == reference[max(0, place - back - 1)]:
                return Place(place - back, place - back)
        for ahead in range(WINDOW):
            if token == reference[min(place + ahead, last)]:
                found = min(place + ahead + 1, last)
                return Place(found, found)
        return Place(min(place, last), self.left)


@dataclass(frozen=True, slots=True)
class Pull:
    """`own` is the share of every choice that stays the model's own: at 1 nothing pulls. The
    reference pulls where its next token has more than the probability `threshold`; a lower
    `temperature` pulls to that token alone."""

    own: float = 0.55
    threshold: float = 0.1
    temperature: float = 0.2

    def __post_init__(self) -> None:
        for name, value in (("own share", self.own), ("threshold", self.threshold)):
            if not 0 <= value <= 1:
                raise UserError(f"{name} {value:g}: it is from 0 to 1")
        if not self.temperature > 0:
            raise UserError(f"pull temperature {self.temperature:g}: it is above 0")

    def weights(self, place: Place, reference: Sequence[int]) -> Mapping[int, float]:
        """What pulls to each token of the reference that is still to come, together 1."""
        near: defaultdict[int, float] = defaultdict(float)
        for begin in (place.next, place.left):
            for at in range(begin, len(reference)):
                near[reference[at]] += 0.5 / (at - begin + 1) ** 2
        most = max(near.values())
        heaped = {token: exp((it - most) / self.temperature) for token, it in near.items()}
        total = sum(heaped.values())
        return {token: it / total for token, it in heaped.items()}
