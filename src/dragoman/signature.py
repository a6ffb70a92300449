"""What produced a number, in one line, as sacreBLEU does it.

`judge:group|format:gqm|reading:strict|engine:openvino|model:judge@1f3c…|temp:0|version:0.1.0`
Pairs keep their order; the version comes last. Two numbers may be compared when their
signatures are equal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from dragoman.version import __version__

_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def signature(fields: Mapping[str, object]) -> str:
    """Join fields to `key:value|…|version:…`; None and empty values are left out."""
    pairs = [f"{key}:{_plain(value)}" for key, value in fields.items() if value not in (None, "")]
    return "|".join([*pairs, f"version:{__version__}"])


def read_signature(text: str) -> dict[str, str]:
    """The pairs of a signature; the inverse of `signature` for string values."""
    pairs = dict(pair.split(":", 1) for pair in text.split("|"))
    return {key: value.replace("%7C", "|").replace("%25", "%") for key, value in pairs.items()}


def digest(value: object) -> str:
    """A content address: the SHA-256 of the value's canonical JSON, 32 hex digits."""
    text = _CANONICAL.encode(value)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _plain(value: object) -> str:
    if isinstance(value, float):
        value = f"{value:g}"
    return str(value).replace("%", "%25").replace("|", "%7C").replace("\n", " ")
