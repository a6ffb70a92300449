"""The sections about judges: (a) side by side, (b) cold start and reinforcement."""

from __future__ import annotations

from collections.abc import Mapping

from dragoman.reproduce.results import Claim, Results, Section, Table, bars, claim, lines, mean
from dragoman.reproduce.statistics import Rows, less, outcome

JUDGES = {
    "gqm": "GQM, the whole group",
    "pairwise": "GQM, two at a time",
    "sqm": "SQM, each alone",
    "bt": "Bradley–Terry head",
    "chrf": "chrF with reference",
    "bleu": "BLEU with reference",
}
SETS = {"planted": "planted errors", "policy": "written by policies"}
BARS = {"planted": 0.95, "policy": 0.85}


def a(found: Results) -> Section:
    """Judges side by side."""
    tables = [_judge_table(found, JUDGES, key) for key in SETS]

    def rows(kind: str, measure: str) -> Rows:
        return found.judged(kind, "policy", measure)

    claims = [
        claim(
            "A judge that reads the whole group ranks it better than one that reads each "
            "translation alone.",
            "ranking accuracy on policies' groups, GQM less SQM",
            rows("gqm", "agreement"), rows("sqm", "agreement"), shared=False,
        ),
        claim(
            "It also leaves fewer groups without any difference to learn from.",
            "share of policies' groups with zero reward variance, SQM less GQM",
            rows("sqm", "equal"), rows("gqm", "equal"), shared=False,
        ),
    ]  # fmt: skip
    for key, bar in BARS.items():
        above = less(mean(found.judged("gqm", key, "pairs"), shared=key == "planted"), bar)
        claims.append(
            Claim(
                f"The GQM judge orders at least {bar:.2f} of unequal pairs right in groups "
                f"{'with ' if key == 'planted' else ''}{SETS[key]}.",
                f"pairwise accuracy less {bar:.2f}",
                above,
                outcome(above),
            )
        )
    cells = {
        name: [mean(found.judged(kind, key, "agreement"), shared=key == "planted")
               for kind in JUDGES]
        for key, name in SETS.items()
    }  # fmt: skip
    plot = bars("Ranking accuracy", "Bars: ranking accuracy of each judge, on both kinds of groups",
                "share of pairs", list(JUDGES.values()), cells)  # fmt: skip
    return Section("a", "Judges", tuple(claims), tuple(tables), (plot,), (
        "Ranking accuracy counts a pair when judge and gold both say >, = or <; pairwise accuracy "
        "counts pairs with different gold scores. Groups without a verdict are in neither.",
        "Metrics see a reference, and the phrasebook has gold ones; judges see the source alone.",
    ))  # fmt: skip


def b(found: Results) -> Section:
    """What reinforcement adds to a judge."""
    names = {"sft": "SFT", "gqm": "SFT → RLVR"}
    tables = [_judge_table(found, names, key) for key in ("policy", "planted")]
    compared = [
        claim(text, numbers, found.judged("gqm", "policy", measure),
              found.judged("sft", "policy", measure), shared=False)
        for text, numbers, measure in (
            ("Reinforcement with verifiable rewards makes a better judge of its cold start.",
             "pairwise accuracy on policies' groups, RLVR less SFT", "pairs"),
            ("The same by the paper's ranking accuracy.",
             "ranking accuracy on policies' groups, RLVR less SFT", "agreement"),
        )
    ]  # fmt: skip
    curve = lines(found, "Held-out accuracy of the judge in training", "validation/accuracy",
                   "ranking accuracy", {"gqm": "GQM", "sqm": "SQM"})  # fmt: skip
    return Section("b", "A judge's cold start and its reinforcement", tuple(compared),
                   tuple(tables), curve)  # fmt: skip


def _judge_table(found: Results, kinds: Mapping[str, str], key: str) -> Table:
    measures = {"ranking accuracy": "agreement", "pairwise accuracy": "pairs",
                "exact scores": "exact", "zero variance": "equal", "unjudged": "unread",
                }  # fmt: skip
    rows = tuple(
        (name, *(mean(found.judged(kind, key, measure), shared=key == "planted")
                 for measure in measures.values()))
        for kind, name in kinds.items()
    )  # fmt: skip
    return Table(f"Held-out groups, {SETS[key]}", ("judge", *measures), rows)
