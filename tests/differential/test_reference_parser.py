"""Every recorded case of the published implementation, against `compat` in every field, and
against what is true for the strict and the lenient reader."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from tests.differential.reference_cases import cases, needs_cases, truth

from dragoman.errors import UnknownLanguage, UnreadableReply
from dragoman.formats import compat, gqm, make_format, strict
from dragoman.formats.letters import letters
from dragoman.formats.strict import Form
from dragoman.ranking import rank_scores
from dragoman.reference import places_as_scores, rank_labels, ranks_each_once, split_last_line
from dragoman.rewards import compat as rewards
from dragoman.types import Candidate, Group, Segment

pytestmark = needs_cases

# Where the reference crashes and we do something better. Nothing else is left out.
CRASHES = {
    "judge-0572": "a gold ranking that is none fails an assertion; here it is a ValueError",
    "mt-0450": "a reply that is None; ours are always text",
}

# Where our prompt is not the reference's, and why.
OTHER_PROMPTS = {
    **dict.fromkeys(("prompt-071", "prompt-076"), "the tag of the target language is a code: <en>"),
    **dict.fromkeys(("prompt-073", "prompt-078"), "the tag follows from a name, too"),
    **dict.fromkeys(
        ("prompt-065", "prompt-070", "prompt-085", "prompt-090"), "Czech is a language"
    ),
    **dict.fromkeys(("prompt-075", "prompt-080"), "Czech is a language"),
    **{
        f"prompt-{number:03}": "nine candidates have letters, too"
        for start in (9, 19, 29, 39, 49, 59)
        for number in (start, start + 1)
    },
}

MT_FORMATS = {
    "Tower": "tower",
    "Tower.lastl": "tower-lastline",
    "codeblock-think": "codeblock-think",
    "SSR": "ssr",
    "seedx": "seedx",
    "seedx-cot": "seedx-cot",
}


def ids(group: str) -> Any:
    return pytest.mark.parametrize("case", cases(group), ids=lambda case: case["id"])


def or_none(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except UnreadableReply:
        return None


def same(ours: object, theirs: object) -> None:
    """Equal in value and in type: 0 is not 0.0, and no key more or less."""
    assert json.dumps(ours, sort_keys=True) == json.dumps(theirs, sort_keys=True)


def test_no_case_is_missing():
    counts = {"judge_output": 572, "translation_output": 450, "orderings": 78}
    counts |= {"score_margins": 60, "judge_prompt": 60, "mt_prompt": 35}
    assert {group: len(cases(group)) for group in counts} == counts


@ids("judge_output")
def test_compat_reads_judges_as_the_reference_does(case: dict[str, Any]):
    text, n, expected = case["text"], case["n_candidates"], case["expected"]
    assert set(expected) == {
        "extract_score",
        "_split_last_line",
        "_extract_ranking_score",
        "rewards",
    }
    for form in ("ranking_score", "ranking", "score"):
        verdict = or_none(lambda form=form: compat.read_group(text, n, form))
        theirs = expected["extract_score"][form]
        if form == "ranking":
            assert (verdict and verdict.ranking) == (theirs and rank_scores(theirs))
        else:
            same(verdict and list(verdict.scores), theirs)
    split = split_last_line(text)
    same(split and list(split), expected["_split_last_line"])
    parts = rewards.take_apart(text)
    same(parts and asdict(parts), expected["_extract_ranking_score"])


@ids("judge_output")
def test_compat_rewards_are_the_references(case: dict[str, Any]):
    text = case["text"]
    for row in case["expected"]["rewards"]:
        gold, gold_ranking = row["ground_truth"], row["ground_truth_ranking"]
        ours = {
            "ground_truth": gold,
            "ground_truth_ranking": gold_ranking,
            "ranking_score_reward_fn": rewards.ranking_score_reward(text, gold),
            "ranking_score_reward_fn_json_gt": rewards.ranking_score_reward(text, json.dumps(gold)),
            "ranking_score_reward_fn_no_cot": rewards.ranking_score_reward_alone(text, gold),
            "ranking_reward_fn": rewards.ranking_reward(text, gold_ranking),
            "ranking_reward_fn_no_cot": rewards.ranking_reward_alone(text, gold_ranking),
        }
        theirs = dict(row)
        if theirs["ranking_reward_fn_zero"] == {"raises": "AssertionError"}:
            assert case["id"] in CRASHES
            with pytest.raises(ValueError, match="printed form"):
                rewards.ranking_reward_zero(text, gold_ranking)
            del theirs["ranking_reward_fn_zero"]
        else:
            ours["ranking_reward_fn_zero"] = rewards.ranking_reward_zero(text, gold_ranking)
        same(ours, theirs)


@pytest.mark.parametrize("reading", ["strict", "lenient"])
@pytest.mark.parametrize("form", ["ranking_score", "score", "ranking"])
@ids("judge_output")
def test_no_reader_of_ours_returns_a_wrong_label(case: dict[str, Any], form: Form, reading: str):
    n = case["n_candidates"]
    verdict = or_none(lambda: gqm.READERS[reading](case["text"], n, form))
    if verdict is None:
        return
    true = truth(case, form)
    assert true is not None, f"only a refusal is right, not {verdict}"
    assert verdict.ranking == rank_scores(true)
    assert verdict.scores == (None if form == "ranking" else true)


@ids("translation_output")
def test_compat_reads_translations_as_the_reference_does(case: dict[str, Any]):
    text, expected = case["text"], case["expected"]
    if case["id"] in CRASHES:
        assert text is None
        return
    segment = Segment("s", "x", "zh", "en")
    ours = {
        "_block_extractor": or_none(lambda: compat.evaluation_block(text)),
        "_ssr_extractor": or_none(lambda: compat.answer_tag(text)),
        "_cot_extractor": or_none(lambda: compat.before_explanation(text)),
        "extract_answer": {
            theirs: or_none(lambda name=name: make_format(name, "compat").read(text, segment))
            for theirs, name in MT_FORMATS.items()
        },
    }
    same(ours, expected)


@ids("orderings")
def test_compat_orderings(case: dict[str, Any]):
    said, gold = case["test"], case["ref"]
    ours = {
        "compare_orderings": rewards.compare_orderings(said, gold),
        "validate_ranking": rewards.is_ranking(said, gold),
        "ranking_reward_fn_no_cot": rewards.ranking_reward_alone(said, gold),
        "ranking_to_scores": places_as_scores(said),
        "_validate_ranking_expected_n": {
            str(n): ranks_each_once(said, letters(n)) for n in (2, 3, 4)
        },
    }
    same(ours, case["expected"])


@ids("score_margins")
def test_compat_margins(case: dict[str, Any]):
    said, gold = case["test"], case["ref"]
    ours = {
        "compare_ranking_scores": rewards.compare_margins(said, gold),
        "compare_ranking_scores_custom": rewards.compare_margins(said, gold, {0: 1, 1: 0.5}),
        "score_to_rank_test": rank_labels(said),
        "score_to_rank_ref": rank_labels(gold),
    }
    same(ours, case["expected"])


@ids("judge_prompt")
def test_judge_prompts(case: dict[str, Any]):
    source_lang, target_lang, source, candidates, form, example = case["args"]
    name = {"ranking_score": "gqm", "ranking": "gqm-ranking", "score": "gqm-score"}[form]
    segment = Segment("s", source, source_lang, target_lang)
    group = Group(segment, tuple(map(Candidate, candidates)))
    theirs = case["expected"]["get_prompt"]
    if len(candidates) == 1:
        assert theirs == {"raises": "ValueError"}
        with pytest.raises(ValueError, match="at least two"):
            make_format(name, example=example).write(group)
        return
    ours = make_format(name, example=example).write(group).text
    if case["id"] in OTHER_PROMPTS:
        assert len(candidates) == 9
        assert theirs == {"raises": "ValueError"}
        assert "Translation I:" in ours
    else:
        assert ours == theirs


@ids("mt_prompt")
def test_translation_prompts(case: dict[str, Any]):
    kind, source_lang, target_lang, source, _ = case["args"]
    theirs = case["expected"]["get_prompt"]
    if kind == "unknown":
        assert "raises" in theirs
        assert kind not in MT_FORMATS
        return
    format = make_format(MT_FORMATS[kind])
    segment = Segment("s", source, source_lang, target_lang)
    if source_lang == "xx":
        assert theirs == {"raises": "KeyError"}
        with pytest.raises(UnknownLanguage):
            format.write(segment)
        return
    ours = format.write(segment).text
    if case["id"] not in OTHER_PROMPTS:
        assert ours == theirs
    elif isinstance(theirs, str):
        assert ours == theirs.replace("<English>", "<en>")
    else:
        assert theirs["raises"] in ("KeyError", "AssertionError")


def test_strict_translations_are_never_empty_or_fenced():
    for case in cases("translation_output"):
        for name in MT_FORMATS.values():
            for reading in ("strict", "lenient"):
                text = case["text"]
                if text is None:
                    continue
                segment = Segment("s", "x", "zh", "en")
                format = make_format(name, reading)
                answer = or_none(lambda f=format, t=text, s=segment: f.read(t, s))
                assert answer is None or answer.strip() == answer != ""


def test_the_strict_reader_takes_every_reply_of_the_training_form():
    for case in cases("judge_output"):
        if case["category"] in ("valid", "ties_all", "ties_pairs", "blank_lines_between"):
            strict.read_group(case["text"], case["n_candidates"], "ranking_score")
