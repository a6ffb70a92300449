"""What goes into the signature of every judge that asks an engine."""

from __future__ import annotations

from typing import Any

from dragoman.asking import Asker
from dragoman.formats import Format


def asking_fields(asker: Asker, format: Format[Any, Any]) -> dict[str, object]:
    """Format, reader, model and sampling: whatever changes an answer."""
    sampling, patience = asker.sampling, asker.patience
    return {
        "format": f"{format.name}.{format.version}",
        "reading": format.reading,
        "engine": asker.engine.identity,
        "temp": sampling.temperature,
        "top_p": sampling.top_p,
        "tokens": sampling.max_tokens,
        "seed": sampling.seed,
        "retries": patience.retries,
    }
