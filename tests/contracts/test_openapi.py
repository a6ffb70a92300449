"""Requests made up from our OpenAPI document: none breaks the server, every answer is as told."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from dragoman.serving.app import make_app
from dragoman.serving.service import Defaults, Limits, Service
from dragoman.types import Group, Judgement, Ranking, Verdict

schemathesis = pytest.importorskip("schemathesis")
checks = pytest.importorskip("schemathesis.specs.openapi.checks")


class Equal:
    """Finds everything equally good."""

    fields: Mapping[str, object] = MappingProxyType({"judge": "equal"})

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        everyone = tuple(range(len(group)))
        return Judgement(group, Verdict(Ranking((everyone,)), (5.0,) * len(group)), None)


service = Service(
    Equal(),
    # Nobody has siblings here.
    limits=Limits(longest_deadline=0.05),
    defaults=Defaults(src_lang="de", tgt_lang="en", group_size=1, deadline=0.05),
)
schema: Any = schemathesis.openapi.from_asgi("/openapi.json", make_app(service, loopback=False))


@schema.parametrize()
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_every_answer_is_as_the_document_says(case: Any) -> None:
    # A schema cannot say all: that languages must exist, or one of several keys be there.
    case.call_and_validate(excluded_checks=[checks.positive_data_acceptance])
