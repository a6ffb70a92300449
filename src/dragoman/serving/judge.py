"""A judge that stands behind another `dragoman serve`: `--judge http://HOST:PORT`."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from dragoman.errors import EngineError, EngineRefused, PromptRefused
from dragoman.formats.verdict_line import read_verdict_row
from dragoman.serving.client import AsyncClient, ServerRefused, about
from dragoman.signature import read_signature
from dragoman.types import Failure, Group, Judgement

NO_ENTRY = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class ServedJudge:
    """Has a server judge: a group goes there, and its verdict comes back.

    Its signature is the server's, so numbers that were judged there and here may be compared.
    A further `draw` is the same question once more: a server that should vote has `--votes`.
    """

    def __init__(self, address: str, *, token: str | None = None):
        self._address = address.rstrip("/")
        # Nobody says when a judge is needed no more, so no connection is kept.
        self._client = AsyncClient(self._address, token=token, keep_alive=False)
        try:
            signed = read_signature(about(self._address, token)["judge"])
        except ServerRefused as refused:
            raise self._refused(refused) from None
        except (KeyError, TypeError, ValueError):
            raise EngineRefused(f"{self._address}: what answers is no `dragoman serve`") from None
        self._fields = {name: value for name, value in signed.items() if name != "version"}

    @property
    def fields(self) -> Mapping[str, object]:
        return self._fields

    async def judge(self, group: Group, draw: int = 0) -> Judgement:
        try:
            (row,) = await self._client.rank([group])
            return read_verdict_row(row, group)
        except ServerRefused as refused:
            if refused.status in (*NO_ENTRY, HTTPStatus.NOT_FOUND):
                raise self._refused(refused) from None
            mine = refused.status < HTTPStatus.INTERNAL_SERVER_ERROR
            failure = Failure((PromptRefused if mine else EngineError).reason, str(refused))
        except EngineError as error:
            failure = Failure(error.reason, str(error))
        except ValueError as error:
            raise EngineRefused(
                f"{self._address}: no verdict that is known here: {error}"
            ) from None
        return Judgement(group, None, failure)

    def _refused(self, refused: ServerRefused) -> EngineRefused:
        advice = "what answers is no `dragoman serve`"
        if refused.status in NO_ENTRY:
            advice = "--judge-token-env names the environment variable that holds it"
        return EngineRefused(f"{self._address}: {refused}; {advice}")
