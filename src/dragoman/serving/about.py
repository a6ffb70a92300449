"""What the page asks besides rankings: who judges here, and what a ledger holds."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dragoman.serving.service import Refusal
from dragoman.serving.web import service_of, whole_number
from dragoman.signature import signature

STATUSES = {"": None, "ok": False, "failed": True}
MOST_SEARCHED = 1000


async def about(request: Request) -> Response:
    """The judge's signature, whether there is a ledger, languages that hold, and limits."""
    service = service_of(request)
    limits, defaults = service.limits, service.defaults
    return JSONResponse(
        {
            "judge": signature(service.judge_fields),
            "ledger": service.ledger is not None,
            "src_lang": defaults.src_lang,
            "tgt_lang": defaults.tgt_lang,
            "limits": {
                "body": limits.body,
                "groups": limits.groups,
                "candidates": limits.candidates,
                "characters": limits.characters,
            },
        }
    )


async def ledger(request: Request) -> Response:
    """Finished records of the ledger in the order in which they were finished, a page at a time:
    all, or those with a status, or with words in them."""
    kept, query = service_of(request).ledger, request.query_params
    if kept is None:
        raise Refusal(404, "the server was started without --ledger")
    status, search = query.get("status", ""), query.get("search", "")
    if status not in STATUSES:
        raise Refusal(400, "status is ok, failed, or left out", path="?status")
    if len(search) > MOST_SEARCHED:
        raise Refusal(400, f"a search has at most {MOST_SEARCHED} characters", path="?search")
    after = whole_number(request, "after")
    page = kept.browse_records(after, failed=STATUSES[status], words=search.split())
    return JSONResponse(
        {
            "total": kept.count_records(),
            "records": [
                {"failed": one.failed, "tries": one.tries, "line": json.loads(one.line or "null")}
                for one in page.records
            ],
            "after": page.after,
        }
    )
