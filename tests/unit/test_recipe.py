"""Recipes: read whole, checked whole, and every complaint is one clear line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dragoman.errors import UserError
from dragoman.training.recipe import RECIPES, JudgeTable, find_recipe, load_recipe, read_recipe

TEXT = """
stage = "policy"
model = "folder"
seed = 3
[data]
rows = "a.jsonl"
options = {size = 5}
[validation]
rows = "b.jsonl"
every = 7
[policy]
scale = 0.01
[judge]
engine = "scripted:x"
temperature = 1
slots = 4
engine_options = {cache = 2}
[trl]
learning_rate = 1e-5
"""


@dataclass(frozen=True, kw_only=True)
class Settings:
    scale: float = 1.0
    names: tuple[str, ...] = ()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "r.toml"
    path.write_text(TEXT)
    return path


def test_every_table_is_read(file: Path) -> None:
    recipe = load_recipe(str(file))
    assert (recipe.stage, recipe.model, recipe.seed) == ("policy", "folder", 3)
    assert recipe.data.rows == "a.jsonl"
    assert recipe.data.options == {"size": 5}
    assert recipe.validation is not None
    assert recipe.validation.every == 7
    assert recipe.settings(Settings) == Settings(scale=0.01)
    expected = JudgeTable(
        engine="scripted:x", temperature=1.0, slots=4, engine_options={"cache": 2}
    )
    assert recipe.judge == expected
    assert recipe.trl == {"learning_rate": 1e-5}
    assert recipe.lora is None


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("seed=9", lambda r: r.seed == 9),
        ("model=other", lambda r: r.model == "other"),
        ("data.limit=4", lambda r: r.data.limit == 4),
        ("policy.names=['a', 'b']", lambda r: r.settings(Settings).names == ("a", "b")),
        ("judge.permute=balanced", lambda r: r.judge.permute == "balanced"),
        ("trl.max_steps = 5", lambda r: r.trl["max_steps"] == 5),
        ("trl.lr_scheduler_kwargs.x=0.2", lambda r: r.trl["lr_scheduler_kwargs"] == {"x": 0.2}),
        ("lora.r=8", lambda r: r.lora == {"r": 8}),
    ],
)  # fmt: skip
def test_overrides_are_written_over_the_file(file: Path, override: str, told: Any) -> None:
    assert told(load_recipe(str(file), [override]))


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("sed=9", "unknown key 'sed'; there are data, .*model, policy, seed, stage, "),
        ("data.rowz=9", r"\[data\]: unknown key 'rowz'; there are limit, options, rows"),
        ("policy.scal=9", r"\[policy\]: unknown key 'scal'; there are names, scale"),
        ("judge.votez=9", r"\[judge\]: unknown key 'votez'"),
        ("seed=x", "seed is a whole number, not 'x'"),
        ("seed=1.5", "seed is a whole number, not 1.5"),
        ("seed=true", "seed is a whole number, not True"),
        ("policy.scale=x", r"\[policy\]: scale is a number, not 'x'"),
        ("policy.names=[1]", r"\[policy\]: names is a text, not 1"),
        ("policy.names=x", r"\[policy\]: names is a list, not 'x'"),
        ("data=7", "data is a table, not 7"),
        ("trl=7", "trl is a table, not 7"),
        ("policy=7", "policy is a table"),
        ("judge.permute=some", r"\[judge\]: permute is one of balanced, all, not 'some'"),
        ("judge.guided=1", r"\[judge\]: guided is true or false, not 1"),
        ("data={}", r"\[data\]: rows is missing"),
        (
            "stage=sfd",
            "preference, self-play, not 'sfd'",
        ),
        ("sft.format=gqm", "unknown key 'sft'"),
    ],
)
def test_what_nobody_reads_is_refused_by_file_and_key(
    file: Path, override: str, complaint: str
) -> None:
    with pytest.raises(UserError, match=rf"r\.toml: .*?{complaint}"):
        load_recipe(str(file), [override]).settings(Settings)


@pytest.mark.parametrize("override", ["seed", "=3", ".seed=3", "model.x=3"])
def test_an_override_that_is_none_is_refused(file: Path, override: str) -> None:
    with pytest.raises(UserError, match="--set "):
        load_recipe(str(file), [override])


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nix\.toml: cannot read: No such file"):
        load_recipe(str(tmp_path / "nix.toml"))
    (tmp_path / "bad.toml").write_text("a = ")
    with pytest.raises(UserError, match=r"bad\.toml: not TOML"):
        load_recipe(str(tmp_path / "bad.toml"))
    with pytest.raises(UserError, match=r"called 'nix'; there are .*phrasebook/judge-sft"):
        load_recipe("nix")


def test_a_missing_stage_and_model_are_named() -> None:
    with pytest.raises(UserError, match="r: stage is one of"):
        read_recipe({}, "r")
    with pytest.raises(UserError, match="r: model is missing"):
        read_recipe({"stage": "sft"}, "r")


def test_shipped_recipes_are_found_by_name() -> None:
    assert find_recipe("phrasebook/judge-sft") == RECIPES / "phrasebook/judge-sft.toml"
    with pytest.raises(UserError, match="several recipes are called 'judge-sft'"):
        find_recipe("judge-sft")


@pytest.mark.parametrize(
    "name",
    [path.relative_to(RECIPES).with_suffix("").as_posix() for path in RECIPES.glob("*/*.toml")],
)
def test_every_shipped_recipe_is_one(name: str) -> None:
    assert load_recipe(name).name == name
