"""Catalogues and tables taken apart and put together: PO, XLIFF, JSONL, TSV, Parquet."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.test_documents import run

from dragoman.errors import BadRecord, MissingExtra, UserError
from dragoman.translators.documents import Translations, open_document, segments
from dragoman.translators.documents.inline import Inline, Unfit

PO = r"""# Ours since 2019.
#, fuzzy
msgid ""
msgstr ""
"Project-Id-Version: x 1\n"
"Language: pt_BR\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

# said by a translator
#. said by a developer
#: a.c:12
#, c-format
msgctxt "menu"
msgid "Open %s\n"
msgstr ""

msgid "done"
msgstr "feito"

#, fuzzy
#| msgid "Save it"
msgid "Save"
msgstr "Salvar isto"

#, python-format
msgid "%d file"
msgid_plural "%d files"
msgstr[0] ""
msgstr[1] ""

#~ msgid "old"
#~ msgstr "velho"
"""

XLIFF = """<?xml version="1.0" encoding="UTF-8"?>
<xliff xmlns="urn:oasis:names:tc:xliff:document:1.2" xmlns:o="urn:o" version="1.2">
  <!-- kept -->
  <file original="a" datatype="html" source-language="en" target-language="fr">
    <header><note>kept too</note></header>
    <body>
      <trans-unit id="1" o:own="1">
        <source>Press <g id="b" x="y">Save &amp; go</g> now<x id="n" equiv-text="{{n}}"/></source>
        <note>how</note>
      </trans-unit>
      <trans-unit id="2" translate="no"><source>ID-7</source></trans-unit>
      <trans-unit id="3"><source>Done</source><target>Fini</target></trans-unit>
      <trans-unit id="4"><source>Hello %s</source><target state="new">Hello %s</target></trans-unit>
      <trans-unit id="5"><source>a <ph id="1">&lt;br&gt;</ph> b</source></trans-unit>
    </body>
  </file>
</xliff>
"""

XLIFF_2 = """<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="en"
 trgLang="fr">
 <file id="f"><unit id="u"><originalData><data id="d">%s</data></originalData>
  <segment><source>See <pc id="1">this <ph id="2" dataRef="d"/></pc>.</source></segment>
  <ignorable><source> </source></ignorable>
  <segment state="initial" subState="a:b"><source>Go {name}</source><target>x</target> </segment>
  <segment state="final"><source>End</source><target>Fin</target></segment>
 </unit></file>
</xliff>
"""


def translated(path: Path, *texts: str | None) -> tuple[str, list[str], list[str]]:
    """The document with these translations, what was asked, and what is said of it."""
    document = open_document(path)
    asked = [segment.source for segment in segments(document, "en", "fr")]
    lines = path.with_name("made.jsonl")
    rows = [{"id": str(i), "translation": text} for i, text in enumerate(texts, start=1)]
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    said: list[str] = []
    output = path.with_name("out" + path.suffix)
    document.put(Translations(lines, said.append), output)
    return output.read_text(), asked, said


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_a_po_file_gets_what_it_lacks(tmp_path: Path) -> None:
    path = written(tmp_path, "a.po", PO)
    text, asked, said = translated(path, "Abrir %s", "Salvar", "um arquivo", "%d arquivos")
    assert asked == ["Open %s", "Save", "%d file", "%d files"]
    assert open_document(path).languages == (None, "pt-BR")
    assert said == ["segment 3: lost %d"]
    want = PO.replace('Open %s\\n"\nmsgstr ""', 'Open %s\\n"\nmsgstr "Abrir %s\\n"')
    want = want.replace('#, fuzzy\n#| msgid "Save it"\n', "").replace("Salvar isto", "Salvar")
    want = want.replace('[0] ""', '[0] "um arquivo"').replace('[1] ""', '[1] "%d arquivos"')
    assert text == want.replace("#, python-format", "#, python-format, fuzzy")
    # What is marked as fuzzy is asked for again.
    again = open_document(path.with_name("out.po"))
    assert [s.source for s in segments(again, "en", None)] == ["%d file", "%d files"]


def test_a_po_file_keeps_what_was_not_translated(tmp_path: Path) -> None:
    text, _, said = translated(written(tmp_path, "a.po", PO), None, None, None, "%d arquivos")
    assert (text, said) == (PO, [])


@pytest.mark.parametrize(
    ("forms", "asked", "made", "said"),
    [
        (1, ["%d files"], ["%d"], []),
        (3, ["%d file", "%d files"], ["um %d", "%d"], ["segment 2: 3 plural forms from 2"]),
    ],
)
def test_plural_forms(
    tmp_path: Path, forms: int, asked: list[str], made: list[str], said: list[str]
) -> None:
    po = PO.replace("nplurals=2", f"nplurals={forms}").replace("#, fuzzy\n#| ", "#| ")
    po = po.replace('Open %s\\n"\nmsgstr ""', 'Open %s\\n"\nmsgstr "x"')
    text, found, told = translated(written(tmp_path, "a.po", po), *made)
    assert found == asked
    assert told == said
    assert text.count("msgstr[") == forms
    assert ("python-format, fuzzy" in text) == bool(said)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PO.replace("UTF-8", "ISO-8859-1"), "msgconv -t UTF-8"),
        (PO.replace("Plural-Forms", "X-Forms"), "no Plural-Forms"),
        (PO + 'msgid "a"b"\n', r"a.po:34: not PO: unescaped"),
    ],
)
def test_po_files_that_cannot_be_used(tmp_path: Path, text: str, words: str) -> None:
    path = written(tmp_path, "a.po", text)
    with pytest.raises(UserError, match=words):
        list(open_document(path).texts())


def test_an_xliff_file_gets_its_targets(tmp_path: Path) -> None:
    shown = 'Press <g id="b">Save & go</g> now<x id="n"/>'
    made = '<x id="n"/>Appuyez <g id="b">sur A < B & C</g>'
    path = written(tmp_path, "a.xlf", XLIFF)
    text, asked, said = translated(path, made, "Bonjour", 'a <ph id="1"/> b<')
    assert open_document(path).languages == ("en", "fr")
    assert asked == [shown, "Hello %s", 'a <ph id="1"/> b']
    assert said == ["segment 2: lost %s"]
    target = (
        '<target state="translated"><x id="n" equiv-text="{{n}}"/>Appuyez '
        '<g id="b" x="y">sur A &lt; B &amp; C</g></target>'
    )
    want = XLIFF.replace('{{n}}"/></source>', '{{n}}"/></source>\n        ' + target, 1)
    want = want.replace('state="new">Hello %s', 'state="needs-translation">Bonjour').replace(
        "b</source>",
        'b</source><target state="translated">a <ph id="1">&lt;br&gt;</ph> b&lt;</target>',
    )
    assert text == want.replace('<?xml version="1.0" encoding="UTF-8"?>', text.splitlines()[0])
    again = open_document(path.with_name("out.xlf"))
    assert list(again.texts()) == ["Hello %s"]


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ('<g id="b">A</g>', 'lost <x id="n"/>'),
        ('<g id="b">A</g><x id="n"/><x id="n"/>', "stands there too often"),
        ('<g id="b">A<x id="n"/>', "lost </g>"),
        ('</g><g id="b">A<x id="n"/>', "</g> closes nothing"),
        ('<g id="c">A</g><x id="n"/>', "closes nothing"),
        ('<g id="b">\x07</g><x id="n"/>', "a character that XML cannot hold"),
    ],
)
def test_an_xliff_unit_whose_tags_are_lost_stays_without_a_target(
    tmp_path: Path, made: str, why: str
) -> None:
    path = written(tmp_path, "a.xlf", XLIFF)
    text, _, said = translated(path, made, None, None)
    assert text.split("\n", 1)[1] == XLIFF.split("\n", 1)[1]
    (words,) = said
    assert words.startswith("segment 1: ")
    assert why in words


def test_xliff_2(tmp_path: Path) -> None:
    path = written(tmp_path, "a.xliff", XLIFF_2)
    text, asked, said = translated(path, 'Voir <pc id="1">ce <ph id="2"/></pc>.', "Va {nom}")
    assert asked == ['See <pc id="1">this <ph id="2"/></pc>.', "Go {name}"]
    assert said == ["segment 2: lost {name}; added {nom}"]
    target = '<target>Voir <pc id="1">ce <ph id="2" dataRef="d"/></pc>.</target>'
    assert '<segment state="translated"><source>See <pc id="1">this' in text
    assert f"</source>{target}</segment>" in text
    assert (
        '<segment state="initial"><source>Go {name}</source><target>Va {nom}</target> </s' in text
    )
    path.write_text(XLIFF_2.replace('\n trgLang="fr"', ""))
    with pytest.raises(BadRecord, match=r"a\.xliff:1: <xliff> says no trgLang"):
        translated(path, "x", "y")


TAGS = ['<g id="1">', "</g>", '<x id="2"/>', '<mrk id="3">', "</mrk>", "<", "a", " & ", "\u2028"]


@given(st.lists(st.sampled_from(TAGS), max_size=12).map("".join))
def test_tags_come_back_or_are_missed(text: str) -> None:
    from lxml import etree

    source = etree.fromstring(
        '<source>b<g id="1">c<mrk mid="3">d</mrk></g><x id="2">e</x></source>'
    )
    inline = Inline(source)
    try:
        made = inline.filled(text)
    except Unfit:
        return
    assert sorted(e.tag for e in made.iter()) == ["g", "mrk", "target", "x"]
    # What was put in is what is shown of it.
    assert Inline(made).text == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<xliff", "a.xlf:1: not XML"),
        ("<a/>", "not XLIFF"),
        ('<!DOCTYPE x [<!ENTITY e SYSTEM "/etc/passwd">]><xliff>&e;</xliff>', "DOCTYPE"),
        (XLIFF.replace("</file>", "</file><file source-language='de'/>"), "several languages"),
    ],
)
def test_xliff_files_that_cannot_be_used(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        list(segments(open_document(written(tmp_path, "a.xlf", text)), None, None))


def test_tables_get_a_column(tmp_path: Path) -> None:
    tsv = "id\tsource\tn\na\tOne\t1\nb\t\t2\nc\tTwo %s\t3\nd\tThree\t\n"
    text, asked, said = translated(written(tmp_path, "a.tsv", tsv), "Un", "Deux", "a\tb")
    assert asked == ["One", "Two %s", "Three"]
    assert text == (
        "id\tsource\tn\ttranslation\na\tOne\t1\tUn\nb\t\t2\t\nc\tTwo %s\t3\tDeux\nd\tThree\t\t\n"
    )
    assert said[0] == "segment 2: lost %s"
    assert "which no cell can hold" in said[1]
    rows = [{"source": "One", "n": 1.5}, {"n": None}, {"source": " "}, {"source": "Two"}]
    jsonl = "".join(json.dumps(row) + "\n" for row in rows)
    text, asked, _ = translated(written(tmp_path, "a.jsonl", jsonl), None, "Deux")
    made = [json.loads(line) for line in text.splitlines()]
    assert asked == ["One", "Two"]
    assert made == [
        {**row, "translation": "Deux" if row.get("source") == "Two" else None} for row in rows
    ]


def test_a_parquet_file_keeps_its_types(tmp_path: Path) -> None:
    arrow: Any = pytest.importorskip("pyarrow")
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    count = 3000
    texts = [None if i % 1000 == 0 else f"t{i}" for i in range(count)]
    days = arrow.array(range(count), arrow.date32())
    table = arrow.table({"day": days, "source": texts}).replace_schema_metadata({"by": "us"})
    path = tmp_path / "a.parquet"
    parquet.write_table(table, path)
    document = open_document(path)
    asked = [s.source for s in segments(document, "en", "fr")]
    lines = [json.dumps({"id": str(i), "translation": t.upper()}) for i, t in enumerate(asked, 1)]
    made = Translations(written(tmp_path, "m.jsonl", "\n".join(lines) + "\n"), print)
    document.put(made, tmp_path / "b.parquet")
    back = parquet.read_table(tmp_path / "b.parquet")
    made = Translations(written(tmp_path, "m.jsonl", "\n".join([*lines, lines[0]]) + "\n"), print)
    with pytest.raises(UserError, match="has more lines"):
        document.put(made, tmp_path / "c.parquet")
    assert not (tmp_path / "c.parquet").exists()
    assert back.drop_columns("translation").equals(table, check_metadata=True)
    assert back["translation"].to_pylist() == [t and t.upper() for t in texts]


@pytest.mark.parametrize(("name", "module"), [("a.po", "polib"), ("a.xlf", "lxml.etree")])
def test_a_missing_package_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r"pip install 'dragoman\[files\]'"):
        open_document(written(tmp_path, name, ""))


def test_by_and_column_are_for_their_own_kinds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "a.po", PO)
    written(tmp_path, "a.jsonl", '{"text": "a"}\n')
    written(tmp_path, "a.txt", "a\n")
    written(tmp_path, "b.jsonl", '{"source": "a", "translation": "b"}\n')
    flags = ("--from", "en", "--to", "fr", "-o", "out.jsonl")
    for arguments, words in [
        (("a.po", "--by", "line"), "--by is for plain texts"),
        (("a.txt", "--column", "text"), "--column is for"),
        (("a.jsonl",), "no text in a column 'source'"),
        (("a.jsonl", "--column", "text"), ""),
        (("b.jsonl",), "b.jsonl:1: has a 'translation' already"),
    ]:
        code = run(monkeypatch, "document", "split", *arguments, *flags, "--overwrite")
        assert code == (2 if words else 0)
        assert words in capsys.readouterr().err
    assert run(monkeypatch, "document", "split", "a.txt", "--from", "en", "-o", "x") == 2
    assert "names no language here; say it by --to" in capsys.readouterr().err
    assert not Path("x").exists()
    written(tmp_path, "m.jsonl", '{"id": "1", "translation": "b"}\n')
    written(tmp_path, "n.jsonl", '{"id": "2", "translation": "b"}\n')
    flags = ("--column", "text", "-o", "c.jsonl")
    assert run(monkeypatch, "document", "join", "a.jsonl", "n.jsonl", *flags) == 2
    assert "n.jsonl:1: its id is '2', not '1'" in capsys.readouterr().err
    written(tmp_path, "n.jsonl", "".join(f'{{"id": "{i}", "translation": "b"}}\n' for i in (1, 2)))
    assert run(monkeypatch, "document", "join", "a.jsonl", "n.jsonl", *flags) == 2
    assert "n.jsonl has more lines than the document has segments, 1" in capsys.readouterr().err
    assert not Path("c.jsonl").exists()
    written(tmp_path, "t.tsv", "text\tn\nOne\t1\n")
    for file in ("t.tsv", "a.jsonl"):
        flags = (file, "m.jsonl", "--column", "nope", "-o", f"c{Path(file).suffix}")
        assert run(monkeypatch, "document", "join", *flags) == 2
        assert f"{file}: there is no text in a column 'nope'" in capsys.readouterr().err
    join = ("document", "join", "a.jsonl", "m.jsonl", "--column", "text", "-o")
    assert run(monkeypatch, *join, "c.tsv") == 2
    assert "must end in .jsonl" in capsys.readouterr().err
    assert run(monkeypatch, *join, "c.jsonl") == 0
