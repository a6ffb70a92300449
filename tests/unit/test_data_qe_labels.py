"""Labels for quality estimation, by hand: words, severities, spans, scores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.data.qe.labels import (
    CRITICAL,
    MAJOR,
    MINOR,
    OK,
    Ranked,
    by_phrases,
    by_words,
    check_heads,
    closed,
    severity_of,
    word_severities,
)
from dragoman.data.qe.words import kept, words_in

# The old man saw a red bird .
#  0   1   2   3  4  5   6   7
BIRD = (2, 2, 3, None, 6, 6, 3, 3)


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in words_in(text)]


def test_words_are_what_stands_between_blanks_and_marks() -> None:
    assert cut("L'ami n’a dit: “Non-sens 3,5!”") == [
        "L'ami", "n’a", "dit", ":", "“", "Non-sens", "3", ",", "5", "!", "”",
    ]  # fmt: skip
    assert cut(" ") == []
    assert cut("a- -b") == ["a", "-", "-", "b"]


def test_characters_are_words_where_no_blanks_are_written() -> None:
    assert cut("他买3kg苹果。") == ["他", "买", "3kg", "苹", "果", "。"]
    assert cut("กินดี") == ["กิ", "น", "ดี"]
    # Vowel signs belong to the word.
    assert cut("की कु") == ["की", "कु"]


def test_words_that_the_reference_has_are_kept() -> None:
    assert kept(["A", "red", "bird"], ["a", "bird", "sings"]) == [True, False, True]
    # One of two words in the other order has moved.
    assert kept(["bird", "red"], ["red", "bird"]) == [True, False]
    assert kept(["the", "the", "bird"], ["the", "bird"]).count(True) == 2
    assert kept([], ["a"]) == []
    assert kept(["a"], []) == [False]


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_what_is_kept_stands_in_the_reference_in_this_order(
    words: list[str], reference: list[str]
) -> None:
    rest = iter(reference)
    assert all(word in rest for word, it in zip(words, kept(words, reference), strict=True) if it)
    assert all(kept(words, words))


def test_ranks_are_severities() -> None:
    ranks = {1: OK, 4: OK, 5: MINOR, 8: MINOR, 9: MAJOR, 30: MAJOR, 31: CRITICAL}
    assert {rank: severity_of(rank) for rank in ranks} == ranks
    assert [severity_of(rank, (1, 1, 3)) for rank in (1, 2, 3, 4)] == [OK, MAJOR, MAJOR, CRITICAL]


def test_a_word_is_as_wrong_as_its_worst_token() -> None:
    # "ab cd ef" in tokens ab, " c", "d ", ef, of which the second and third share a word.
    words = [(0, 2), (3, 5), (6, 8)]
    tokens = [Ranked(0, 2, 99), Ranked(2, 4, 6), Ranked(4, 6, 12), Ranked(6, 8, 2)]
    assert word_severities(words, [True, False, False], tokens) == [OK, MAJOR, OK]
    # A neighbour without a blank between has no part in it.
    words, tokens = words_in("cd."), [Ranked(0, 2, 99), Ranked(2, 3, 6)]
    assert word_severities(words, [False, False], tokens) == [CRITICAL, MINOR]


def test_spans_of_words_are_runs_of_one_severity() -> None:
    labels = by_words([OK, MINOR, MAJOR, MAJOR, OK, MINOR])
    assert labels.spans == ((1, 2, MINOR), (2, 4, MAJOR), (5, 6, MINOR))
    assert labels.score == pytest.approx(1 - (0.1 + 1 + 0.1) / 6)


def test_a_run_grows_to_its_phrase() -> None:
    assert closed((1, 2), BIRD) == (1, 2)
    assert closed((0, 2), BIRD) == (0, 3)
    assert closed((4, 6), BIRD) == (4, 7)
    # "man saw a": what is between the article and the verb is the whole object.
    assert closed((2, 5), BIRD) == (2, 7)
    # Two sentences: nothing stands above both.
    assert closed((0, 3), (1, None, None)) == (0, 3)
    assert closed((0, 3), (3, 3, None, None)) == (0, 4)


def test_a_phrase_is_as_wrong_as_its_worst_word() -> None:
    labels = by_phrases([MINOR, MAJOR, OK, OK, MINOR, OK, OK, OK], BIRD)
    assert labels.spans == ((0, 3, MAJOR), (4, 5, MINOR))
    assert labels.severities == (MAJOR, MAJOR, MAJOR, OK, MINOR, OK, OK, OK)
    assert labels.score == pytest.approx(1 - 1.1 / 8)
    row = labels.to_row(words_in("The old man saw a red bird."))
    assert row["spans"][0] == {"start": 0, "end": 11, "severity": "major"}
    assert row["tags"] == ["BAD", "BAD", "BAD", "OK", "BAD", "OK", "OK", "OK"]
    assert row["score"] == 0.8625


def test_without_heads_a_run_is_a_phrase() -> None:
    labels = by_phrases([MINOR, MAJOR, OK, CRITICAL], None)
    assert labels.spans == ((0, 2, MAJOR), (3, 4, CRITICAL))


def test_spans_that_share_a_word_are_one() -> None:
    labels = by_phrases([MINOR, MINOR, OK, MAJOR], (3, 3, 1, None))
    assert labels.spans == ((0, 4, MAJOR),)
    # The first grows up to the second, and no further.
    labels = by_phrases([MINOR, MINOR, OK, MAJOR], (2, 2, None, 2))
    assert labels.spans == ((0, 3, MINOR), (3, 4, MAJOR))


def test_a_score_is_never_below_zero() -> None:
    assert by_words([OK, OK, OK, CRITICAL]).score == 0
    assert by_words([OK]).score == 1
    assert by_words([]).score == 0


def test_heads_that_are_no_tree_are_refused() -> None:
    for heads, problem in (
        ((None,), "1 heads for 2 words"),
        ((None, 2), "word 1 has the head 2"),
        ((1, 0), "above itself"),
    ):
        with pytest.raises(ValueError, match=problem):
            check_heads(heads, 2)
    check_heads((1, None), 2)


@st.composite
def labelled_trees(draw: st.DrawFn) -> tuple[list[int], list[int | None]]:
    count = draw(st.integers(1, 9))
    order = draw(st.permutations(range(count)))
    heads: list[int | None] = [None] * count
    for at in range(1, count):
        heads[order[at]] = draw(st.sampled_from([None, *order[:at]]))
    return draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)), heads


@given(labelled_trees())
def test_phrases_cover_all_errors_and_are_closed(tree: tuple[list[int], list[int | None]]) -> None:
    severities, heads = tree
    labels = by_phrases(severities, heads)
    for i, j, severity in labels.spans:
        assert closed((i, j), heads) == (i, j)
        assert severity == max(severities[i:j]) > OK
    covered = [word for i, j, _ in labels.spans for word in range(i, j)]
    assert len(covered) == len(set(covered))
    assert {word for word, it in enumerate(labels.severities) if it} == set(covered)
    assert all(word in covered for word, it in enumerate(severities) if it)
    assert 0 <= labels.score <= 1
