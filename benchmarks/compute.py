"""What quality costs: ways of translating the phrasebook's test split, each with what it took.

Greedy, the best of 4, 16 and 64 by a group judge, MBR over 16 and 64 by chrF, and tree search by
round trips. Calls, tokens and seconds are per sentence, those of the judge included; nothing is
shared between the ways. Intervals are 95 %, by resampled sentences. A way pays if its gold quality
is surely above that of every way with fewer tokens; differences are taken sentence by sentence.

    python benchmarks/compute.py [--translator SPEC] [--judge SPEC] [--segments 60] [--out FOLDER]

writes `compute.svg` and `compute.md` into the folder. SPEC is an engine: `phrasebook:base`,
`openvino:FOLDER`.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dragoman.asking import Asker, Patience
from dragoman.engines import Engine, make_engine
from dragoman.engines.metered import MeteredEngine
from dragoman.judges import make_judge
from dragoman.phrasebook.gold import HIGHEST
from dragoman.reproduce.plots import draw
from dragoman.reproduce.statistics import Interval, difference, interval, outcome
from dragoman.reproduce.translating import measure, test_segments
from dragoman.runs import Progress, Record, Run
from dragoman.translators import Translator, make_translator
from dragoman.translators.tree.settings import TreeSettings
from dragoman.translators.warnings import KEY
from dragoman.types import Sampling, Segment, Translation

GREEDY = Sampling(max_tokens=300)
WARM = Sampling(temperature=1.0, max_tokens=300)
SEARCHING = Sampling(temperature=0.5, max_tokens=300)
WAYS = ["greedy", "best of 4", "best of 16", "best of 64", "MBR 16", "MBR 64", "tree"]
# The phrasebook's judges know groups of up to four; more samples play a tournament.
SLOTS = 4
TREE = TreeSettings(rounds=4, bridges=("zh", "fr", "es"))
TREE_SAMPLES = 3


@dataclass(frozen=True)
class Found:
    """A way's numbers: a list of qualities and so on by sentence, and its cost a sentence."""

    rows: Mapping[str, list[float]]
    calls: float
    tokens: float
    seconds: float
    lost: int

    def interval(self, name: str) -> Interval:
        found = interval([self.rows[name]], shared=True)
        assert found
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--translator", default="phrasebook:base")
    parser.add_argument("--judge", default="phrasebook:base")
    parser.add_argument("--segments", type=int, default=60)
    parser.add_argument("--direction", default="en-de")
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=WAYS)
    parser.add_argument("--out", type=Path, default=Path(".bench/compute"))
    options = parser.parse_args()
    segments = test_segments(options.direction, options.segments)
    found = asyncio.run(compare(options.translator, options.judge, segments, options.ways))
    title = f"{options.segments} sentences {options.direction}, {options.translator}"
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "compute.svg").write_text(draw(plot(title, found)))
    page = "\n".join([*table(found), "", *verdicts(found)]) + "\n"
    (options.out / "compute.md").write_text(page)
    print(page, end="")


async def compare(
    translator: str, judge: str, segments: Sequence[Segment], ways: Sequence[str]
) -> dict[str, Found]:
    engine = make_engine(translator)
    judging = engine if judge == translator else make_engine(judge)
    await run(ways[-1], engine, judging, segments[:2])  # they are loaded and warm now
    found: dict[str, Found] = {}
    for way in ways:
        found[way] = await run(way, engine, judging, segments)
        print(f"{way}: {found[way].seconds * len(segments):.0f} s", flush=True)
    await engine.close()
    if judging is not engine:
        await judging.close()
    return found


async def run(way: str, engine: Engine, judging: Engine, segments: Sequence[Segment]) -> Found:
    meter = MeteredEngine(engine)
    made = make(way, meter, meter.beside(judging))

    async def work(segment: Segment, tries: int) -> Record[Translation]:
        return Record("", value=await made.translate(segment))

    running = Run(work, lambda segment: segment.id, concurrency=16)
    began = time.perf_counter()
    records = running.records(segments, Progress())
    done = [record.value async for record in records if record.value]
    seconds = time.perf_counter() - began
    measured = [measure(one.segment, one.texts[0] if one.texts else None, 0) for one in done]
    rows = {name: [row[name] for row in measured] for name in ("exact", "chrf", "quality")}
    rows["severity"] = [HIGHEST - quality for quality in rows["quality"]]
    tokens = meter.usage.prompt_tokens + meter.usage.reply_tokens
    lost = sum(one.failure is not None or "unjudged" in one.details.get(KEY, {}) for one in done)
    count = len(segments)
    return Found(rows, meter.begun / count, tokens / count, seconds / count, lost)


def make(way: str, engine: Engine, judging: Engine) -> Translator:
    kind, _, number = way.rpartition(" ")
    warm = Asker(engine, WARM, Patience(0))
    match kind:
        case "best of":
            asker = Asker(judging, Sampling(max_tokens=600), Patience(0))
            judge = make_judge("group", asker, slots=SLOTS)
            return make_translator(
                "best-of-n", warm, samples=int(number), judge=judge, unjudged="first"
            )
        case "MBR":
            return make_translator("mbr:chrf", warm, samples=int(number))
        case _:
            if way == "tree":
                asker = Asker(engine, SEARCHING, Patience(0))
                return make_translator("tree", asker, samples=TREE_SAMPLES, tree=TREE)
            return make_translator("sample", Asker(engine, GREEDY, Patience(0)))


def table(found: Mapping[str, Found]) -> Iterator[str]:
    yield "| | exact | chrF | gold severity | calls | tokens | seconds | failed, or no verdict |"
    yield "|---|---|---|---|---|---|---|---|"
    for way, one in found.items():
        exact, chrf, severity = (one.interval(name) for name in ("exact", "chrf", "severity"))
        cells = [way, shown(exact), shown(chrf, 1), shown(severity), f"{one.calls:.1f}"]
        cells += [f"{one.tokens:.0f}", f"{one.seconds:.2f}", str(one.lost)]
        yield f"| {' | '.join(cells)} |"


def shown(one: Interval, digits: int = 2) -> str:
    return f"{one.mean:.{digits}f} [{one.low:.{digits}f}, {one.high:.{digits}f}]"


def verdicts(found: Mapping[str, Found]) -> Iterator[str]:
    """Whether each way is surely better than every one with fewer tokens; or which is not worse."""
    ways = sorted(found, key=lambda way: found[way].tokens)
    yield f"- {ways[0]}: the cheapest."
    for number, way in enumerate(ways[1:], start=1):
        one = found[way]
        beside = {
            other: difference([one.rows["quality"]], [found[other].rows["quality"]], shared=True)
            for other in ways[:number]
        }
        better = [other for other, gain in beside.items() if outcome(gain) != "holds"]
        if not better:
            yield f"- {way}: pays; surely better than all that is cheaper."
            continue
        best = max(better, key=lambda other: sum(found[other].rows["quality"]))
        gain = beside[best]
        assert gain
        times = one.tokens / found[best].tokens
        yield (
            f"- {way}: does not pay. It takes {times:.1f} times the tokens of {best}, for "
            f"{gain.mean:+.2f} [{gain.low:+.2f}, {gain.high:+.2f}] of the gold quality's 10 points."
        )


def plot(title: str, found: Mapping[str, Found]) -> dict[str, object]:
    families: dict[str, list[Found]] = {}
    for way, one in found.items():
        families.setdefault(way.rstrip("0123456789 "), []).append(one)
    series: list[dict[str, object]] = []
    for name, members in families.items():
        spans = [one.interval("quality") for one in members]
        series.append(
            {
                "name": name,
                "x": [one.tokens for one in members],
                "y": [span.mean for span in spans],
                "low": [span.low for span in spans],
                "high": [span.high for span in spans],
            }
        )
    return {
        "kind": "costs", "title": title, "x": "tokens a sentence", "y": "gold quality, of 10",
        "series": series,
    }  # fmt: skip


if __name__ == "__main__":
    main()
