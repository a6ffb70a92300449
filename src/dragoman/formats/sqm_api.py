"""SQM as general language models are asked it, in two wordings: the strict one adds that
nothing may follow the score, for models that like to go on."""

from __future__ import annotations

from dragoman.formats import compat
from dragoman.formats.sqm import SQM


class SQMApi(SQM):
    """A score from 0 to 10 for one candidate, asked of a general model behind an API."""

    name = "sqm-api"
    compat_reader = staticmethod(compat.read_api_alone)


class SQMApiStrict(SQMApi):
    """As `sqm-api`, with a sentence that forbids text behind the score."""

    name = "sqm-api-strict"
