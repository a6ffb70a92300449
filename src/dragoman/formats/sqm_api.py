"""SQM as general language models are asked it, in two wordings: the strict one adds that
nothing may follow the score, for models that like to go on."""

from __future__ import annotations

from dragoman.formats import compat
from dragoman.formats.sqm import SQM


class SQMApi(SQM):
    name = "sqm-api"
    compat_reader = staticmethod(compat.read_api_alone)


class SQMApiStrict(SQMApi):
    name = "sqm-api-strict"
