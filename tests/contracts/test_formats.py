"""What every format keeps to, whatever it is about."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from tests.golden.golden import FOLDERS, load

from dragoman.errors import UnknownLanguage, UnreadableReply, UserError
from dragoman.formats import FORMATS, Reading, Takes, make_format
from dragoman.types import Candidate, Group, Prompt, Segment

READINGS = get_args(Reading)
every_format = pytest.mark.parametrize("name", FORMATS)
every_reading = pytest.mark.parametrize("reading", READINGS)


def item_for(format: Any, **changes: str) -> Any:
    fields = {"id": "s", "source": "源", "source_lang": "zh", "target_lang": "en", **changes}
    segment = Segment(**fields)
    count = {"group": 2, "candidate": 1, "segment": 0}[format.takes]
    texts = (Candidate("one"), Candidate("two"))
    return Group(segment, texts[:count]) if count else segment


@every_format
@every_reading
def test_it_says_what_it_is(name: str, reading: Reading):
    format = make_format(name, reading)
    assert format.name == name
    assert format.reading == reading
    assert format.version == "1"
    assert format.takes in get_args(Takes)
    assert format.fields == {"format": f"{name}.1", "reading": reading}


@pytest.mark.parametrize(
    ("name", "options", "fields"),
    [
        ("gqm", {"example": True}, {"example": "yes"}),
        ("gqm-score", {"example": True}, {"example": "yes"}),
        ("gqm-api", {"analysis": False}, {"analysis": "no"}),
        ("gemba-sqm", {"reference": False}, {"reference": "no"}),
        ("ssr-card", {"chat": True}, {"chat": "yes"}),
        ("ssr", {"chat": False}, {}),
    ],
)
def test_options_that_are_not_default_are_fields(name: str, options: Any, fields: dict[str, str]):
    format = make_format(name, **options)
    assert format.fields == {"format": f"{name}.1", "reading": "strict", **fields}


@every_format
def test_strict_is_the_default(name: str):
    assert make_format(name).reading == "strict"


@every_format
def test_it_writes_the_same_prompt_every_time_whatever_the_reader(name: str):
    prompts = {
        make_format(name, reading).write(item_for(make_format(name))) for reading in READINGS
    }
    assert len(prompts) == 1
    prompt = prompts.pop()
    assert isinstance(prompt, Prompt)
    assert "源" in prompt.text
    assert not re.search(r"\{[a-z_]+\}", prompt.text)


@every_format
def test_it_names_languages_and_refuses_unknown_ones(name: str):
    format = make_format(name)
    assert "English" in format.write(item_for(format)).text
    assert "English" in format.write(item_for(format, target_lang="English")).text
    for field in ("source_lang", "target_lang"):
        with pytest.raises(UnknownLanguage):
            format.write(item_for(format, **{field: "klingonish"}))


@every_format
@every_reading
def test_it_refuses_an_empty_reply_with_a_reason(name: str, reading: Reading):
    format = make_format(name, reading)
    if reading == "compat" and name in ("tower", "tower-lastline", "seedx"):
        assert format.read(" \n", item_for(format)) == ""  # as the reference does
        return
    with pytest.raises(UnreadableReply) as refusal:
        format.read(" \n", item_for(format))
    assert re.fullmatch(r"[a-z-]+", refusal.value.reason)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_lenient_reads_what_strict_reads(folder: Any):
    format, item, reply = load(folder)
    answer = format.read(reply, item)
    format.reading = "lenient"
    assert format.read(reply, item) == answer


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_reply_that_strict_reads_is_finished(folder: Any):
    format, item, reply = load(folder)
    prompt = format.write(item)
    if prompt.finished is None:
        return
    pattern = re.compile(prompt.finished)
    assert pattern.search(reply)
    for cut in range(1, len(reply)):
        # Before the line end, and with anything behind it, the reply is not finished.
        assert not pattern.search(reply[:-cut])
    assert not pattern.search(reply + "x")


def test_an_unknown_reading_is_refused():
    with pytest.raises(UserError, match="strict, lenient, compat"):
        make_format("gqm", "sloppy")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["gqm", "gqm-ranking", "gqm-score", "gqm-api"])
@pytest.mark.parametrize("n", [2, 3, 9, 26])
def test_group_formats_take_two_to_twenty_six(name: str, n: int):
    format = make_format(name)
    segment = item_for(format).segment
    prompt = format.write(Group(segment, tuple(Candidate(str(i)) for i in range(n))))
    assert len(re.findall(r"^Translation [A-Z]:$", prompt.text, re.M)) == n
    with pytest.raises(UserError, match="slots"):
        format.write(Group(segment, (Candidate("x"),) * 27))
    with pytest.raises(ValueError, match="at least two"):
        format.write(Group(segment, (Candidate("x"),)))


@pytest.mark.parametrize("name", ["sqm", "sqm-api", "gemba-sqm"])
def test_pointwise_formats_take_one(name: str):
    format = make_format(name)
    with pytest.raises(ValueError, match="one candidate"):
        format.write(Group(item_for(format).segment, (Candidate("x"), Candidate("y"))))
