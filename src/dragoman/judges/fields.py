"""What goes into the signatures of judges that ask an engine, and of their wrappers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dragoman.asking import RETRY_TEMPERATURES, Asker
from dragoman.formats import Format
from dragoman.signature import read_signature, signature
from dragoman.types import Judgement


def asking_fields(asker: Asker, format: Format[Any, Any]) -> dict[str, object]:
    """Format, reader, model and sampling: whatever changes an answer."""
    sampling, patience = asker.sampling, asker.patience
    return {
        **format.fields,
        "engine": asker.engine.identity,
        "temp": sampling.temperature,
        "top_p": sampling.top_p,
        "tokens": sampling.max_tokens,
        "seed": sampling.seed,
        "retries": patience.retries,
        "retry_temps": _unless_usual(patience.temperatures),
        "guided": "yes" if asker.guided else None,
    }


def _unless_usual(temperatures: Sequence[float]) -> str | None:
    usual = tuple(temperatures) == RETRY_TEMPERATURES
    return None if usual else ",".join(f"{temperature:g}" for temperature in temperatures)


def wrapped_signature(inner: Judgement, own: Mapping[str, object]) -> str:
    """The signature of a judgement made out of others like `inner`, with the wrapper's own
    fields. It keeps what the inner judge knew only once it saw the segment."""
    fields = read_signature(inner.signature)
    fields.pop("version", None)
    return signature({**fields, **own})
