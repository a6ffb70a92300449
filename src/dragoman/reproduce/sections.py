"""The sections of the report, by their letters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dragoman.reproduce import judge_sections, policy_sections
from dragoman.reproduce.results import Results, Section

MAKERS: Mapping[str, Callable[[Results], Section]] = {
    "a": judge_sections.a,
    "b": judge_sections.b,
    "c": policy_sections.c,
    "d": policy_sections.d,
    "e": policy_sections.e,
    "f": policy_sections.f,
    "g": policy_sections.g,
}
