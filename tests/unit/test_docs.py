"""The documentation cannot rot: its examples are used, its names exist, its links lead somewhere.

Its commands are run by `python docs/generate.py --check`, which `make check` does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from docs import generate
from tests.conftest import make_group

from dragoman import rank_groups
from dragoman.asking import Asker
from dragoman.engines import ENGINES, make_engine
from dragoman.errors import UnreadableReply
from dragoman.formats import FORMATS, make_format
from dragoman.judges import make_judge
from dragoman.types import Prompt, Sampling

HOME = Path(__file__).resolve().parent.parent.parent
PAGES = [HOME / "README.md", HOME / "CHANGELOG.md", *sorted((HOME / "docs").rglob("*.md"))]


def blocks(page: str, language: str) -> list[str]:
    text = (HOME / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def test_output_that_is_not_real_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(HOME / "examples", tmp_path / "examples")
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo 1.5 a second\n9.9 a second\n$ echo a\nb\n```\n")
    monkeypatch.setattr(generate, "HOME", tmp_path)
    told = generate.with_real_output("page.md")
    assert told == "```console\n$ echo 1.5 a second\n9.9 a second\n$ echo a\na\n```\n"


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md"])
def test_commands_that_are_not_run_show_no_output(page: str) -> None:
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            assert re.match(r"(dragoman|make|pip|vllm|git|\.) ", line), line


def test_options_in_the_pages_exist() -> None:
    known = set(re.findall(r"--[a-z-]+", generate.cli_page()))
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for command in re.findall(r"^(?:\$ )?dragoman .*$", text, re.M):
            unknown = set(re.findall(r" (--[a-z-]+)", command)) - known
            assert not unknown, f"{page}: {command}"


def test_picture_fetches_nothing() -> None:
    picture = (HOME / "docs/rank.svg").read_text(encoding="utf-8")
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")


def test_tree_in_the_readme_has_every_file_and_no_other() -> None:
    (tree,) = [block for block in blocks("README.md", "text") if "src/dragoman/" in block]
    folders, named = list[str](), set[str]()
    for line in tree.splitlines()[1:]:
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        del folders[depth - 1 :]
        if name.endswith("/"):
            folders.append(name)
        else:
            named.add("".join(folders) + name)
    source = HOME / "src/dragoman"
    files = {str(path.relative_to(source)) for path in source.rglob("*.py")}
    assert named == files


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        links = re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page.read_text(encoding="utf-8"))
        for target, place in links:
            if "://" not in target:
                there = page.parent / target if target else page
                assert there.exists(), f"{page.name}: {target}"
                assert not place or place in places(there), f"{page.name}: {target}#{place}"


def places(page: Path) -> set[str]:
    """What stands behind the # of links to a page: its headings, without signs."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_index() -> None:
    index = (HOME / "docs/README.md").read_text(encoding="utf-8")
    for page in PAGES[2:]:
        name = page.relative_to(HOME / "docs").as_posix()
        assert name == "README.md" or f"({name})" in index


def glossary() -> Iterator[tuple[str, str, str]]:
    for line in (HOME / "docs/glossary.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[2].startswith("`"):
            yield cells[0], cells[1], cells[2].strip("`")


@pytest.mark.parametrize(("term", "word", "file"), list(glossary()))
def test_glossary_names_things_that_exist(term: str, word: str, file: str) -> None:
    text = (HOME / "src/dragoman" / file).read_text(encoding="utf-8")
    names = re.findall(r"`([^`]+)`", word)
    assert names, f"{term} has no name in the code"
    for name in names:
        for part in name.split("."):
            assert re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text), f"{name} is not in {file}"


def test_glossary_is_not_empty() -> None:
    assert len(list(glossary())) > 25


def test_every_reason_of_a_failure_is_explained() -> None:
    page = (HOME / "docs/readers.md").read_text(encoding="utf-8")
    explained = {
        reason
        for row in re.findall(r"^\| (`.+?) \|", page, re.M)
        for reason in re.findall(r"`([a-z-]+)`", row)
    }
    source = "".join(path.read_text(encoding="utf-8") for path in (HOME / "src").rglob("*.py"))
    given = set(
        re.findall(r"(?:(?:Failure|UnreadableReply|refuse)\(\s*|reason = )\"([a-z-]+)\"", source)
    )
    assert len(given) > 25
    # Nothing is ever said of a question that was not asked.
    assert given - {"not-asked"} <= explained


@pytest.mark.parametrize(
    ("page", "table"),
    [("docs/engines.md", ENGINES), ("docs/formats.md", FORMATS)],
)
def test_every_plugin_has_its_words(page: str, table: dict[str, str]) -> None:
    text = (HOME / page).read_text(encoding="utf-8")
    for name in table:
        assert re.search(rf"`{re.escape(name)}[`:]", text), f"{page} does not speak of {name}"


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/tutorial.md",
        "docs/engines.md",
        "docs/coming-from-the-reference-code.md",
    ],
)
def test_python_in_the_page_runs(
    page: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(HOME)
    for block in blocks(page, "python"):
        exec(compile(block, page, "exec"), {})
        said = capsys.readouterr().out
        promised = re.findall(r"  # ([(\[]\d.*?[)\]])", block)
        assert said, f"{page}: a block that prints nothing shows nothing"
        for value in promised:
            assert value in said


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where an outsider's modules lie."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("my_lab"):
            del sys.modules[name]


def publish(page: str, lab: Path, module: str) -> None:
    """Write the page's first Python block as a module, as its reader would."""
    (lab / f"{module}.py").write_text(blocks(page, "python")[0], encoding="utf-8")


async def test_how_to_add_an_engine(lab: Path) -> None:
    publish("docs/how-to-add-an-engine.md", lab, "my_lab_engines")
    replies = lab / "replies.txt"
    replies.write_text("### Final Ranking:\n\nB > A\n\n### Scores:\n\nB: 9, A: 4\n")
    engine = make_engine(f"my_lab_engines:FileEngine:{replies}")
    completion = await engine.complete(Prompt("anything"), Sampling(n=2))
    assert len(completion.replies) == 2
    judgement = await make_judge("group", Asker(engine)).judge(make_group("x", "y"))
    assert judgement.verdict
    assert judgement.verdict.ranking.order == (1, 0)
    assert engine.identity in judgement.signature
    replies.unlink()
    assert (await make_judge("group", Asker(engine)).judge(make_group("x", "y"))).failure
    await engine.close()


async def test_how_to_add_a_format(lab: Path) -> None:
    publish("docs/how-to-add-a-format.md", lab, "my_lab_formats")
    made = make_format("my_lab_formats:OneLine", "strict")
    group = make_group("Good morning", "Good night")
    assert "1. Good morning\n2. Good night\n" in made.write(group).text
    assert made.read("2 1\n", group).ranking.order == (1, 0)
    for reply in ("", "2", "2 2", "3 1", "first", "1 2 3"):
        with pytest.raises(UnreadableReply):
            made.read(reply, group)
    engine = make_engine(_rules(lab, '{"reply": "2 1"}'))
    judge = make_judge("group", Asker(engine), format="my_lab_formats:OneLine")
    judgement = await judge.judge(group)
    assert judgement.verdict
    assert judgement.verdict.ranking.order == (1, 0)


def test_how_to_add_a_metric(lab: Path) -> None:
    publish("docs/how-to-add-a-metric.md", lab, "my_lab_metrics")
    group = make_group("Good night to you", "Good morn", reference="Good day!")
    (judgement,) = rank_groups([group], judge="metric:my_lab_metrics:SameLength")
    assert judgement.verdict
    assert judgement.verdict.ranking.order == (1, 0)
    assert "metric:same-length" in judgement.signature
    (without,) = rank_groups([make_group("a", "b")], judge="metric:my_lab_metrics:SameLength")
    assert without.failure
    assert without.failure.reason == "no-reference"


async def test_how_to_add_a_judge(lab: Path) -> None:
    publish("docs/how-to-add-a-judge.md", lab, "my_lab_judges")
    judge = make_judge("my_lab_judges:Shortest", permute="balanced")
    judgement = await judge.judge(make_group("the longer one", "short", "short"))
    assert judgement.verdict
    assert judgement.verdict.ranking.tiers == ((1, 2), (0,))
    assert judgement.details["flip_rate"] == 0


def test_how_to_commands_work_from_the_shell(lab: Path) -> None:
    publish("docs/how-to-add-a-judge.md", lab, "my_lab_judges")
    flags = ["--source", "x", "--from", "de", "--to", "en", "-c", "long one", "-c", "short"]
    flags += ["--judge", "my_lab_judges:Shortest"]
    done = subprocess.run(
        [sys.executable, "-c", "from dragoman.cli import main; main()", "rank", *flags],
        cwd=lab,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(lab)},
    )
    assert "B > A" in done.stdout, done.stderr


def _rules(lab: Path, text: str) -> str:
    (lab / "rules.jsonl").write_text(text)
    return f"scripted:{lab / 'rules.jsonl'}"


def test_pages_speak_of_the_product_alone() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"/(work|tmp|home|root)/", text), page
        assert "<!--" not in text, f"{page}: something is still to be filled in"
        assert "!\n" not in re.sub(r"```.*?```", "", text, flags=re.S), page
