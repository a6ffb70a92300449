"""The search in a world of its own: a scripted translator that anybody can follow by hand."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from dragoman.asking import Asked, Asker, Patience
from dragoman.engines.scripted import ScriptedEngine
from dragoman.errors import BudgetSpent, UserError
from dragoman.formats import make_format
from dragoman.formats.examples import WithExamples
from dragoman.language_check import LanguageCheck
from dragoman.ledger import Ledger
from dragoman.metrics import make_metric
from dragoman.ranking import rank_scores
from dragoman.translators import make_translator
from dragoman.translators.tree.asking import TreeBudget
from dragoman.translators.tree.nodes import tree_from_rows
from dragoman.translators.tree.search import TreeTranslator, likelier
from dragoman.translators.tree.settings import TreeSettings
from dragoman.translators.tree.worth import Similarity, Valued, floored, reward
from dragoman.types import (
    Completion,
    Failure,
    Group,
    Judgement,
    Prompt,
    Ranking,
    Sampling,
    Segment,
    Usage,
    Verdict,
)

SEGMENT = Segment("s", "the small cat sleeps in the warm house", "en", "de")
WARM = Sampling(temperature=0.5)
ASKED = re.compile(r"from (\S+) into (\S+?)\..*```\n(.*?)\n```\s*$", re.S)


def world(prompt: Prompt, sampling: Sampling) -> str:
    """Translates by marking the language, and loses a word now and then, by the seed."""
    match = ASKED.search(prompt.text)
    assert match
    _, target, text = match.groups()
    words = [word.split(":")[-1] for word in text.split()]
    rng = random.Random(f"{prompt.text}/{sampling.seed}")
    kept = [word for word in words if rng.random() > 0.1] or words[:1]
    mark = "" if target == "English" else f"{target[:2].lower()}:"
    return "Well.\n\n```\n" + " ".join(mark + word for word in kept) + "\n```"


def tree_translator(
    engine: Any = None, samples: int = 3, judge: Any = None, name: str = "tree", **settings: Any
) -> TreeTranslator:
    engine = engine or ScriptedEngine.answering(world)
    made = make_translator(
        name,
        Asker(engine, WARM, Patience(0)),
        samples=samples,
        judge=judge,
        tree=TreeSettings(**{"rounds": 6, "bridges": ("fr", "es"), **settings}),
    )
    assert isinstance(made, TreeTranslator)
    return made


class Slow(ScriptedEngine):
    """Answers in an order of its own, and counts how many questions wait together."""

    waiting = most = 0

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(random.random() / 300)
        self.waiting -= 1
        return await super().complete(prompt, sampling)


async def test_the_tree_is_the_same_twice_in_whatever_order_answers_come() -> None:
    first = await tree_translator().translate(SEGMENT)
    slow = Slow.answering(world)
    again, other = await asyncio.gather(
        tree_translator(slow).translate(SEGMENT), tree_translator(slow).translate(SEGMENT, 1)
    )
    assert (first.texts, first.details) == (again.texts, again.details)
    assert other.details["tree"] != first.details["tree"]
    # Three samples' worth of round trips are under way together at least.
    assert slow.most > 9


async def test_compat_chooses_from_the_same_tree_as_the_published_code_does() -> None:
    wrong = LanguageCheck("never", lambda text: "fr")
    ours = await tree_translator(every_round=True, check=wrong).translate(SEGMENT)
    theirs = await tree_translator(compat=True, check=wrong).translate(SEGMENT)
    assert theirs.details["tree"] == ours.details["tree"]
    assert theirs.details["rounds"] == 6
    assert ours.details["wrong"]
    assert "wrong" not in theirs.details
    totals: dict[str, float] = {}
    for node in theirs.details["tree"][1:]:
        utility = node["total"] / node["visits"]
        totals[node["text"]] = totals.get(node["text"], 0) + utility
    assert max(totals, key=totals.__getitem__) == theirs.texts[0]
    assert theirs.details["utilities"][0] == round(totals[theirs.texts[0]], 4)
    assert "tree_choice:compat" in theirs.signature


async def test_what_a_search_finds_and_says() -> None:
    translation = await tree_translator(every_round=True).translate(SEGMENT)
    details = translation.details
    tree = tree_from_rows(details["tree"])
    assert tree[0].text == SEGMENT.source
    assert Counter(node.made for node in tree)["sample"] == 3
    assert len(tree) == 1 + 3 + 6
    assert {node.made for node in tree[4:]} == {"mutation", "merge"}
    assert tree[0].visits == 9
    assert all(0 <= node.total <= node.visits for node in tree)
    assert details["utilities"] == sorted(details["utilities"], reverse=True)
    assert set(translation.texts) == {node.text for node in tree[1:]}
    assert (details["stopped"], details["rounds"]) == ("rounds", 6)
    # Each sample: itself and one way back. Each round: the new text (two for a merge), one way
    # straight back, and 3 + 9 ways out and home.
    merges = sum(node.made == "merge" for node in tree)
    assert details["used"]["calls"] == 3 * 2 + 6 * (1 + 1 + 2 * 12) + merges
    assert translation.usage.calls == details["used"]["calls"]
    assert "translator:tree|samples:3|rounds:6|exploration:2|" in translation.signature
    assert "|similarity:chrf|" in translation.signature
    assert "|bridges:fr,es|depth:2|" in translation.signature


async def test_trips_are_cool_and_without_context_and_each_text_in_its_own_language() -> None:
    marks = {"English": "", "German": "ge", "French": "fr", "Spanish": "sp"}
    asked: set[tuple[str, str, str]] = set()
    ways: set[tuple[bool, float, bool]] = set()

    def noted(prompt: Prompt, sampling: Sampling) -> str:
        match = ASKED.search(prompt.text)
        assert match
        source, target, text = match.groups()
        asked.update((source, target, word.rpartition(":")[0]) for word in text.split())
        ways.add((target == "German", sampling.temperature, "It was late." in prompt.text))
        return world(prompt, sampling)

    translator = make_translator(
        "tree",
        Asker(ScriptedEngine.answering(noted), WARM, Patience(0)),
        samples=3,
        context=1,
        tree=TreeSettings(rounds=3, bridges=("fr", "es")),
    )
    await translator.translate(replace(SEGMENT, context=("It was late.",)))
    assert ways == {(True, 0.5, True), (False, 0.1, False)}
    assert all(mark == marks[source] for source, _, mark in asked)
    # There, straight back, and on through a bridge, from the translation and from what came home.
    told = {f"{source} {target}" for source, target, _ in asked}
    assert told >= {"English German", "German English", "German French", "English French"}


async def test_one_bridge_is_enough_and_none_goes_straight_back() -> None:
    one = await tree_translator(bridges=("fr",), rounds=1).translate(SEGMENT)
    assert one.texts
    none = await tree_translator(bridges=(), rounds=2, every_round=True).translate(SEGMENT)
    merges = sum(row["made"] == "merge" for row in none.details["tree"])
    assert none.details["used"]["calls"] == 3 * 2 + 2 * (1 + 3) + merges
    assert "depth" not in none.signature


async def test_a_budget_ends_the_search_before_a_round() -> None:
    translation = await tree_translator(budget=TreeBudget(calls=6)).translate(SEGMENT)
    assert (translation.details["stopped"], translation.details["rounds"]) == ("calls", 0)
    translation = await tree_translator(budget=TreeBudget(calls=7)).translate(SEGMENT)
    assert translation.details["rounds"] == 1
    translation = await tree_translator(budget=TreeBudget(tokens=1)).translate(SEGMENT)
    assert translation.details["stopped"] == "tokens"


async def test_a_search_resumed_from_a_ledger_ends_with_the_same_tree(tmp_path: Any) -> None:
    class Killed(ScriptedEngine):
        left = 40

        async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
            self.left -= 1
            if self.left < 0:
                raise BudgetSpent
            return await super().complete(prompt, sampling)

    budget = TreeBudget(calls=80)
    whole = await tree_translator(budget=budget).translate(SEGMENT)
    with Ledger(tmp_path / "ledger") as ledger:
        made = tree_translator(budget=budget)
        asker = Asker(Killed.answering(world), WARM, Patience(0), ledger)
        with pytest.raises(BudgetSpent):
            await searching(made, asker).translate(SEGMENT)
        asker = Asker(ScriptedEngine.answering(world), WARM, Patience(0), ledger)
        resumed = await searching(made, asker).translate(SEGMENT)
    assert resumed.details == whole.details
    assert resumed.usage.calls == whole.usage.calls - 40


def searching(made: TreeTranslator, asker: Asker) -> TreeTranslator:
    """The same search by way of another asker."""
    sampler = type(made.sampler)(asker, made.sampler.format, made.sampler.samples)
    return TreeTranslator(sampler, made.worth, made.check, made.rounds, budget=made.budget)


async def test_a_perfect_round_trip_settles_it() -> None:
    def perfect(prompt: Prompt, sampling: Sampling) -> str:
        match = ASKED.search(prompt.text)
        assert match
        return f"```\n{match[3][::-1]}\n```"

    engine = ScriptedEngine.answering(perfect)
    translation = await tree_translator(engine).translate(SEGMENT)
    assert (translation.details["stopped"], translation.details["rounds"]) == ("settled", 0)
    translation = await tree_translator(engine, every_round=True).translate(SEGMENT)
    assert translation.details["rounds"] == 6


async def test_a_copy_of_the_source_does_not_win() -> None:
    def lazy(prompt: Prompt, sampling: Sampling) -> str:
        match = ASKED.search(prompt.text)
        assert match
        if "into German" not in prompt.text or sampling.seed // 1000 % 2:
            return f"```\n{match[3]}\n```"
        return "```\n" + " ".join(match[3].split()[:-1]) + " im Haus\n```"

    translation = await tree_translator(
        ScriptedEngine.answering(lazy), samples=6, bridges=(), rounds=3
    ).translate(SEGMENT)
    assert translation.texts[0].endswith("im Haus")
    assert [translation.texts[i] for i in translation.details["wrong"]] == [SEGMENT.source]


async def test_a_text_in_the_wrong_language_keeps_half() -> None:
    check = LanguageCheck("no-sleep", lambda text: "fr" if "sleeps" in text else "de")
    translation = await tree_translator(check=check).translate(SEGMENT)
    wrong = translation.details["wrong"]
    assert all("sleeps" in translation.texts[i] for i in wrong)
    assert all(translation.details["utilities"][i] <= 0.5 for i in wrong)


async def test_what_cannot_be_read_is_lost_and_counted_and_never_worth_0() -> None:
    def forgetful(prompt: Prompt, sampling: Sampling) -> str:
        if random.Random(f"lost/{prompt.text}/{sampling.seed}").random() < 0.2:
            return "I forgot."
        return world(prompt, sampling)

    translation = await tree_translator(ScriptedEngine.answering(forgetful)).translate(SEGMENT)
    assert translation.details["lost"]["no-block"] > 5
    tree = tree_from_rows(translation.details["tree"])
    assert all(node.total > 0 for node in tree)


async def test_without_a_readable_sample_there_is_no_tree() -> None:
    engine = ScriptedEngine(rules=[{"reply": "no"}])
    translation = await tree_translator(engine).translate(SEGMENT)
    assert translation.failure == Failure(
        "no-block", "3 of 3 replies: the reply does not end with a code block"
    )
    assert translation.usage.calls == 3


class Longest:
    """Gives a point for each word."""

    fields: Mapping[str, object] = MappingProxyType({"judge": "longest"})

    def __init__(self, scored: bool = True) -> None:
        self.seen, self.scored = list[Group](), scored

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        self.seen.append(group)
        scores = tuple(float(len(c.text.split())) for c in group.candidates)
        verdict = Verdict(rank_scores(scores), scores if self.scored else None)
        return Judgement(group, verdict, None, ("reply",), "judge:longest", Usage(1))


async def test_a_judge_values_siblings_together_beside_texts_of_the_tree() -> None:
    judge = Longest()
    translation = await tree_translator(
        judge=judge, bridges=(), rounds=3, every_round=True
    ).translate(SEGMENT)
    assert len(judge.seen) == 4
    assert all(group.segment == SEGMENT for group in judge.seen)
    tree = tree_from_rows(translation.details["tree"])
    assert len(tree) == 1 + 3 + 3 * 3
    first = {node.text for node in tree[1:4]}
    assert {c.text for c in judge.seen[0].candidates} == first
    for round in range(1, 4):
        new = {node.text for node in tree[1 + 3 * round : 4 + 3 * round]}
        shown = {c.text for c in judge.seen[round].candidates}
        assert new <= shown
        assert shown - new <= {node.text for node in tree[: 1 + 3 * round]}
    assert tree[1].total >= len(tree[1].text.split()) / 10
    assert "|judge:longest|judge_top:10|" in translation.signature


async def test_a_judge_without_scores_values_nothing() -> None:
    translation = await tree_translator(judge=Longest(False), bridges=()).translate(SEGMENT)
    assert translation.failure
    assert translation.failure.reason == "no-scores"


class Comparing(Longest):
    """Says nothing of a text alone, as every judge that compares."""

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        judgement = await super().judge(group, draw)
        if len(group) == 1:
            return replace(judgement, verdict=Verdict(Ranking(((0,),))))
        return judgement


async def test_samples_that_are_all_one_text_wait_for_another_to_be_judged_beside() -> None:
    def alike(prompt: Prompt, sampling: Sampling) -> str:
        match = ASKED.search(prompt.text)
        assert match
        if match[2] == "English":
            return "```\ncome home\n```"
        return "```\nwas besser ist\n```" if "come home" in match[3] else "```\nwas ist\n```"

    engine, judge = ScriptedEngine.answering(alike), Comparing()
    found = await tree_translator(engine, judge=judge, bridges=(), rounds=1).translate(SEGMENT)
    assert [len(group) for group in judge.seen] == [1, 2]
    tree = tree_from_rows(found.details["tree"])
    assert [(node.text, node.parent) for node in tree[1:]] == [
        ("was ist", 0), *[("was besser ist", 1)] * 3
    ]  # fmt: skip
    assert (tree[1].visits, tree[1].total) == (4, pytest.approx(0.2 + 3 * 0.3))
    assert found.texts == ("was besser ist", "was ist")
    assert "lost" not in found.details
    # Six texts, the way back of each but for the two samples too many, and a judgement's reply.
    assert found.details["used"]["calls"] == 3 + 1 + 3 + 3 + 1 + 1


async def test_one_text_and_nothing_else_is_the_translation_and_has_no_utility() -> None:
    engine = ScriptedEngine.answering(lambda prompt, sampling: "```\nja\n```")
    for judge in (Comparing(), Longest()):
        found = await tree_translator(engine, judge=judge, bridges=(), rounds=2).translate(SEGMENT)
        assert found.texts == ("ja",)
        assert ("utilities" in found.details) == (type(judge) is Longest)


async def test_the_languages_of_a_segment_bridge_nothing() -> None:
    asked = set[str]()

    def noted(prompt: Prompt, sampling: Sampling) -> str:
        match = ASKED.search(prompt.text)
        assert match
        asked.add(f"{match[1]} {match[2]}")
        return world(prompt, sampling)

    engine = ScriptedEngine.answering(noted)
    bridges = ("en-GB", "German", "fr")
    await tree_translator(engine, bridges=bridges, rounds=3).translate(SEGMENT)
    assert not asked & {"German German", "English English"}
    assert "German French" in asked
    none = await tree_translator(engine, bridges=bridges[:2], rounds=2).translate(SEGMENT)
    assert (
        none.details["tree"]
        == (await tree_translator(engine, bridges=(), rounds=2).translate(SEGMENT)).details["tree"]
    )


async def test_a_score_above_the_top_is_refused() -> None:
    with pytest.raises(UserError, match="--judge-top 2"):
        await tree_translator(judge=Longest(), bridges=(), judge_top=2).translate(SEGMENT)


def test_similarity_is_the_mean_of_both_orders() -> None:
    alike = Similarity(make_metric("bleu"))
    (forth,) = alike.of(["the cat sleeps in the house"], "the cat sleeps", "en")
    (back,) = alike.of(["the cat sleeps"], "the cat sleeps in the house", "en")
    assert 0 < forth < 1
    assert forth == pytest.approx(back)
    assert alike.of(["same words here now"], "same words here now", "en") == [pytest.approx(1)]


def test_the_reward_is_the_better_mean_and_the_best_text_has_the_highest_sum() -> None:
    assert [floored(v) for v in (0.0, 0.2499, 0.25, 0.9)] == [0.0, 0.0, 0.25, 0.9]
    assert reward(["x", "y"], [0.4, 0.6], [0.9, 0.5]) == Valued(pytest.approx(0.7), "x")  # type: ignore[arg-type]
    assert reward(["x", "y"], [0.8, 0.6], [0.0, 0.5]) == Valued(pytest.approx(0.7), "y")  # type: ignore[arg-type]


def asked(answer: str | None, logprob: float | None = None) -> Asked[str]:
    return Asked(answer, None, (), Usage(), Usage(), logprob)


@pytest.mark.parametrize(
    ("shown", "alone", "expected"),
    [
        (asked("a", -2.0), asked("b", -3.0), "a"),
        (asked("a", -3.0), asked("b", -2.0), "b"),
        (asked("a"), asked("b", -2.0), "a"),
        (asked(None), asked("b"), "b"),
        (asked("a"), asked(None), "a"),
        (asked(None), asked(None), None),
    ],
)
def test_a_merge_keeps_the_likelier_text(
    shown: Asked[str], alone: Asked[str], expected: str | None
) -> None:
    assert likelier(shown, alone) == expected


def test_examples_stand_before_the_question_and_cannot_break_out_of_their_fence() -> None:
    pairs: Sequence[tuple[str, str]] = [("a cat", "eine Katze"), ("```\nout", "{source}")]
    inner = make_format("codeblock-think")
    format = WithExamples(inner, pairs)
    prompt = format.write(SEGMENT)
    assert prompt.text.endswith(inner.write(SEGMENT).text)
    assert prompt.text.startswith("Here are similar texts in English, each with its translation")
    assert "```\na cat\n```\n```\neine Katze\n```" in prompt.text
    assert "````\n```\nout\n````\n```\n{source}\n```" in prompt.text
    assert format.fields["examples"] == "1"
    assert format.read("```\nx\n```", SEGMENT) == "x"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rounds": -1}, "0 rounds or more"),
        ({"depth": 0}, "at least one level"),
        ({"bridges": ("xx",)}, "no language has"),
        ({"judge": Longest()}, "so no round trips do"),
        ({"judge": Longest(), "bridges": (), "budget": TreeBudget(tokens=5)}, "in calls"),
        ({"name": "tree:ter"}, "no metric is called"),
    ],
)
def test_what_no_search_can_be_made_of(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        tree_translator(**options)
    with pytest.raises(UserError, match="at least one call"):
        TreeBudget(calls=0)
    cold = Asker(ScriptedEngine.answering(world), Sampling(), Patience(0))
    with pytest.raises(UserError, match="temperature"):
        make_translator("tree", cold)
