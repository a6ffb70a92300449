"""Secrets are told by the name of an environment variable, never by themselves."""

from __future__ import annotations

import os

from dragoman.errors import UserError


def token_from(variable: str | None) -> str | None:
    """The token in this environment variable, if one is named."""
    token = None if variable is None else os.environ.get(variable)
    if variable is not None and not token:
        raise UserError(f"the environment variable {variable} holds no token")
    return token
