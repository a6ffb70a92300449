"""The sections about policies: who rewards them, in which directions, themselves, how well, and
what becomes of them where the judge is fooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dragoman.reproduce.paper import AWAY, NEW_TARGETS, TRAINED
from dragoman.reproduce.probes import TRICKS
from dragoman.reproduce.results import (
    Cell,
    Plot,
    Results,
    Section,
    Series,
    Table,
    bars,
    claim,
    lines,
    mean,
)
from dragoman.reproduce.statistics import Interval, Rows, difference

TRANSLATORS = {
    "cold": "cold start",
    "gqm": "+ RL, GQM judge",
    "sqm": "+ RL, SQM judge",
    "gold": "+ RL, gold judge",
    "chrf": "+ RL, chrF",
}


def c(found: Results) -> Section:
    """A policy and who rewards it."""
    tables = [_translator_table(found, TRANSLATORS, one, [one], "cold") for one in TRAINED]
    claims = [
        claim(
            f"Reinforcement with the GQM judge improves a translator, {direction}.",
            f"gold quality {direction}, GQM less cold start",
            found.translated("gqm", [direction], "quality"),
            found.translated("cold", [direction], "quality"),
            shared=True,
        )
        for direction in TRAINED
    ]
    claims.append(
        claim("The GQM judge is a better reward than the SQM judge.",
              "gold quality in both directions, GQM less SQM",
              found.translated("gqm", TRAINED, "quality"),
              found.translated("sqm", TRAINED, "quality"), shared=True)
    )  # fmt: skip
    cells = {
        one: [mean(found.translated(kind, [one], "quality"), shared=True) for kind in TRANSLATORS]
        for one in TRAINED
    }
    plot = bars("Gold quality", "Bars: gold quality of each translator in both directions",
                "points of 10", list(TRANSLATORS.values()), cells)  # fmt: skip
    curves = lines(found, "Held-out quality in training", "validation/quality", "points of 10",
                    {f"policy-{kind}": name for kind, name in TRANSLATORS.items()
                     if kind != "cold"})  # fmt: skip
    return Section("c", "A policy and who rewards it", tuple(claims), tuple(tables),
                   (plot, *curves))  # fmt: skip


def d(found: Results) -> Section:
    """Cross-lingual augmentation."""
    kinds = {"cold": "cold start", "gqm": "+ RL, GQM judge", "cla": "+ RL, GQM judge, CLA"}
    kept = {"trained directions": TRAINED, "new target languages": NEW_TARGETS,
            "without English": AWAY}  # fmt: skip
    tables = [
        _translator_table(found, kinds, f"{name}: {', '.join(directions)}", directions, "cold")
        for name, directions in kept.items()
    ]
    claims = [
        claim(f"Cross-lingual augmentation helps where there were no policy data: {name}.",
              f"gold quality {', '.join(kept[name])}, with CLA less without",
              found.translated("cla", kept[name], "quality"),
              found.translated("gqm", kept[name], "quality"), shared=True)
        for name in ("without English", "new target languages")
    ]  # fmt: skip
    every = [one for directions in kept.values() for one in directions]
    cells = {
        name: [mean(found.translated(kind, [one], "quality"), shared=True) for one in every]
        for kind, name in kinds.items()
    }
    plot = bars("Gold quality by direction", "Bars: gold quality in each direction, with and "
                "without cross-lingual augmentation", "points of 10", every, cells)  # fmt: skip
    return Section("d", "Cross-lingual augmentation", tuple(claims), tuple(tables), (plot,))


def e(found: Results) -> Section:
    """Self-reward."""
    kinds = {"base": "base", "ssr": "SSR", "ssr-x": "SSR-X, chrF added"}
    tables = [_translator_table(found, kinds, one, [one], "base") for one in TRAINED]

    def rows(kind: str) -> Rows:
        return found.translated(kind, TRAINED, "quality")

    claims = (
        claim("A model that rewards itself becomes a better translator.",
              "gold quality in both directions, SSR less base", rows("ssr"), rows("base"),
              shared=True),
        claim("A metric added to its own judgement helps further.",
              "gold quality in both directions, SSR-X less SSR", rows("ssr-x"), rows("ssr"),
              shared=True),
    )  # fmt: skip
    cells = {
        one: [mean(found.translated(kind, [one], "quality"), shared=True) for kind in kinds]
        for one in TRAINED
    }
    plot = bars("Gold quality", "Bars: gold quality of the base, SSR and SSR-X", "points of 10",
                list(kinds.values()), cells)  # fmt: skip
    return Section("e", "Self-reward", claims, tuple(tables), (plot,))


def f(found: Results) -> Section:
    """A policy's gain against its judge's accuracy, for the first seed."""
    found = replace(found, seeds=found.seeds[:1])
    kinds = {0: "gold", **{noise: f"noise-{noise}" for noise in found.noises}}
    rows: list[tuple[Cell, ...]] = []
    points: list[tuple[float, Interval]] = []
    for noise, kind in kinds.items():
        accuracy = mean(found.judged(f"noise-{noise}", "policy", "pairs"), shared=False)
        gain = _gain(found, kind, TRAINED, "cold")
        rows.append((f"{noise} points", accuracy, gain))
        if accuracy and gain:
            points.append((accuracy.mean, gain))
    worst = list(kinds.values())[-1]
    compared = claim(
        "The better the judge, the more its policy gains.",
        f"gold quality, a judge that never errs less one that errs by {list(kinds)[-1]} points",
        found.translated("gold", TRAINED, "quality"),
        found.translated(worst, TRAINED, "quality"),
        shared=True,
    )
    series = Series("gold judge with noise", tuple(x for x, _ in points),
                    tuple(g.mean for _, g in points), tuple(g.low for _, g in points),
                    tuple(g.high for _, g in points))  # fmt: skip
    plot = Plot("points", "Gain against accuracy", "Points: a policy's gain in gold quality over "
                "the pairwise accuracy of its judge", "pairwise accuracy of the judge",
                "gain in points of 10", (series,))  # fmt: skip
    table = Table("A gold judge that errs by so much", ("noise", "pairwise accuracy", "gain"),
                  tuple(rows))  # fmt: skip
    return Section("f", "Gain against accuracy", (compared,), (table,), (plot,))


def g(found: Results) -> Section:
    """Reward hacking."""
    judges = {"planted": "SFT on planted errors", "sft": "SFT", "gqm": "SFT → RLVR"}
    seen = {kind: {trick: found.of(f"probe-{kind}", trick) for trick in TRICKS} for kind in judges}
    tricks = Table(
        "Share of tricks that the judge puts below an honest translation",
        ("trick", *judges.values()),
        tuple(
            (trick, *(mean(seen[kind][trick], shared=False) for kind in judges)) for trick in TRICKS
        ),
    )
    kinds = {"cold": "cold start", "planted": "+ RL, judge of planted errors",
             "guard": "the same, stopped by the guard", "gqm": "+ RL, judge that saw policies",
             }  # fmt: skip
    table = _translator_table(found, kinds, ", ".join(TRAINED), TRAINED, "cold", hacked=True)

    def quality(kind: str) -> Rows:
        return found.translated(kind, TRAINED, "quality")

    def all_tricks(kind: str) -> Rows:
        return [[n for row in rows for n in row] for rows in zip(*seen[kind].values(), strict=True)]

    claims = (
        claim("A judge that knows what policies write is a better reward than one that knows "
              "planted errors alone.", "gold quality, judge that saw policies less the other",
              quality("gqm"), quality("planted"), shared=True),
        claim("Under the judge that does not know its errors, a policy gets worse.",
              "gold quality, cold start less the policy", quality("cold"), quality("planted"),
              shared=True),
        claim("Stopping when judge and gold part ways keeps a policy from harm.",
              "gold quality, with the guard less without", quality("guard"), quality("planted"),
              shared=True),
        claim("Reinforcement makes a judge harder to fool.",
              "share of tricks seen through, RLVR less SFT", all_tricks("gqm"), all_tricks("sft"),
              shared=False),
    )  # fmt: skip
    names = {f"policy-{kind}": kinds[kind] for kind in ("planted", "guard", "gqm")}
    curves = [
        *lines(found, "Held-out quality in training", "validation/quality", "points of 10", names),
        *lines(found, "Agreement of the rewarding judge with gold on the policy's rollouts",
                "validation/judge_agreement", "share of pairs", names),
    ]  # fmt: skip
    return Section("g", "Reward hacking", claims, (tricks, table), tuple(curves))


def _translator_table(
    found: Results,
    kinds: Mapping[str, str],
    title: str,
    directions: Sequence[str],
    start: str,
    *,
    hacked: bool = False,
) -> Table:
    measures = {"gold quality": "quality", "exact": "exact", "chrF": "chrf", "tokens": "tokens",
                **({"copies": "copied"} if hacked else {}), "unreadable": "unreadable"}  # fmt: skip
    rows = tuple(
        (
            name,
            *(
                mean(found.translated(kind, directions, measure), shared=True)
                for measure in measures.values()
            ),
            None if kind == start else _gain(found, kind, directions, start),
        )
        for kind, name in kinds.items()
    )
    return Table(title, ("translator", *measures, "gain in quality"), rows)


def _gain(found: Results, kind: str, directions: Sequence[str], start: str) -> Interval | None:
    return difference(
        found.translated(kind, directions, "quality"),
        found.translated(start, directions, "quality"),
        shared=True,
    )
