"""Public benchmarks: groups with human scores, and test sets.

Most come from checkouts that the user has; two kinds have a name, by which a package of others
fetches them. Nothing of theirs is here but the counts that a whole checkout gives. A file is
strict: one that is not as expected is refused by name and line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dragoman.plugins import find

Counts = Mapping[str, tuple[int, int]]
"""By language pair: groups and their candidates, or segments and their documents."""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """What it is, whose it is, and what a whole checkout gives."""

    title: str
    repository: str
    licence: str
    reader: str
    host: str = "github.com"
    segments: bool = False
    by_name: bool = False
    takes: tuple[str, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict[str, str])
    counts: Counts = field(default_factory=dict[str, tuple[int, int]])

    @property
    def url(self) -> str:
        return f"https://{self.host}/{self.repository}"

    def read(self, place: Path | str, **options: Any) -> Iterator[Any]:
        """Its groups, or its segments by language pair; of a checkout, or of what has that name.
        Options are those that it takes; what its reader is told anyway tells it from others."""
        return find("reader", self.reader, {})(place, **self.told, **options)


MQM = "google/wmt-mqm-human-evaluation"
ESA = "wmt-conference/ErrorSpanAnnotation"
WMT24 = "wmt-conference/wmt24-news-systems"
SEEDX = "ByteDance-Seed/Seed-X-7B"
ESA_LICENCE = "GPL-3.0, as the repository; the WMT23 texts in it name none of their own"
BENCHMAX = (
    ("General", "flores", "FLORES-200"),
    ("General", "ted", "TED talks"),
    ("General", "wmt24", "WMT24"),
    ("Domain", "ifeval", "instructions to follow"),
    ("Domain", "arenahard", "requests of users"),
    ("Domain", "gpqa", "questions of science"),
    ("Domain", "mgsm", "sums in words"),
    ("Domain", "humaneval", "functions to complete"),
    ("Domain", "lcb_v4", "problems to program"),
    ("Domain", "nexus", "calls of tools"),
)
WMT24_LICENCE = "the repository names none; its texts are marked as test data, not to train on"

BENCHMARKS: Mapping[str, Benchmark] = {
    "wmt23-mqm": Benchmark(
        title="WMT23 general task, MQM, one rater a segment",
        repository=ESA,
        licence=ESA_LICENCE,
        reader="dragoman.benchmarks.evalset:wmt23_mqm",
        counts={"en-de": (460, 5520), "he-en": (820, 9840), "zh-en": (1177, 17655)},
    ),
    "wmt23-da-sqm": Benchmark(
        title="WMT23 general task, DA+SQM, 0 to 100",
        repository=ESA,
        licence=ESA_LICENCE,
        reader="dragoman.benchmarks.evalset:wmt23_da_sqm",
        counts={"en-de": (549, 6588), "zh-en": (884, 13260)},
    ),
    "wmt23-esa": Benchmark(
        title="WMT23 en-de, Error Span Annotation, first campaign, 0 to 100",
        repository=ESA,
        licence=ESA_LICENCE,
        reader="dragoman.benchmarks.evalset:wmt23_esa",
        counts={"en-de": (207, 2484)},
    ),
    "wmt23-mqm-sxs": Benchmark(
        title="WMT23 general task, MQM side by side, three raters a segment",
        repository=MQM,
        licence="Apache-2.0",
        reader="dragoman.benchmarks.mqm:wmt23_sxs",
        counts={"zh-en": (377, 3770), "en-de": (104, 832)},
    ),
    "ted21-mqm": Benchmark(
        title="TED talks of WMT21, MQM",
        repository=MQM,
        licence="Apache-2.0",
        reader="dragoman.benchmarks.mqm:ted21",
        counts={"zh-en": (529, 7406), "en-de": (529, 6877)},
    ),
    "bio21-mqm": Benchmark(
        title="Biomedical abstracts of WMT21, MQM",
        repository="amazon-science/bio-mqm-dataset",
        licence="Apache-2.0",
        reader="dragoman.benchmarks.biomedical:bio21",
        counts={
            "de-en": (474, 5049),
            "en-de": (513, 4165),
            "en-es": (471, 3075),
            "en-fr": (384, 3456),
            "en-it": (514, 1028),
            "en-pt": (440, 880),
            "en-ru": (354, 2478),
            "en-zh": (423, 6330),
            "es-en": (445, 4895),
            "fr-en": (365, 4380),
            "it-en": (513, 1026),
            "pt-en": (457, 1756),
            "ru-en": (428, 3424),
            "zh-en": (341, 4601),
        },
    ),
    "wmt24-esa": Benchmark(
        title="WMT24 general task, Error Span Annotation, waves 2 and 3, 0 to 100",
        repository=WMT24,
        licence=WMT24_LICENCE,
        reader="dragoman.benchmarks.wmt24:esa",
        counts={
            "en-cs": (297, 4455),
            "en-hi": (297, 2970),
            "en-ja": (634, 7608),
            "en-zh": (634, 7608),
        },
    ),
    "seedx-human": Benchmark(
        title="Seed-X and three unnamed systems, human scores from 0 to 4",
        repository=SEEDX,
        licence="OpenMDW-1.0",
        reader="dragoman.benchmarks.seedx:human",
        counts={"en-de": (100, 398), "en-es": (100, 400), "zh-de": (100, 400), "zh-es": (100, 400)},
    ),
    "wmt24": Benchmark(
        title="WMT24 general task, segments with references",
        repository=WMT24,
        licence=WMT24_LICENCE,
        reader="dragoman.benchmarks.wmt24:segments",
        segments=True,
        counts={
            "cs-uk": (2316, 302),
            "en-cs": (997, 170),
            "en-de": (997, 170),
            "en-es": (997, 170),
            "en-hi": (997, 170),
            "en-is": (997, 170),
            "en-ja": (997, 170),
            "en-ru": (997, 170),
            "en-uk": (997, 170),
            "en-zh": (997, 170),
            "ja-zh": (721, 196),
        },
    ),
    "seedx-challenge": Benchmark(
        title="Seed-X challenge set, segments with references and points to look out for",
        repository=SEEDX,
        licence="OpenMDW-1.0",
        reader="dragoman.benchmarks.seedx:challenge",
        segments=True,
        counts={"en-zh": (199, 199), "zh-en": (197, 197)},
    ),
    "evalset": Benchmark(
        title="a test set as mt-metrics-eval lays it out; REPO is its folder, such as …/wmt23",
        repository="google-research/mt-metrics-eval",
        licence="that of the test set",
        reader="dragoman.benchmarks.evalset:any_evalset",
        takes=("scores",),
    ),
    **{
        f"benchmax-{task}": Benchmark(
            title=f"BenchMAX, {what}, segments with references",
            repository=f"LLaMAX/BenchMAX_{kind}_Translation",
            licence="CC-BY-4.0",
            host="huggingface.co/datasets",
            reader="dragoman.benchmarks.benchmax:segments",
            segments=True,
            takes=("pair",),
            told={"task": task},
        )
        for kind, task, what in BENCHMAX
    },
    "sacrebleu": Benchmark(
        title="a test set that sacrebleu fetches, by name: sacrebleu:wmt22",
        repository="mjpost/sacrebleu",
        licence="that of the test set",
        reader="dragoman.benchmarks.sacrebleu_sets:segments",
        segments=True,
        by_name=True,
        takes=("pair",),
    ),
    "dataset": Benchmark(
        title="any data set with src_text, trg_text, src_lang, trg_lang: dataset:OWNER/NAME, or "
        "dataset:FOLDER",
        repository="huggingface/datasets",
        licence="that of the data set",
        reader="dragoman.benchmarks.hub:segments",
        segments=True,
        by_name=True,
        takes=("subset", "split"),
    ),
}
