"""Secrets are told by the name of an environment variable, never by themselves."""

from __future__ import annotations

import os

from dragoman.errors import UserError


def token_from(variable: str | None) -> str | None:
    """The token in this environment variable, if one is named."""
    if variable is None:
        return None
    # A file's last line break often comes with it.
    token = os.environ.get(variable, "").strip()
    if not token:
        raise UserError(f"the environment variable {variable} holds no token")
    if not token.isascii() or not token.isprintable():
        raise UserError(
            f"the environment variable {variable}: a token has ASCII characters and is one line"
        )
    return token
