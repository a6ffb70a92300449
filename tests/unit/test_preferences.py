"""Preference pairs, by lists worked out by hand."""

from __future__ import annotations

import json
import sys
from math import e
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import make_group

from dragoman.cli import main
from dragoman.data.rows import Pair, pair_from_row
from dragoman.errors import UserError
from dragoman.formats import Reading, make_format
from dragoman.formats.verdict_line import verdict_row
from dragoman.translators.preferences import (
    Compared,
    Preference,
    Standing,
    Two,
    all_pairs,
    best_worst,
    compared_in,
    compat,
    dataset_info,
    preference_row,
    preferences,
    reply_of,
    swaps,
)
from dragoman.translators.tree.nodes import Node, Tree, grown, standings, tree_rows
from dragoman.types import Failure, Judgement, Ranking, Segment, Verdict

SEGMENT = Segment("s", "Guten Morgen, liebe Sonne", "de", "en")


def right(text: str) -> bool:
    return False


def named(pairs: list[Two]) -> str:
    return " ".join(better.text + worse.text for better, worse in pairs)


def plant(*children: tuple[str, int, float]) -> Tree:
    tree: Tree = (Node("Quelle", "source"),)
    for text, parent, reward in children:
        tree = grown(tree, Node(text, "sample", parent), reward)
    return tree


def list_of(**utilities: float) -> list[Standing]:
    return [Standing(text, utility) for text, utility in utilities.items()]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (list_of(a=3, b=2, c=1), ""),
        (list_of(a=1, b=2), "ba"),
        # i=0: b over a (b a c), c over b (c a b); i=1: b over a (c b a).
        (list_of(a=1, b=2, c=3), "ba cb ba"),
        # i=0: b over a (b a c); i=1: c over a (b c a).
        (list_of(a=1, b=3, c=2), "ba ca"),
        (list_of(a=1, b=1), ""),
        ([], ""),
    ],
)
def test_a_pair_for_each_swap_of_the_sort(found: list[Standing], expected: str) -> None:
    assert named(swaps(found)) == expected


def test_best_against_worst_and_every_unequal_two() -> None:
    found = list_of(a=1, b=3, c=2, d=1)
    assert named(best_worst(found)) == "bd"
    assert named(all_pairs(found)) == "bc ba bd ca cd"
    assert named(best_worst([Standing("x", 5, True), *found])) == "bd"
    assert best_worst(list_of(a=1, b=1)) == []
    assert best_worst([]) == []


# Level order: a .5, b .8, c .9; the root's utility is (.5 + .8 + .9 + .1)/4 = .575.
FOUR = plant(("a", 0, 0.5), ("b", 0, 0.8), ("c", 1, 0.9), ("d", 2, 0.1))


def pairs_of(tree: Tree, how: Any = None, is_wrong: Any = right) -> str:
    row = {"details": {"tree": tree_rows(tree)}, "signature": "x"}
    compared = compared_in(row, SEGMENT, is_wrong)
    assert isinstance(compared, Compared)
    found = preferences(SEGMENT, compared, how, is_wrong)
    assert all(one.origin == "tree" and one.signature == "x" for one in found)
    return " ".join(one.chosen + one.rejected for one in found)


def test_the_pairs_of_a_tree() -> None:
    # Utilities: a (.5+.9)/2 = .7, b (.8+.1)/2 = .45, c .9, d .1; swaps of a b c d: c over a
    # (c b a d), a over b (c a b d).
    assert [(one.text, round(one.utility, 9)) for one in standings(FOUR)] == [
        ("a", 0.7), ("b", 0.45), ("c", 0.9), ("d", 0.1),
    ]  # fmt: skip
    assert pairs_of(FOUR) == "ca ab"
    assert pairs_of(FOUR, "best-worst") == "cd"
    assert pairs_of(FOUR, "all") == "ca cb cd ab ad"


def test_what_is_chosen_is_better_than_the_root() -> None:
    # The root's utility is (.3 + .35 + .9)/3 = .517, so that d over c is no pair.
    tree = plant(("c", 0, 0.3), ("d", 0, 0.35), ("a", 0, 0.9))
    assert pairs_of(tree, "all") == "ad ac"
    # a is as good as the root, and no better.
    tree = plant(("a", 0, 0.5), ("b", 0, 0.25), ("c", 0, 0.75))
    assert pairs_of(tree, "all") == "ca cb"


def test_nothing_in_the_wrong_language_is_chosen() -> None:
    def wrong(text: str) -> bool:
        return text == "c"

    # c falls to .45, as b has: no swap but none is needed, for a leads.
    assert pairs_of(FOUR, "swaps", wrong) == ""
    assert pairs_of(FOUR, "all", wrong) == "ab ac ad"
    assert pairs_of(FOUR, "all", lambda text: text in "ac") == ""
    # Half of c's .9 is still above the others, and above the root's .3.
    tree = plant(("b", 0, 0.1), ("c", 0, 0.9), ("d", 0, 0.1), ("e", 0, 0.1))
    assert (pairs_of(tree, "swaps"), pairs_of(tree, "all")) == ("cb", "cb cd ce")
    assert pairs_of(tree, "swaps", wrong) == pairs_of(tree, "all", wrong) == ""


def test_what_the_published_code_takes() -> None:
    # Last child first: b d a c. b .45, d .1, a .7, c .9. For b: a is the first above it and above
    # the root. For d: a. For a: c.
    assert named(compat(FOUR, right)) == "ab ad ca"
    assert pairs_of(FOUR, "compat") == "ab ad ca"
    # Equal texts are summed: x .3 + .4 beats y .6, where the mean would not.
    double = plant(("x", 0, 0.3), ("x", 0, 0.4), ("y", 0, 0.6))
    assert named(compat(double, right)) == "xy"
    assert pairs_of(double) == "yx"


def test_the_published_code_swaps_what_is_in_the_wrong_language_and_compares_the_old() -> None:
    tree = plant(("a", 0, 0.95), ("b", 0, 1.0), ("c", 0, 0.0))
    # Order c b a; c 0, b 1 halved to .5 and so below the root's .65, a .95.
    assert named(compat(tree, lambda text: text == "b")) == "ac ab"
    low = plant(("a", 0, 0.5), ("b", 0, 1.0), ("c", 0, 0.0), ("d", 0, 0.0))
    # Root .375; order d c b a; b .5 is wrong. For d: b is swapped in front (b c d a), then a, at
    # .5 above d, is taken. For c: d no, a yes. For d: a.
    assert named(compat(low, lambda text: text == "b")) == "ad ac ad"
    assert pairs_of(low, "compat", lambda text: text == "b") == "ad ac"


@given(st.lists(st.integers(0, 5), max_size=8))
def test_swaps_sort(utilities: list[int]) -> None:
    found = [Standing(str(i), utility) for i, utility in enumerate(utilities)]
    pairs = swaps(found)
    assert all(better.utility > worse.utility for better, worse in pairs)
    assert bool(pairs) == (utilities != sorted(utilities, reverse=True))
    order = list(found)
    for better, worse in pairs:
        i, j = order.index(worse), order.index(better)
        order[i], order[j] = order[j], order[i]
    assert [one.utility for one in order] == sorted(utilities, reverse=True)


def test_the_win_rate_is_a_softmax() -> None:
    def rate(better: float, worse: float) -> float:
        return Preference(SEGMENT, "a", "b", (better, worse), "tree").win_rate

    assert rate(1, 0) == pytest.approx(e / (e + 1))
    assert rate(0.9, 0.7) == pytest.approx(0.549834, abs=1e-6)
    assert rate(0.5, 0.5) == 0.5


def judged(verdict: Verdict | None) -> dict[str, Any]:
    failure = None if verdict else Failure("bad-scores", "none")
    return verdict_row(Judgement(make_group("x", "y", "x", "z"), verdict, failure))


def test_verdicts_with_scores_with_places_and_none() -> None:
    group = make_group("x", "y", "x", "z")
    scored = Verdict(Ranking(((0, 2), (3,), (1,))), (9, 2, 9, 4))
    compared = compared_in(judged(scored), group, right)
    assert isinstance(compared, Compared)
    assert compared.found == tuple(list_of(x=9, y=2, z=4))
    assert [p.rejected for p in preferences(SEGMENT, compared, None, right)] == ["y"]
    placed = compared_in(judged(Verdict(Ranking(((0, 2), (3,), (1,))))), group, right)
    assert isinstance(placed, Compared)
    assert placed.found == tuple(list_of(x=2, y=0, z=1))
    assert compared_in(judged(None), group, right) == "bad-scores"
    halved = compared_in(judged(scored), group, lambda text: text == "x")
    assert isinstance(halved, Compared)
    assert halved.found[0] == Standing("x", 4.5, True)
    below = Verdict(Ranking(((1,), (3,), (0, 2))), (-3, 2, -3, 1))
    doubled = compared_in(judged(below), group, lambda text: text == "x")
    assert isinstance(doubled, Compared)
    assert doubled.found[0] == Standing("x", -6, True)


def test_a_best_of_n_line_with_its_group() -> None:
    row = {
        "status": "failed",
        "details": {
            "candidates": ["x", "y"],
            "judgement": {"status": "ok", "order": [1, 0], "ranking": "B > A", "scores": [1, 2]},
        },
    }
    compared = compared_in(row, SEGMENT, right)
    assert isinstance(compared, Compared)
    assert (compared.origin, compared.floor) == ("best-of-n", None)
    assert compared_in({"status": "ok"}, SEGMENT, right) == "nothing compared"
    assert compared_in({"reason": "no-block: x"}, SEGMENT, right) == "no-block"
    row["details"]["judgement"]["scores"] = [1]  # type: ignore[index]
    with pytest.raises(ValueError, match="1 scores for 2 candidates"):
        compared_in(row, SEGMENT, right)
    row["details"]["judgement"] = "ok"  # type: ignore[index]
    with pytest.raises(ValueError, match="'judgement' must be an object, not text"):
        compared_in(row, SEGMENT, right)


def test_rows_for_training() -> None:
    preference = Preference(SEGMENT, "Good morning", "Night", (0.9, 0.7), "tree", "x")
    format = make_format("codeblock-think")
    row = preference_row(preference, "trl", format)
    assert row
    assert row["prompt"] == [{"role": "user", "content": format.write(SEGMENT).text}]
    assert row["chosen"] == [{"role": "assistant", "content": "```\nGood morning\n```"}]
    assert row["rejected"] == [{"role": "assistant", "content": "```\nNight\n```"}]
    assert (row["win_rate"], row["utilities"]) == (0.549834, [0.9, 0.7])
    other = preference_row(preference, "llama-factory", make_format("tower"))
    assert other
    assert other["chosen"] == {"role": "assistant", "content": "Good morning"}
    assert set(dataset_info("x.jsonl")["columns"]) <= set(other)
    rows = preference_row(preference, "rows", format)
    assert rows
    assert (rows["source"], rows["chosen"]) == (SEGMENT.source, "Good morning")


def test_a_format_without_a_chat_has_texts_and_no_messages() -> None:
    preference = Preference(SEGMENT, "Good morning", "Night", (0.9, 0.7), "tree", "x")
    format = make_format("seedx")
    row = preference_row(preference, "trl", format)
    assert row
    assert row["prompt"] == format.write(SEGMENT).text
    assert (row["chosen"], row["rejected"]) == ("Good morning", "Night")
    assert pair_from_row(row) == Pair(row["prompt"], "Good morning", "Night", chat=False)
    with pytest.raises(UserError, match="seedx is asked without a chat template"):
        preference_row(preference, "llama-factory", format)


@pytest.mark.parametrize("reading", ["strict", "lenient", "compat"])
@pytest.mark.parametrize("name", ["ssr", "ssr-card"])
def test_an_answer_in_tags_is_a_reply_too(name: str, reading: Reading) -> None:
    preference = Preference(SEGMENT, "Good\nmorning", "Night", (0.9, 0.7), "tree", "x")
    format = make_format(name, reading)
    row = preference_row(preference, "trl", format)
    assert row
    assert row["chosen"] == "<think></think> <answer>Good\nmorning</answer>"
    assert format.read(row["rejected"], SEGMENT) == "Night"
    assert pair_from_row(row).chat is False
    unwritable = Preference(SEGMENT, "", "Night", (0.9, 0.7), "tree", "x")
    with pytest.raises(UserError, match="is asked without a chat template"):
        preference_row(unwritable, "llama-factory", format)


def test_a_text_that_fits_in_no_reply_is_left_out() -> None:
    tower = make_format("tower")
    assert reply_of("two\nlines", SEGMENT, tower) is None
    assert reply_of("```", SEGMENT, make_format("codeblock-think")) in (None, "````\n```\n````")
    two = Preference(SEGMENT, "two\nlines", "one", (1, 0), "tree")
    assert preference_row(two, "trl", tower) is None


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["dragoman", "preferences", *arguments])
    with pytest.raises(SystemExit) as exit:
        main()
    return int(exit.value.code or 0)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    sources = [{"id": i, "src_lang": "de", "tgt_lang": "en", "source": f"Satz {i}"} for i in "123"]
    judgement = {"status": "ok", "order": [1, 0], "ranking": "B > A", "scores": [1, 2]}
    translations = [
        {"id": "1", "status": "ok", "details": {"tree": tree_rows(FOUR)}},
        {"id": "2", "status": "ok", "details": {"candidates": ["x", "y"], "judgement": judgement}},
        {"id": "3", "status": "failed", "reason": "unjudged: bad-scores: x"},
    ]
    for name, rows in (("sources", sources), ("translations", translations)):
        write(tmp_path / f"{name}.jsonl", rows)
    return tmp_path


def write(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


FLAGS = ("translations.jsonl", "--of", "sources.jsonl", "-o", "out.jsonl", "--language-check")


def test_a_file_of_pairs(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *FLAGS, "none") == 0
    assert capsys.readouterr().err == "3 pairs from 3 segments · left out: unjudged 1\n"
    rows = [json.loads(line) for line in (files / "out.jsonl").read_text().splitlines()]
    assert [row["origin"] for row in rows] == ["tree", "tree", "best-of-n"]
    assert rows[2]["chosen"][0]["content"] == "```\ny\n```"
    assert "Satz 2" in rows[2]["prompt"][0]["content"]
    assert run(monkeypatch, *FLAGS, "none") == 2
    assert "--overwrite" in capsys.readouterr().err
    flags = ("none", "--overwrite", "--form", "llama-factory")
    assert run(monkeypatch, *FLAGS, *flags) == 0
    assert '"ranking": true' in capsys.readouterr().err


def test_mistakes_are_named_by_file_and_line_and_leave_no_file(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*more: str) -> str:
        assert run(monkeypatch, *FLAGS, "none", *more) == 2
        assert not (files / "out.jsonl").exists()
        return capsys.readouterr().err

    assert "are for trees" in told("--pairs", "compat")
    assert "gqm is about a group" in told("--format", "gqm")
    lines = (files / "sources.jsonl").read_text().splitlines(keepends=True)
    (files / "sources.jsonl").write_text("".join(lines[1:]))
    assert "translations.jsonl:1: its id is '1', and in sources.jsonl:1 '2'" in told()
    (files / "sources.jsonl").write_text("".join(lines[:2]))
    assert "translations.jsonl:3: sources.jsonl has no line for it" in told()
    (files / "sources.jsonl").write_text("".join([*lines, lines[0]]))
    assert "sources.jsonl has more lines" in told()
