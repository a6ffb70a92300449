"""What the formats of this package have in common."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from inspect import signature

from dragoman.formats import Reading


class BaseFormat:
    """Keeps the reading, and tells `fields` from the options of the constructor: each is an
    attribute of the same name."""

    name: str
    version: str

    def __init__(self, reading: Reading = "strict"):
        self.reading: Reading = reading

    @cached_property
    def fields(self) -> Mapping[str, object]:
        fields: dict[str, object] = {
            "format": f"{self.name}.{self.version}",
            "reading": self.reading,
        }
        for option in signature(type(self)).parameters.values():
            value = getattr(self, option.name)
            if option.name != "reading" and value != option.default:
                fields[option.name] = ("no", "yes")[value] if isinstance(value, bool) else value
        return fields
