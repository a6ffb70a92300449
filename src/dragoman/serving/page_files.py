"""The page at `/`: plain files from the package, under a policy that lets nothing else in.

Texts that people and models wrote come to the page as JSON and become text nodes there. Should
one ever become more than that, the policy stops it: no script, style or picture but our own files,
no request but to this server, and the browser itself refuses HTML made from text.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from dragoman.pages import part

SHARED = ("parts.css", "parts.js")
KINDS: Mapping[str, str] = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Asked about each time, so that a new version is never half an old one.
    "Cache-Control": "no-cache",
}


@cache
def page_files() -> Mapping[str, tuple[str, str]]:
    """Text and kind of every file of the page, by the path under which it is asked for."""
    texts = {name: part(name) for name in SHARED}
    for file in (files("dragoman.serving") / "page").iterdir():
        texts[file.name] = file.read_text(encoding="utf-8")
    return {
        "/" if name == "index.html" else f"/page/{name}": (text, KINDS[name.rpartition(".")[2]])
        for name, text in texts.items()
    }


async def page_file(request: Request) -> Response:
    """One of the page's files; it has a path each, and there are no others."""
    text, kind = page_files()[request.url.path]
    tag = f'"{sha256(text.encode()).hexdigest()[:16]}"'
    headers = {**HEADERS, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type=kind, headers=headers)
