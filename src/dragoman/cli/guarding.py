"""Options of the guards on translations; a field is a flag, its docstring the flag's help."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from cyclopts import Parameter

from dragoman.cli.running import Flag
from dragoman.errors import MissingExtra
from dragoman.language_check import UNCHECKED, LanguageCheck, make_language_check
from dragoman.translators import Translator
from dragoman.translators.guards import Guarded


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class GuardOptions:
    """What is looked for in every translation."""

    no_guards: Flag = False
    """Look for nothing: no copies, lost placeholders, odd lengths, other languages."""
    language_check: str | None = None
    """How languages are guessed: langid (the default where it is installed), none or
    module:Class."""

    def on(self, translator: Translator, check: LanguageCheck) -> Translator:
        """The translator, guarded unless that is not wanted."""
        return translator if self.no_guards else Guarded(translator, check)

    def check(self) -> LanguageCheck:
        """How languages are guessed, by the guards and by a tree search."""
        if self.no_guards and not self.language_check:
            return UNCHECKED
        try:
            return make_language_check(self.language_check or "langid")
        except MissingExtra as error:
            if self.language_check:
                raise
            print(f"dragoman: no language is checked: {error}", file=sys.stderr)
            return UNCHECKED
