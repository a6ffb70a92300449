"""The pull of a reference, by hand."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.data.qe.pull import Place, Pull
from dragoman.errors import UserError

END = 0
REFERENCE = (1, 2, 3, 4, END)


def place(*tokens: int) -> Place:
    return reduce(lambda here, token: here.after(token, REFERENCE), tokens, Place())


def test_a_place_moves_along_the_reference() -> None:
    assert place(1, 2) == Place(2, 2)
    assert place(1, 2, 3, 4) == Place(4, 4)


def test_a_replaced_token_is_passed_by() -> None:
    assert place(1, 9) == Place(2, 1)
    assert place(1, 9, 3) == Place(3, 3)


def test_after_a_token_too_many_the_place_is_found_again() -> None:
    # 9 was put in before 2; when 2 comes, the place goes back behind it.
    assert place(1, 9, 2) == Place(2, 2)
    assert place(1, 9, 9, 2) == Place(2, 2)


def test_what_was_said_before_it_left_is_not_found_again() -> None:
    assert place(1, 1) == Place(2, 1)
    assert place(1, 9, 1) == Place(3, 1)


def test_after_left_out_tokens_the_place_is_found_again() -> None:
    assert place(1, 3) == Place(3, 3)
    assert place(1, 4) == Place(4, 4)
    assert place(4) == Place(4, 4)


def test_beyond_the_end_only_the_end_is_left() -> None:
    assert place(9, 9, 9, 9, 9, 9) == Place(4, 0)


def test_the_nearest_token_pulls_most() -> None:
    # exp(1), exp(1/4) and exp(1/9), of 5.11983 together.
    weights = Pull(temperature=1).weights(Place(), (1, 2, END))
    assert weights == pytest.approx({1: 0.530933, 2: 0.250795, END: 0.218272}, abs=1e-6)


def test_what_was_left_pulls_back() -> None:
    # Half of 1, 1/4, 1/9, 1/16 from where it left, and half of 1, 1/4 from here.
    weights = Pull(temperature=1).weights(Place(3, 1), REFERENCE)
    assert list(weights) == [4, END, 2, 3]
    assert weights[2] / weights[3] == pytest.approx(2.718281828 ** (0.5 - 0.125))
    assert weights[4] / weights[2] == pytest.approx(2.718281828 ** (0.5 + 1 / 18 - 0.5))


def test_a_repeated_token_pulls_twice() -> None:
    weights = Pull(temperature=1).weights(Place(), (1, 1, END))
    assert weights[1] / weights[END] == pytest.approx(2.718281828 ** (1 + 1 / 4 - 1 / 9))


def test_a_low_temperature_pulls_to_the_next_token_alone() -> None:
    assert Pull(temperature=0.001).weights(Place(), REFERENCE)[1] == pytest.approx(1)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.lists(st.integers(0, 5)))
def test_every_place_is_in_the_reference(reference: list[int], tokens: list[int]) -> None:
    here = Place()
    for token in tokens:
        here = here.after(token, reference)
        assert 0 <= here.left <= here.next < len(reference)
        weights = Pull().weights(here, reference)
        assert sum(weights.values()) == pytest.approx(1)
        assert set(weights) == set(reference[here.left :])


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"own": 1.1}, {"threshold": -0.1}, {"temperature": 0}):
        with pytest.raises(UserError):
            Pull(**wrong)
