"""How a name in a plugin table becomes a class.

`ENGINES`, `FORMATS`, `METRICS` and `JUDGES` are plain dicts from a name to
`"module:Name"`; the module loads on use. A name from the user that itself contains a
dotted module and a colon (`my_lab.judge:Strict`) is an import path, so that an outsider
needs no registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from dragoman.errors import UnknownName


def find(kind: str, name: str, table: Mapping[str, str]) -> Any:
    """The object that `name` stands for; an unknown name lists the known ones."""
    path = table.get(name, name)
    if ":" not in path:
        known = ", ".join(sorted(table))
        raise UnknownName(f"no {kind} is called {name!r}; there are {known}, or give module:Name")
    module_name, _, attribute = path.partition(":")
    if not all(part.isidentifier() for part in [*module_name.split("."), attribute]):
        raise UnknownName(f"{kind} {name!r}: an import path looks like package.module:Name")
    try:
        found = getattr(import_module(module_name), attribute)
    except ModuleNotFoundError as error:
        if name in table or not module_name.startswith(error.name or "\0"):
            raise
        raise UnknownName(f"{kind} {name!r}: there is no module {error.name}") from error
    except AttributeError as error:
        raise UnknownName(f"{kind} {name!r}: {module_name} has no {attribute}") from error
    if not callable(found):
        raise UnknownName(f"{kind} {name!r}: {attribute} of {module_name} is no class")
    return found
