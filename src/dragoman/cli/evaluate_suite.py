"""`dragoman evaluate ranking --suite`: every judge of a file on every set of it.

    [sets]                            # the columns: files of groups with human scores
    news = "news.jsonl"
    [judges.chrF]                     # the rows: as `dragoman rank` names judges
    judge = "metric:chrf"
    [judges.GQM]
    engine = "openvino:my-judge"
    permute = "balanced"
    [judges.published]                # or verdicts that are there, a file a set
    verdicts = "published/{set}.jsonl"

A judge's verdicts on all sets are one file with one ledger: its model is opened once.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dragoman.cli.evaluate_ranking import ReportOptions, check_metric, judge_groups
from dragoman.cli.options import EngineOptions, JudgeOptions
from dragoman.cli.running import RunOptions
from dragoman.errors import UserError
from dragoman.evaluation.groups import read_human_groups
from dragoman.evaluation.page import tables_page
from dragoman.evaluation.suite import suite_report, suite_signatures, suite_tables
from dragoman.evaluation.verdicts import Said, read_in_order, read_verdicts
from dragoman.row_files import STDIN, write_lines
from dragoman.training.recipe import JudgeTable, read_table

# What may be part of a file's name everywhere.
NAME = re.compile(r"[\w.+-]+(?:,? [\w.+-]+)*")


@dataclass(frozen=True, kw_only=True)
class SuiteJudge(JudgeTable):
    """A row of the table."""

    judge: str = ""
    verdicts: str | None = None
    """Verdicts that are there, with {set} for the set's name."""

    @property
    def asked(self) -> tuple[JudgeOptions, EngineOptions]:
        """The flags of `dragoman evaluate ranking` that say the same."""
        judge = JudgeOptions(
            judge=self.judge or None, format=self.format, reading=self.reading,
            guided=self.guided, retries=self.retries, permute=self.permute, votes=self.votes,
            slots=self.slots,
        )  # fmt: skip
        engine = EngineOptions(
            engine=self.engine, model=self.model, api_key_env=self.api_key_env,
            temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens,
            seed=self.seed, concurrency=self.concurrency,
            engine_option=tuple(f"{k}={json.dumps(v)}" for k, v in self.engine_options.items()),
        )  # fmt: skip
        return judge, engine


@dataclass(frozen=True, kw_only=True)
class _Tables:
    sets: Mapping[str, Any]
    judges: Mapping[str, Any]


@dataclass(frozen=True)
class Suite:
    """The files of groups and the judges, by name."""

    sets: Mapping[str, str]
    judges: Mapping[str, SuiteJudge]


def read_suite(path: str) -> Suite:
    """A suite from its file; whatever is wrong is named."""
    try:
        tables = read_table(_Tables, tomllib.loads(Path(path).read_text(encoding="utf-8")), path)
    except OSError as error:
        raise UserError(f"{path}: cannot read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not TOML: {error}") from None
    for kind, table in (("sets", tables.sets), ("judges", tables.judges)):
        if not table:
            raise UserError(f"{path}: [{kind}] names nothing")
        for name, value in table.items():
            if not NAME.fullmatch(name):
                raise UserError(f"{path}: {kind}: {name!r} is no name for a file; use letters")
            if not isinstance(value, str if kind == "sets" else dict):
                wanted = "a file of groups" if kind == "sets" else "a table"
                raise UserError(f"{path}: {kind}: {name} is {wanted}, not {value!r}")
    judges = {
        name: read_table(SuiteJudge, table, f"{path}: [judges.{name}]")
        for name, table in tables.judges.items()
    }
    for name, judge in judges.items():
        if bool(judge.verdicts) == bool(judge.judge or judge.engine):
            problem = "name a judge or an engine, or else where its verdicts are"
            raise UserError(f"{path}: [judges.{name}]: {problem}")
    return Suite(tables.sets, judges)


def run_suite(
    path: str, folder: str | None, html: str | None, report: ReportOptions, run: RunOptions
) -> int:
    """Judge what is not judged yet, and write and show the table."""
    from dragoman.cli.evaluation_tables import show_tables

    if run.ledger:
        raise UserError("--suite keeps a ledger for each judge, beside its verdicts; no --ledger")
    suite = read_suite(path)
    report.check((path, *suite.sets.values(), *_given(suite)), (html,))
    sets = {name: read_human_groups(file) for name, file in suite.sets.items()}
    for judge in suite.judges.values():
        for name, groups in sets.items():
            check_metric(suite.sets[name], groups, judge.judge)
    home = Path(folder) if folder else Path(path).with_suffix(".verdicts")
    said: dict[str, Mapping[str, Sequence[Said]]] = {}
    code = 0
    for name, judge in suite.judges.items():
        if judge.verdicts:
            said[name] = {
                one: read_verdicts(judge.verdicts.replace("{set}", one), groups)
                for one, groups in sets.items()
            }
            continue
        home.mkdir(parents=True, exist_ok=True)
        place = home / f"{name}.jsonl"
        everything = [group for groups in sets.values() for group in groups]
        # What a stopped run or another set left is replaced: the ledger has all of it.
        code |= judge_groups(path, everything, str(place), *judge.asked, replace(run, ledger=None))
        answers = read_in_order(place, (len(group.group) for group in everything))
        said[name] = {one: [next(answers) for _ in groups] for one, groups in sets.items()}
    made = suite_report(sets, said)
    tables, signatures = suite_tables(made), suite_signatures(made)
    report.write(made, tables, signatures)
    if html:
        with write_lines(html) as write:
            for line in tables_page("Judges beside people", tables, signatures):
                write(line)
    if report.json != STDIN:
        show_tables(tables, signatures)
    return code


def _given(suite: Suite) -> Iterator[str]:
    for judge in suite.judges.values():
        if judge.verdicts:
            yield from (judge.verdicts.replace("{set}", name) for name in suite.sets)
