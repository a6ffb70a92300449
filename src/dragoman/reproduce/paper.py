"""The steps of the paper in miniature, and which of them each section is made from.

Judges never see a policy that they are tested on: groups to learn from are written by two
pupils, groups to be tested on by the cold starts of each seed, which were trained with other
seeds and another share of hasty lessons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from dragoman.reproduce import groups, judging, probes, training, translating
from dragoman.reproduce.plan import Step, needed
from dragoman.reproduce.sizes import Sizes
from dragoman.reproduce.training import Model, Rows

TRAINED = ("en-de", "en-zh")
"""Directions that policies are rewarded in."""
NEW_TARGETS = ("en-es", "en-fr")
"""Into languages without policy data."""
AWAY = ("de-zh", "zh-de", "zh-fr", "es-de")
"""Without English on either side."""
DIRECTIONS = (*TRAINED, *NEW_TARGETS, *AWAY)
JUDGED = (*TRAINED * 3, *NEW_TARGETS, *AWAY)
"""What judges learn from: mostly the directions in which they reward, and are tested."""

JUDGES = ("gqm", "pairwise", "sqm", "bt", "chrf", "bleu", "sft", "planted")
REWARDS = ("gqm", "sqm", "gold", "chrf")

SECTIONS = "abcdefg"


def sections(seeds: Sequence[int], sizes: Sizes) -> dict[str, tuple[str, ...]]:
    """The steps whose results each section shows."""

    def each(*kinds: str, seeds: Sequence[int] = seeds) -> tuple[str, ...]:
        return tuple(f"{kind}-{seed}" for kind in kinds for seed in seeds)

    noisy = [f"noise-{noise}" for noise in sizes.noises]
    return {
        "a": each(*(f"judge-{kind}" for kind in JUDGES[:6])),
        "b": each("judge-sft", "judge-gqm"),
        "c": each("translate-cold", *(f"translate-{reward}" for reward in REWARDS)),
        "d": each("translate-cold", "translate-gqm", "translate-cla"),
        "e": ("translate-base", *each("translate-ssr", "translate-ssr-x")),
        "f": each(
            "translate-cold",
            "translate-gold",
            "judge-noise-0",
            *(f"judge-{one}" for one in noisy),
            *(f"translate-{one}" for one in noisy),
            seeds=seeds[:1],
        ),
        "g": each("judge-planted", "judge-sft", "judge-gqm", "probe-planted", "probe-sft",
                  "probe-gqm", "translate-cold", "translate-planted", "translate-guard",
                  "translate-gqm"),
    }  # fmt: skip


def plan(seeds: Sequence[int], sizes: Sizes, only: Sequence[str] = tuple(SECTIONS)) -> list[Step]:
    """Every step of these sections; what others wait for comes first."""
    steps = [*_shared(sizes)]
    makers = (_cold, _judges, _judge_tests, _policies, _self_rewarded, _probes, _translations)
    for make in makers:
        for seed in seeds:
            steps += make(seed, sizes)
    wanted = sections(seeds, sizes)
    return needed(steps, {name for letter in only for name in wanted[letter]})


def _shared(sizes: Sizes) -> Iterator[Step]:
    """The pupils that write groups for judges, and planted groups to be tested on."""
    for pupil, count, share, seed in zip(
        ("pupil-a", "pupil-b"), sizes.pupil_lessons, (0.6, 1.0), (101, 102), strict=True
    ):
        yield _translator(pupil, seed, count, share)
    for name, count, seed in (("groups-sft", sizes.lessons // 2, 201),
                              ("groups-rl", sizes.gold_groups, 202)):  # fmt: skip
        told = {"policies": ["pupil-a", "pupil-b"], "seed": seed, "size": count // 2,
                "split": "train", "directions": JUDGED}  # fmt: skip
        yield Step(name, groups.sample, told, ("pupil-a", "pupil-b"))
    for name, split, count in (("held-out", "validation", sizes.looked_at),
                               ("test-planted", "test", sizes.test_groups)):  # fmt: skip
        yield Step(name, groups.plant, {"split": split, "seed": 301, "size": count,
                                        "directions": TRAINED})  # fmt: skip
    told = {"model": "base", "directions": TRAINED, "size": sizes.test_segments}
    yield Step("translate-base", translating.translate, told)


def _cold(seed: int, sizes: Sizes) -> Iterator[Step]:
    yield _translator(f"cold-{seed}", seed, sizes.cold_lessons, 0.9)
    told = {"policies": [f"cold-{seed}"], "seed": 400 + seed, "size": sizes.test_groups,
            "split": "test", "directions": TRAINED}  # fmt: skip
    yield Step(f"test-policy-{seed}", groups.sample, told, (f"cold-{seed}",))


def _judges(seed: int, sizes: Sizes) -> Iterator[Step]:
    half = sizes.lessons // 2
    for name, form, written, planted in (("gqm", "gqm", "groups-sft", half),
                                         ("sqm", "sqm", "groups-sft", half),
                                         ("planted", "gqm", None, sizes.lessons)):  # fmt: skip
        # A judge of planted errors alone has never seen what a model writes.
        candidates = "mixed" if written else "planted"
        told = {"form": form, "groups": written, "planted": planted, "seed": 500 + seed,
                "candidates": candidates, "directions": JUDGED}  # fmt: skip
        yield Step(f"lessons-{name}-{seed}", groups.teach, told, (written,) if written else ())
    for name, recipe, lessons in (("sft", "judge-sft", "gqm"),
                                  ("sqm-sft", "judge-sqm-sft", "sqm"),
                                  ("planted", "judge-sft", "planted")):  # fmt: skip
        rows = f"lessons-{lessons}-{seed}"
        told = {"data": {"rows": Rows(rows)}, "trl.save_steps": 20}
        yield _train(f"{name}-{seed}", recipe, seed, sizes, told, (rows, "held-out"))
    for name, start, form, steps in (("gqm", "sft", "gqm", sizes.judge_steps),
                                     ("sqm", "sqm-sft", "sqm", sizes.alone_steps)):  # fmt: skip
        told = {"model": Model(f"{start}-{seed}"), "data": {"rows": Rows("groups-rl")},
                "reward.form": form, "trl.max_steps": steps, "trl.save_steps": max(1, steps // 4),
                "trl.per_device_train_batch_size": sizes.judge_batch}  # fmt: skip
        after = (f"{start}-{seed}", "groups-rl", "held-out")
        yield _train(f"{name}-{seed}", "judge-rlvr", seed, sizes, told, after)
    told = {"data": {"rows": Rows("groups-sft")}, "trl.save_steps": 40}
    yield _train(f"bt-{seed}", "judge-bt", seed, sizes, told, ("groups-sft", "held-out"))


def _judge_tests(seed: int, sizes: Sizes) -> Iterator[Step]:
    told = {"groups": {"planted": "test-planted", "policy": f"test-policy-{seed}"}}
    after = ("test-planted", f"test-policy-{seed}")
    for kind, told_of_it, model in (
        ("gqm", {"judge": "group"}, "gqm"),
        ("pairwise", {"judge": "group", "slots": 2}, "gqm"),
        ("sqm", {"judge": "pointwise"}, "sqm"),
        ("bt", {"judge": "reward-head"}, "bt"),
        ("sft", {"judge": "group"}, "sft"),
        ("planted", {"judge": "group"}, "planted"),
    ):
        told_of_model = {**told, **told_of_it, "model": f"{model}-{seed}"}
        yield Step(
            f"judge-{kind}-{seed}", judging.judge, told_of_model, (*after, f"{model}-{seed}")
        )
    for kind, name in (
        ("chrf", "metric:chrf"),
        ("bleu", "metric:bleu"),
        *((f"noise-{noise}", _gold(noise)) for noise in (0, *sizes.noises)),
    ):
        yield Step(f"judge-{kind}-{seed}", judging.judge, {**told, "judge": name}, after)


def _policies(seed: int, sizes: Sizes) -> Iterator[Step]:
    def policy(
        name: str,
        judge: Mapping[str, Any],
        after: str | None,
        recipe: str = "policy",
        told: Mapping[str, Any] = MappingProxyType({}),
    ) -> Step:
        told = {**_policy_settings(seed, sizes, f"cold-{seed}"), "judge": judge, **told}
        waits = (f"cold-{seed}", *([after] if after else []))
        return _train(f"policy-{name}-{seed}", recipe, seed, sizes, told, waits)

    for judge in ("gqm", "sqm"):
        yield policy(judge, _asking(judge, f"{judge}-{seed}"), f"{judge}-{seed}")
    yield policy("gold", {"judge": _gold(0)}, None)
    # chrF goes up to 100, where judges' scores go up to 10.
    hundred = {"policy.reward.highest": 100.0, "policy.reward.scale": 0.001}
    yield policy("chrf", {"judge": "metric:chrf"}, None, told=hundred)
    # Each sentence is two rows.
    sentences = sizes.policy_steps * sizes.policy_batch // 8
    both = _sentences("train", 1000 + seed, sentences, cross_lingual=True)
    yield policy("cla", _asking("gqm", f"gqm-{seed}"), f"gqm-{seed}", "policy-cla", {"data": both})
    planted = _asking("gqm", f"planted-{seed}")
    yield policy("planted", planted, f"planted-{seed}")
    yield policy("guard", planted, f"planted-{seed}", told={"policy.watch.stop_below": 0.8})
    for noise in sizes.noises:
        yield policy(f"noise-{noise}", {"judge": _gold(noise)}, None)


def _self_rewarded(seed: int, sizes: Sizes) -> Iterator[Step]:
    for name in ("ssr", "ssr-x"):
        told = _policy_settings(seed, sizes, "base", sizes.self_steps, sizes.self_batch)
        yield _train(f"policy-{name}-{seed}", name, seed, sizes, told, ())


def _probes(seed: int, sizes: Sizes) -> Iterator[Step]:
    for judge in ("planted", "sft", "gqm"):
        told = {"judge": "group", "model": f"{judge}-{seed}", "size": sizes.test_groups // 4,
                "seed": 600 + seed, "directions": TRAINED}  # fmt: skip
        yield Step(f"probe-{judge}-{seed}", probes.probe, told, (f"{judge}-{seed}",))


def _translations(seed: int, sizes: Sizes) -> Iterator[Step]:
    noisy = [f"noise-{noise}" for noise in sizes.noises]
    for kind in ("cold", *REWARDS, "cla", "planted", "guard", "ssr", "ssr-x", *noisy):
        model = f"cold-{seed}" if kind == "cold" else f"policy-{kind}-{seed}"
        everywhere = kind in ("cold", "gqm", "cla")
        told = {"model": model, "directions": DIRECTIONS if everywhere else TRAINED,
                "size": sizes.test_segments}  # fmt: skip
        yield Step(f"translate-{kind}-{seed}", translating.translate, told, (model,))


def _translator(name: str, seed: int, lessons: int, hasty: float) -> Step:
    options = {"split": "train", "seed": seed, "size": lessons, "directions": DIRECTIONS,
               "sloppy_share": hasty}  # fmt: skip
    told = {"model": Model("base"), "seed": seed,
            "data": {"rows": "phrasebook:translations", "options": options}}  # fmt: skip
    return Step(name, training.train, {"recipe": "phrasebook/translator-sft", "told": told})


def _train(
    name: str, recipe: str, seed: int, sizes: Sizes, told: Mapping[str, Any], after: Sequence[str]
) -> Step:
    """A step that trains from the base, or from what `told` says, and is watched on held-out
    groups, or on what `told` says."""
    watched = {"rows": Rows("held-out"), "every": 10 * sizes.look_every}
    told = {"model": Model("base"), "seed": seed, "validation": watched, **told}
    return Step(name, training.train, {"recipe": f"phrasebook/{recipe}", "told": told},
                tuple(after))  # fmt: skip


def _policy_settings(
    seed: int, sizes: Sizes, model: str, steps: int | None = None, batch: int | None = None
) -> dict[str, Any]:
    """What all policies of a seed have in common: sentences, steps, and how they are watched."""
    steps, batch = steps or sizes.policy_steps, batch or sizes.policy_batch
    every = min(steps, sizes.look_every)
    return {
        "model": Model(model),
        "data": _sentences("train", 1000 + seed, steps * batch // 4),
        "validation": {**_sentences("validation", 302, sizes.looked_at), "every": every},
        "trl.max_steps": steps,
        "trl.per_device_train_batch_size": batch,
        "trl.save_steps": every,
    }


def _sentences(split: str, seed: int, size: int, **more: Any) -> dict[str, Any]:
    options = {"split": split, "seed": seed, "size": size, "directions": TRAINED, **more}
    return {"rows": "phrasebook:segments", "options": options}


def _asking(format: str, step: str) -> dict[str, Any]:
    """A [judge] with the model of a step."""
    return {"judge": "group" if format == "gqm" else "pointwise", "format": format,
            "engine": Model(step, "transformers:"), "max_tokens": judging.JUDGE_TOKENS,
            "retries": 0, "concurrency": 1024, "engine_options": {"rows": groups.ENGINE_ROWS},
            }  # fmt: skip


def _gold(noise: int) -> str:
    """The gold judge, erring by so many points."""
    if noise:
        return f"dragoman.reproduce.noisy:noise_{noise}"
    return "dragoman.phrasebook.judge:GoldJudge"
