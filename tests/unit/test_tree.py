"""The tree's arithmetic, by values worked out by hand."""

from __future__ import annotations

import json
from math import inf, log, sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.cli.preferences import pairs
from dragoman.cli.tree import tree as draw
from dragoman.errors import BadRecord
from dragoman.translators.tree.drawing import drawn
from dragoman.translators.tree.nodes import (
    Node,
    Standing,
    Tree,
    best,
    by_utility,
    grown,
    is_settled,
    kept,
    level_order,
    propagated,
    select,
    standings,
    summed,
    tree_from_rows,
    tree_rows,
    uct,
)

ROOT: Tree = (Node("Quelle", "source", back="Quelle"),)


def plant(*children: tuple[str, int, float]) -> Tree:
    """A tree of (text, parent, reward), grown in this order."""
    tree = ROOT
    for text, parent, reward in children:
        tree = grown(tree, Node(text, "sample", parent), reward)
    return tree


# a and b are samples; c was made from a, d from c, e from b.
FIVE = plant(("a", 0, 0.5), ("b", 0, 0.8), ("c", 1, 0.9), ("d", 3, 0.1), ("e", 2, 0.6))


@pytest.mark.parametrize(
    ("total", "visits", "parent", "exploration", "expected"),
    [
        (0.0, 0, 5, 2.0, inf),
        (1.5, 3, 1, 2.0, 0.5),  # ln 1 is 0
        (1.5, 3, 5, 0.0, 0.5),
        (0.8, 1, 4, 2.0, 0.8 + 2 * sqrt(2 * log(4))),  # 4.1302…
        (1.2, 2, 8, 2.0, 0.6 + 2 * sqrt(log(8))),
        (1.2, 2, 8, 1.0, 0.6 + sqrt(log(8))),
    ],
)
def test_uct(total: float, visits: int, parent: int, exploration: float, expected: float) -> None:
    node = Node("x", "sample", 0, None, total, visits)
    assert uct(node, parent, exploration) == pytest.approx(expected)


def test_uct_of_a_number_known_from_a_table() -> None:
    assert uct(Node("x", "sample", 0, None, 0.8, 1), 4) == pytest.approx(4.130218, abs=1e-6)


def test_a_reward_counts_for_a_node_and_all_above_it_and_for_no_other() -> None:
    totals = [round(node.total, 9) for node in FIVE]
    assert totals == [2.9, 1.5, 1.4, 1.0, 0.1, 0.6]
    assert [node.visits for node in FIVE] == [5, 3, 2, 2, 1, 1]
    again = propagated(FIVE, 3, 1.0)
    assert [node.visits for node in again] == [6, 4, 2, 3, 1, 1]
    assert round(again[0].total, 9) == 3.9
    assert FIVE[3].visits == 2


def test_selection_goes_down_to_a_leaf() -> None:
    # At the root: a 0.5 + 2·√(2·ln 5 / 3) = 2.572, b 0.7 + 2·√(2·ln 5 / 2) = 3.237.
    assert select(FIVE) == 5
    # Without exploration too: b's mean 0.7 is above a's 0.5.
    assert select(FIVE, 0.0) == 5
    assert select(ROOT) == 0
    assert select(plant(("a", 0, 0.5), ("b", 0, 0.5))) == 1
    # a was visited four times, so that the worse b, visited once, is looked at again.
    assert select(plant(("a", 0, 0.9), ("b", 0, 0.2), *[("c", 1, 0.9)] * 3)) == 2
    assert select(plant(("a", 0, 0.9), ("b", 0, 0.2), *[("c", 1, 0.9)] * 3), 0.1) == 3


def test_the_best_node_may_be_the_root_and_is_the_earliest_of_equals() -> None:
    assert best(FIVE) == 2  # b: 0.7, a: 0.5, c: 0.5, d: 0.1, e: 0.6
    assert best(ROOT) == 0
    assert best(plant(("a", 0, 0.5))) == 0
    assert best(plant(("a", 0, 0.5), ("b", 0, 0.7), ("c", 0, 0.7))) == 2


def test_level_order_is_level_by_level() -> None:
    assert [FIVE[i].text for i in level_order(FIVE)] == ["a", "b", "c", "e", "d"]
    assert level_order(ROOT) == []


def test_equal_texts_have_the_mean_of_their_utilities_and_never_the_sum() -> None:
    tree = plant(("a", 0, 0.6), ("b", 0, 0.5), ("a", 0, 0.2))
    assert standings(tree) == [Standing("a", pytest.approx(0.4)), Standing("b", 0.5)]  # type: ignore[arg-type]
    assert [one.text for one in by_utility(standings(tree))] == ["b", "a"]


def test_the_published_code_sums_equal_texts() -> None:
    tree = plant(("a", 0, 0.6), ("b", 0, 0.7), ("a", 0, 0.2))
    assert by_utility(summed(tree)) == [Standing("a", pytest.approx(0.8)), Standing("b", 0.7)]  # type: ignore[arg-type]
    assert [one.text for one in by_utility(standings(tree))] == ["b", "a"]


def test_below_zero_a_text_in_the_wrong_language_is_worth_less_too() -> None:
    assert [kept(utility) for utility in (3.0, 0.0, -3.0)] == [1.5, 0.0, -6.0]


def test_a_text_in_the_wrong_language_has_half_its_utility() -> None:
    tree = plant(("a", 0, 0.9), ("b", 0, 0.5))
    found = by_utility(standings(tree, lambda text: text == "a"))
    assert found == [Standing("b", 0.5), Standing("a", 0.45, True)]


def test_only_a_perfect_leader_cannot_be_caught() -> None:
    perfect = plant(("a", 0, 1.0), ("b", 0, 0.2))
    assert is_settled(perfect, lambda text: False)
    assert not is_settled(perfect, lambda text: text == "a")
    assert not is_settled(plant(("a", 0, 0.99)), lambda text: False)
    assert not is_settled(ROOT, lambda text: False)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.floats(0, 1)), max_size=30),
)
def test_what_holds_of_every_tree(steps: list[tuple[int, float]]) -> None:
    tree = ROOT
    for number, (parent, reward) in enumerate(steps):
        tree = grown(tree, Node(f"t{number}", "sample", parent % len(tree)), reward)
    assert tree[0].visits == len(steps)
    assert tree[0].total == pytest.approx(sum(reward for _, reward in steps))
    assert sorted(level_order(tree)) == list(range(1, len(tree)))
    leaf = select(tree)
    assert all(node.parent != leaf for node in tree)
    assert tree_from_rows(tree_rows(tree)) == tree
    assert len(list(drawn(tree))) == len(tree)


def test_a_drawing() -> None:
    assert list(drawn(plant(("a\nb", 0, 0.5), ("c", 1, 1.0), ("x" * 200, 0, 0.25)))) == [
        "Quelle  (3 rewards)",
        "├─ 0.750 × 2  a b  (sample)",
        "│  └─ 1.000 × 1  c  (sample)",
        f"└─ 0.250 × 1  {'x' * 100}…  (sample)",
    ]
    # What was never valued has no number.
    assert list(drawn((*ROOT, Node("a", "sample", 0))))[1:] == ["└─ – × 0  a  (sample)"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parent": 7}, "node 1 of the tree hangs on 7"),
        ({"parent": None}, "node 1 of the tree hangs on None"),
        ({"text": 5}, "has no text"),
        ({"made": "guess"}, "made in no known way"),
        ({"visits": -1}, "its total and its visits"),
        ({"back": 5}, "a reconstruction that is no text"),
    ],
)
def test_rows_that_are_no_tree_are_refused(change: dict[str, object], message: str) -> None:
    rows = tree_rows(plant(("a", 0, 0.5)))
    with pytest.raises(ValueError, match=message):
        tree_from_rows([rows[0], {**rows[1], **change}])
    with pytest.raises(ValueError, match="its total and its visits"):
        tree_from_rows([{"text": "a", "made": "source"}])


@pytest.mark.parametrize(
    ("details", "message"),
    [
        ("x", "'details' must be an object, not text"),
        ({"tree": 5}, "'tree' must be a list of nodes"),
        ({"tree": {"text": "a"}}, "'tree' must be a list of nodes"),
        ({"tree": [1]}, "'tree' must be a list of nodes"),
    ],
)
def test_a_line_without_a_tree_where_it_should_be_is_named(
    details: object, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, of = tmp_path / "found.jsonl", tmp_path / "of.jsonl"
    lines.write_text(json.dumps({"id": "1", "status": "ok", "details": details}))
    of.write_text('{"id": "1", "src_lang": "de", "tgt_lang": "en", "source": "Quelle"}')
    with pytest.raises(BadRecord, match=message):
        draw(str(lines))
    with pytest.raises(BadRecord, match=message):
        pairs(str(lines), of=str(of), output=str(tmp_path / "out.jsonl"))
