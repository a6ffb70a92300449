"""COMET, COMETKiwi, MetricX and BLEURT for real, on tiny checkpoints with random weights.

Each runs where its environment has been made: `dragoman rank … --judge metric:comet` makes it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.evaluating import Program, dragoman, row, write

from dragoman.errors import MetricFailed
from dragoman.metrics import make_metric
from dragoman.metrics.environments import environments, is_made
from dragoman.metrics.learned import WORKERS
from dragoman.metrics.worker import Worker

__all__ = ["dragoman"]

TESTS = Path(__file__).resolve().parent.parent
DIRECT = """
import json, sys
from comet import load_from_checkpoint
model = load_from_checkpoint(sys.argv[1]).eval()
print("\\n" + json.dumps(model.predict(json.loads(sys.argv[2]), gpus=0, num_workers=0).scores))
"""
ALONE = """
import json, sys
from bleurt_pytorch import BleurtForSequenceClassification, BleurtTokenizer
model = BleurtForSequenceClassification.from_pretrained(sys.argv[1]).eval()
tokenizer = BleurtTokenizer.from_pretrained(sys.argv[1])
rows = json.loads(sys.argv[2])
read = (tokenizer([row["ref"]], [row["mt"]], return_tensors="pt") for row in rows)
print("\\n" + json.dumps([model(**one).logits.item() for one in read]))
"""
ROWS = [
    {"src": "Guten Morgen", "mt": "Good morning", "ref": "Good morning"},
    {"src": "Guten Morgen", "mt": "Bad night to you all", "ref": "Good morning"},
    {"src": "Guten Morgen", "mt": "", "ref": "Good morning"},
]


@pytest.fixture(autouse=True, scope="module")
def offline() -> Iterator[None]:
    """Checkpoints lie here; nobody is asked for others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield


def python(*kinds: str) -> str:
    """The Python of the first of these environments that is made."""
    for kind in kinds:
        if is_made(kind):
            return str(environments() / kind / "bin/python")
    pytest.skip(f"the environment of {kinds[0]} has not been made")


def make_tiny(kind: str, where: Path, interpreter: str) -> None:
    call = [interpreter, str(TESTS / f"tiny_{kind}.py"), str(where)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def comets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("comets")
    make_tiny("comet", folder, python("comet"))
    return folder


@pytest.mark.parametrize("kind", ["comet", "cometkiwi"])
def test_comet_says_what_its_own_package_says(kind: str, comets: Path) -> None:
    metric = make_metric(f"{kind}:{comets / kind}")
    scores = metric.worker.ask(ROWS)  # type: ignore[attr-defined]
    checkpoint = comets / kind / "checkpoints/model.ckpt"
    call = [python("comet"), "-c", DIRECT, str(checkpoint), json.dumps(ROWS)]
    told = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    assert scores == pytest.approx(json.loads(told.splitlines()[-1]), abs=1e-6)
    assert len({*scores}) == 3
    assert str(metric.fields["model"]).startswith(f"{kind}@")
    assert metric.fields["unbabel-comet"] == "2.2.7"


def test_comet_in_a_report(comets: Path, dragoman: Program) -> None:
    write("g.jsonl", [row("a", [1, 2]), row("b", [2, 1, 3])])
    flags = ("--judge", f"metric:comet:{comets / 'comet'}", "--json", "o.json")
    assert dragoman("evaluate", "ranking", "g.jsonl", *flags) == 0
    report = json.loads(Path("o.json").read_text())
    assert report["groups"] == 2
    assert "metric:comet|model:comet@" in report["judge"][0]


def test_a_checkpoint_that_would_run_something_is_refused(comets: Path, tmp_path: Path) -> None:
    """A pickle may name any function. This one would write a file."""
    spoilt = tmp_path / "spoilt"
    (spoilt / "checkpoints").mkdir(parents=True)
    (spoilt / "hparams.yaml").write_text((comets / "comet/hparams.yaml").read_text())
    proof = tmp_path / "was-run"
    code = (
        "import os, sys, torch\n"
        "class Evil:\n    def __reduce__(self): return os.system, (sys.argv[2],)\n"
        "torch.save({'state_dict': Evil()}, sys.argv[1])"
    )
    place = spoilt / "checkpoints/model.ckpt"
    subprocess.run([python("comet"), "-c", code, str(place), f"touch {proof}"], check=True)
    with pytest.raises(MetricFailed, match="UnpicklingError"):
        make_metric(f"comet:{spoilt}").worker  # type: ignore[attr-defined]  # noqa: B018
    assert not proof.exists()


def test_metricx_gives_minus_an_error(tmp_path: Path) -> None:
    interpreter = python("metricx", "comet")
    make_tiny("metricx", tmp_path, interpreter)
    worker = Worker("metricx", [interpreter, str(WORKERS / "metricx_worker.py"), str(tmp_path)])
    with_reference = worker.ask(ROWS)
    alone = worker.ask([{"src": one["src"], "mt": one["mt"]} for one in ROWS])
    worker.close()
    assert all(-25 <= score <= 0 for score in (*with_reference, *alone))
    assert len({*with_reference, *alone}) == 6
    assert worker.told["model"].startswith(f"{tmp_path.name}@")


def test_bleurt_reads_the_reference_alone(tmp_path: Path) -> None:
    interpreter = python("bleurt")
    make_tiny("bleurt", tmp_path, interpreter)
    worker = Worker("bleurt", [interpreter, str(WORKERS / "bleurt_worker.py"), str(tmp_path)])
    scores = worker.ask(ROWS)
    other = worker.ask([{**ROWS[1], "src": "x"}])
    worker.close()
    assert other == pytest.approx([scores[1]], abs=1e-5)
    assert scores[0] != scores[1]
    call = [interpreter, "-c", ALONE, str(tmp_path), json.dumps(ROWS)]
    told = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    assert scores == pytest.approx(json.loads(told.splitlines()[-1]), abs=1e-6)
