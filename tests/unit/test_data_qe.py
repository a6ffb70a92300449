"""`dragoman data qe`: translations under pull, labels by another model, on a lattice by hand."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.data import run
from tests.lattice import END, GO, make_lattice
from tests.tiny_model import make_tiny_model, write_tokenizer
from tests.training import write_rows

from dragoman.data.qe.labels import Ranked
from dragoman.data.qe.making import Maker, check_different, make_parser, referenced_from_row
from dragoman.data.qe.networks import Network, Search, _Pulling
from dragoman.data.qe.pull import Pull
from dragoman.data.qe.tokens import Wording, _places
from dragoman.errors import UserError
from dragoman.records import group_from_row
from dragoman.types import Segment

WORDS = ["der", "die", "Hund", "Kater", "bellt", "schnurrt", "laut", "leise"]
WORDS += [f"w{number}" for number in range(40)]
REFERENCE = "der Hund bellt laut"
SEGMENT = Segment("0", "the dog barks loudly", "en", "de", REFERENCE)
# By itself it says "die Kater schnurrt". The reference's words have 0.3 or less, but for "bellt".
GENERATOR = {
    GO: {"die": 0.7, "der": 0.3},
    "der": {"Kater": 0.7, "Hund": 0.3},
    "die": {"Kater": 0.7, "Hund": 0.3},
    "Kater": {"schnurrt": 0.6, "bellt": 0.4},
    "Hund": {"schnurrt": 0.6, "bellt": 0.4},
    "bellt": {"leise": 0.7, "laut": 0.3},
    "schnurrt": {END: 1.0},
    "leise": {END: 1.0},
    "laut": {END: 1.0},
}
# "die" has the rank 5, "Kater" 12 and "leise" 6.
ANNOTATOR = {
    GO: {"die": 0.1} | {f"w{number}": 0.2 for number in range(4)},
    "die": {"Kater": 0.01} | {f"w{number}": 0.05 for number in range(11)},
    "Kater": {"bellt": 1.0},
    "bellt": {"leise": 0.1} | {f"w{number}": 0.2 for number in range(5)},
}
PULL = Pull(own=0.5, threshold=0.35)


class Flat:
    """All words hang from the third, as a dependency parser might have it."""

    def __call__(self, words: Sequence[str], language: str) -> list[int | None]:
        return [None if at == 2 else 2 for at in range(len(words))]


@pytest.fixture(scope="module")
def lattices(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("lattices")
    return (
        make_lattice(folder / "generator", WORDS, GENERATOR),
        make_lattice(folder / "annotator", WORDS, ANNOTATOR),
    )


def maker(lattices: tuple[Path, Path], pull: Pull = PULL, **more: Any) -> Maker:
    generator, annotator = (Network(str(place), Wording()) for place in lattices)
    return Maker(generator, annotator, Search(pull, beams=1, max_tokens=8), **more)


def test_a_lattice_by_hand(lattices: tuple[Path, Path]) -> None:
    (record,) = maker(lattices, parser=Flat()).records([SEGMENT])
    row = json.loads(record.line)
    assert group_from_row(row).candidates[0].text == "die Kater bellt leise"
    assert row["qe"]["by_words"] == {
        "tags": ["BAD", "BAD", "OK", "BAD"],
        "severities": ["minor", "major", "OK", "minor"],
        "spans": [
            {"start": 0, "end": 3, "severity": "minor"},
            {"start": 4, "end": 9, "severity": "major"},
            {"start": 16, "end": 21, "severity": "minor"},
        ],
        "score": 0.7,  # 1 - (0.1 + 1 + 0.1) / 4
    }
    # "die Kater" hangs together in the third word, which the phrase therefore has as well.
    assert row["qe"]["spans"] == [
        {"start": 0, "end": 15, "severity": "major"},
        {"start": 16, "end": 21, "severity": "minor"},
    ]
    assert row["qe"]["severities"] == ["major", "major", "major", "minor"]
    assert row["scores"] == [row["qe"]["score"]] == [0.725]  # 1 - (1 + 0.1) / 4


def test_the_pull_changes_what_is_said(lattices: tuple[Path, Path]) -> None:
    def said(pull: Pull) -> str | None:
        return maker(lattices).generator.translate([SEGMENT], Search(pull, 1, 8))[0]

    assert said(Pull(own=1)) == "die Kater schnurrt"
    assert said(PULL) == "die Kater bellt leise"
    assert said(Pull(own=0.5, threshold=0.1)) == REFERENCE


def test_a_pulled_choice_by_hand() -> None:
    """Behind "die Kater", when "bellt" has 0.4 of its own: half of that, and half its weight.

    Ahead, by half 1/d² from here and half 1/d² from "der": bellt 5/9, der 1/2, laut 5/32,
    Hund 1/8, end 17/225; at temperature 0.2 "bellt" weighs 0.4761."""
    import torch

    numbers = {word: number for number, word in enumerate([END, GO, *WORDS])}
    reference = [numbers[word] for word in (*REFERENCE.split(), END)]
    pulling = _Pulling(Search(PULL, beams=1), [reference], start=1, ends=[0])
    scores = torch.full((1, len(numbers)), -torch.inf)
    tokens = [numbers[GO]]
    for word in ("die", "Kater"):
        scores[0, numbers[word]] = 0
        pulling(torch.tensor([tokens]), scores)
        tokens.append(numbers[word])
    scores[:] = 0
    scores[0, numbers["bellt"]], scores[0, numbers["schnurrt"]] = 0.4, 0.6
    scores = scores.log()
    chances = pulling(torch.tensor([tokens]), scores).exp()[0]
    assert float(chances[numbers["bellt"]]) == pytest.approx(0.2 + 0.5 * 0.4761, abs=1e-4)
    assert float(chances[numbers["schnurrt"]]) == pytest.approx(0.3)
    assert float(chances.sum()) == pytest.approx(1)


def test_what_cannot_be_made_says_why(
    lattices: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = maker(lattices)
    endless.search = Search(PULL, beams=1, max_tokens=2)
    assert endless.records([SEGMENT])[0].failed == "no-end"
    wrong = maker(lattices, parser=lambda words, language: [0] * len(words))
    assert wrong.records([SEGMENT])[0].failed == "no-heads"
    narrow = maker(lattices)
    narrow.annotator._context = 3
    (record,) = narrow.records([SEGMENT])
    assert record.detail.startswith("too-long: the annotator has no room")
    narrow.generator._context = 3
    (record,) = narrow.records([SEGMENT])
    assert record.detail.startswith("too-long: the generator has no room")
    monkeypatch.setattr(endless.generator, "translate", lambda segments, search: [""])
    assert endless.records([SEGMENT])[0].failed == "empty"


async def test_segments_share_batches_and_what_befalls_them(
    lattices: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, sizes = maker(lattices, batch=3), list[int]()

    def records(segments: Sequence[Segment]) -> list[Any]:
        sizes.append(len(segments))
        if len(segments) == 1:
            raise UserError("too much for the memory")
        return [segment.id for segment in segments]

    monkeypatch.setattr(made, "records", records)
    segments = [replace(SEGMENT, id=str(i)) for i in range(7)]
    answers = await asyncio.gather(*map(made.make, segments), return_exceptions=True)
    assert sizes == [3, 3, 1]
    assert answers[:6] == list("012345")
    assert isinstance(answers[6], UserError)


def test_one_model_does_not_mark_its_own_work(lattices: tuple[Path, Path], tmp_path: Path) -> None:
    generator, annotator = lattices
    copy = shutil.copytree(generator, tmp_path / "another-name")
    one, same, other = (Network(str(place), Wording()) for place in (generator, copy, annotator))
    check_different(one, other)
    with pytest.raises(UserError, match="are one model"):
        check_different(one, same)


def test_places_of_tokens() -> None:
    assert _places("ab cd", ["ab", " c", "d"]) == [(0, 2), (3, 4), (4, 5)]
    # Half a character, an unknown word, and blanks that are not in the text.
    assert _places("aüb", ["a", "", "ü", "b"]) == [(0, 1), (1, 2), (1, 2), (2, 3)]
    assert _places("a xy b", ["a", "<unk>", "b"]) == [(0, 1), (1, 6), (1, 6)]
    assert _places("a b", ["a", " ", "b"]) == [(0, 1), (1, 1), (2, 3)]
    assert _places("ab", ["", "?"]) == [(0, 2), (0, 2)]


def test_settings_that_make_no_sense_are_refused() -> None:
    for problem, settings in (("beams 0", (0, 8)), ("max tokens 0", (1, 0))):
        with pytest.raises(UserError, match=problem):
            Search(PULL, *settings)
    with pytest.raises(UserError, match="module:Name"):
        make_parser("stanza")
    with pytest.raises(ValueError, match="'reference' is missing"):
        referenced_from_row({"id": "0", "src_lang": "en", "tgt_lang": "de", "source": "a"})


def test_the_command(lattices: tuple[Path, Path], tmp_path: Path) -> None:
    rows = [
        {"id": str(i), "src_lang": "en", "tgt_lang": "de", "source": f"s {i}",
         "reference": " ".join(REFERENCE.split()[: 1 + i % 4])}
        for i in range(7)
    ]  # fmt: skip
    file = write_rows(tmp_path / "in.jsonl", rows)
    output = tmp_path / "out.jsonl"
    models = ["--generator", str(lattices[0]), "--annotator", str(lattices[1])]
    pulled = [*models, "--own-share", "0.5", "--threshold", "0.35", "--max-tokens", "8"]
    assert run("data", "qe", str(file), "-o", str(output), *pulled, "--batch", "3") == 0
    made = output.read_bytes()
    assert [json.loads(line)["id"] for line in made.splitlines()] == [str(i) for i in range(7)]
    told = json.loads(Path(f"{output}.provenance.json").read_text(encoding="utf-8"))
    assert told["rows"]["written"] == 7
    assert told["settings"]["annotator"].startswith("annotator@")
    assert told["inputs"][0]["sha256"]
    # From its ledger alone, and anew in other batches: the same bytes.
    output.unlink()
    assert run("data", "qe", str(file), "-o", str(output), *pulled, "--batch", "3") == 0
    assert output.read_bytes() == made
    anew = tmp_path / "anew.jsonl"
    assert run("data", "qe", str(file), "-o", str(anew), *pulled, "--batch", "1") == 0
    assert anew.read_bytes() == made


def test_the_command_refuses_what_cannot_be(lattices: tuple[Path, Path], tmp_path: Path) -> None:
    file = write_rows(tmp_path / "in.jsonl", [{"id": "0", "src_lang": "en", "tgt_lang": "de",
                                               "source": "a"}])  # fmt: skip
    both = ["--generator", str(lattices[0]), "--annotator", str(lattices[0])]
    output = tmp_path / "out.jsonl"
    for extra in ((), ("--batch", "0"), ("--language-codes", "de"), ("--ranks", "4", "3", "9")):
        assert run("data", "qe", str(file), "-o", str(output), *both, *extra) == 2
    assert not output.exists()


def tiny(kind: str, folder: Path) -> Path:
    """A random causal or seq2seq model."""
    if kind == "causal":
        return make_tiny_model(folder)
    import torch
    from tokenizers.processors import TemplateProcessing
    from transformers import T5Config, T5ForConditionalGeneration

    folder.mkdir()
    tokenizer = write_tokenizer(folder)
    end = tokenizer.token_to_id("<|im_end|>")
    tokenizer.post_processor = TemplateProcessing(
        single="$A <|im_end|>", special_tokens=[("<|im_end|>", end)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = T5Config(
        vocab_size=tokenizer.get_vocab_size(), d_model=32, d_kv=8, d_ff=64, num_layers=2,
        num_heads=4, eos_token_id=end, pad_token_id=0, decoder_start_token_id=0,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(3)
        T5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("kind", ["causal", "seq2seq"])
def test_company_changes_nothing(kind: str, tmp_path: Path) -> None:
    network = Network(str(tiny(kind, tmp_path / kind)), Wording())
    texts = ["Ein gutes Wort.", "好的译文", "Der Dolmetscher stand zwischen den Gesandten."]
    segments = [Segment(str(i), text[::-1], "en", "de", text) for i, text in enumerate(texts)]
    search = Search(Pull(own=0.05, threshold=0), beams=3, max_tokens=40)
    alone = [network.translate([segment], search)[0] for segment in segments]
    assert network.translate(segments, search) == alone
    # A strong pull brings even a random model to the reference.
    assert alone == texts
    ranks = [network.rank([s], [t])[0] for s, t in zip(segments, texts, strict=True)]
    assert network.rank(segments, texts) == ranks
    for text, ranked in zip(texts, ranks, strict=True):
        covered = {at for it in ranked for at in range(it.start, it.end)}
        assert {at for at, character in enumerate(text) if not character.isspace()} <= covered


@pytest.mark.parametrize("kind", ["causal", "seq2seq"])
def test_ranks_are_those_of_the_model(kind: str, tmp_path: Path) -> None:
    import torch

    network = Network(str(tiny(kind, tmp_path / kind)), Wording())
    segment = Segment("0", "Rank the candidates", "en", "de", "Ein Wort")
    tokens = network.tokens
    asked, said = tokens.ask(segment), tokens.say("Ein Wort", segment)
    with torch.inference_mode():
        if kind == "causal":
            expected = network._network(torch.tensor([asked + said])).logits[0, len(asked) - 1 :]
        else:
            forced = torch.tensor([tokens.begin(segment) + said[:-1]])
            expected = network._network(
                torch.tensor([asked]), decoder_input_ids=forced
            ).logits[0]  # fmt: skip
    ranked: list[Ranked] = network.rank([segment], ["Ein Wort"])[0]
    assert len(ranked) == len(said) - 1
    for it, token, row in zip(ranked, said, expected, strict=False):
        order = row.argsort(descending=True).tolist()
        assert it.rank == order.index(token) + 1
