"""Recipes: everything that a training run is told, as one TOML file.

    stage = "reward"                  # base, sft, reward, policy, preference, ...
    model = "phrasebook:base"         # or a model folder
    seed = 1
    [data]                            # where rows come from
    [validation]                      # held-out rows, and how often they are looked at
    [reward]                          # the stage's own settings: the table has its name
    [judge]                           # who rewards, as `dragoman rank` names it
    [lora]                            # straight into peft's LoraConfig: train small adapters
    [trl]                             # straight into TRL's own configuration
    [expected]                        # what --dry-run counts with before the data are there

A key that nobody reads is refused, with the file's name. This file knows no torch.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from dataclasses import replace as replaced
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from dragoman.errors import UserError
from dragoman.formats import Reading
from dragoman.judges import Orders

Stage = Literal["base", "sft", "reward", "policy", "self-reward", "preference", "self-play"]

RECIPES = Path(__file__).parent.parent / "recipes"
"""The recipes of the package, a folder a family."""

Settings = TypeVar("Settings")


@dataclass(frozen=True, kw_only=True)
class DataTable:
    """Where the rows to train on come from."""

    rows: str
    """A JSONL file, or `phrasebook:NAME`."""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What a data set of the phrasebook is told: seed, size and so on."""
    limit: int | None = None
    """The first so many rows only."""


@dataclass(frozen=True, kw_only=True)
class ValidationTable:
    """Held-out rows, and how often the model is tried on them."""

    rows: str
    """A JSONL file, or `phrasebook:NAME`."""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    limit: int | None = None
    every: int = 50
    """Steps between two looks; there is one more at the end."""


@dataclass(frozen=True, kw_only=True)
class JudgeTable:
    """Who rewards: the names and defaults of `dragoman rank`'s flags."""

    judge: str = "group"
    engine: str | None = None
    model: str | None = None
    api_key_env: str | None = None
    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 4096
    seed: int = 0
    concurrency: int = 16
    engine_options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """For the engine itself, as --engine-option KEY=VALUE."""
    format: str | None = None
    reading: Reading = "strict"
    guided: bool = False
    retries: int = 2
    permute: Orders | None = None
    votes: int = 1
    slots: int | None = None


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One training run. `own` is the table named after the stage, still unread: the stage
    reads it with `recipe.settings(ItsSettings)`."""

    name: str
    """The file it came from, for messages."""
    stage: Stage
    model: str
    data: DataTable
    seed: int = 0
    validation: ValidationTable | None = None
    own: Mapping[str, Any] = field(default_factory=dict[str, Any])
    judge: JudgeTable | None = None
    lora: Mapping[str, Any] | None = None
    trl: Mapping[str, Any] = field(default_factory=dict[str, Any])
    expected: Mapping[str, Any] | None = None

    def settings(self, kind: type[Settings]) -> Settings:
        """The stage's own table as its dataclass; unknown keys and wrong types are refused."""
        return read_table(kind, self.own, f"{self.name}: [{self.stage}]")


def load_recipe(name: str, overrides: Iterable[str] = ()) -> Recipe:
    """The recipe in a TOML file, or the one of the package with this name, with each
    `table.key=value` of `overrides` written over it."""
    path = find_recipe(name)
    try:
        with path.open("rb") as stream:
            tables = tomllib.load(stream)
    except OSError as error:
        raise UserError(f"{path}: cannot read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not TOML: {error}") from None
    for override in overrides:
        _set(tables, override)
    return read_recipe(tables, str(name))


def find_recipe(name: str) -> Path:
    """A file as it is; else `family/name` or, where only one family has it, `name`."""
    if name.endswith(".toml") or Path(name).is_file():
        return Path(name)
    known = {path.relative_to(RECIPES).with_suffix("").as_posix(): path for path in _shipped()}
    found = [path for key, path in known.items() if name in (key, path.stem)]
    if len(found) != 1:
        problem = "several recipes are" if found else "no file and no recipe is"
        raise UserError(f"{problem} called {name!r}; there are {', '.join(sorted(known))}")
    return found[0]


def _shipped() -> list[Path]:
    return sorted(RECIPES.glob("*/*.toml"))


def read_recipe(tables: Mapping[str, Any], name: str) -> Recipe:
    """A recipe from parsed TOML."""
    stage: Any = tables.get("stage")
    if stage not in get_args(Stage):
        raise UserError(f"{name}: stage is one of {', '.join(get_args(Stage))}, not {stage!r}")
    own: Any = tables.get(stage, {})
    if not isinstance(own, dict):
        raise UserError(f"{name}: {stage} is a table")
    known = [key.name for key in fields(Recipe) if key.name not in ("name", "own")]
    rest = {key: value for key, value in tables.items() if key != stage}
    unknown = [key for key in rest if key not in known]
    if unknown:
        raise UserError(_unknown(name, unknown[0], [*known, stage]))
    recipe = read_table(Recipe, {**rest, "name": name}, name)
    return replaced(recipe, own=cast(dict[str, Any], own))


def read_table(kind: type[Settings], table: Mapping[str, Any], where: str) -> Settings:
    """A dataclass from a TOML table: no unknown key, none missing, each of its type."""
    types = get_type_hints(kind)
    keys = [key.name for key in fields(cast(Any, kind))]
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in keys:
            raise UserError(_unknown(where, key, keys))
        values[key] = _typed(types[key], value, where, key)
    for key in fields(cast(Any, kind)):
        if key.default is MISSING and key.default_factory is MISSING and key.name not in values:
            raise UserError(f"{where}: {key.name} is missing")
    return kind(**values)


def _typed(wanted: Any, value: Any, where: str, key: str) -> Any:
    """The value as the type of its field wants it."""
    origin, choices = get_origin(wanted), get_args(wanted)
    if origin is UnionType or NoneType in choices:
        return _typed(next(c for c in choices if c is not NoneType), value, where, key)
    if origin is Literal:
        if value not in choices:
            raise UserError(f"{where}: {key} is one of {', '.join(choices)}, not {value!r}")
        return value
    if hasattr(wanted, "__dataclass_fields__") and isinstance(value, dict):
        return read_table(wanted, cast(dict[str, Any], value), f"{where}: [{key}]")
    if origin is tuple and isinstance(value, list):
        items = cast(list[Any], value)
        return tuple(_typed(choices[0], item, where, key) for item in items)
    plain: Any = dict if origin is Mapping else list if origin is tuple else wanted
    if plain is float and type(value) is int:
        return float(value)
    if plain is not Any and type(value) is not plain:
        raise UserError(f"{where}: {key} is {_spoken(plain)}, not {value!r}")
    return value


def _spoken(kind: Any) -> str:
    names = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
    return names.get(kind, "a list" if kind is list else "a table")


def _unknown(where: str, key: str, known: Iterable[str]) -> str:
    return f"{where}: unknown key {key!r}; there are {', '.join(sorted(known))}"


def _set(tables: dict[str, Any], override: str) -> None:
    """Write `table.key=value` into the parsed TOML; what is no TOML value is text."""
    path, equals, text = override.partition("=")
    *parents, key = path.strip().split(".")
    if not equals or not all([*parents, key]):
        raise UserError(f"--set {override}: write table.key=value")
    try:
        value: Any = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    for parent in parents:
        inner: Any = tables.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise UserError(f"--set {override}: {parent} is no table")
        tables = cast(dict[str, Any], inner)
    tables[key] = value
