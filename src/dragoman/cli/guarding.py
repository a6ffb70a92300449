"""Options of the guards on translations; a field is a flag, its docstring the flag's help."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from cyclopts import Parameter

from dragoman.cli.running import Flag
from dragoman.errors import MissingExtra
from dragoman.language_check import NONE, LanguageCheck, make_language_check
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

    def on(self, translator: Translator) -> Translator:
        """The translator, guarded unless that is not wanted."""
        return translator if self.no_guards else Guarded(translator, self._check())

    def _check(self) -> LanguageCheck:
        try:
            return make_language_check(self.language_check or "langid")
        except MissingExtra as error:
            if self.language_check:
                raise
            print(f"dragoman: no language is checked: {error}", file=sys.stderr)
            return make_language_check(NONE)
