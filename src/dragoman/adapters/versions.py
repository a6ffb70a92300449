"""Which version of a trainer is here, and whether its contract is the one that was read."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

from dragoman.errors import UserError

Release = tuple[int, int]


def check_version(package: str, oldest: Release, newest: Release) -> None:
    """Refuse a version outside `oldest` to `newest`, both included, and say what is expected."""
    wanted = f"{package} {_spoken(oldest)} to {_spoken(newest)}"
    try:
        found = version(package)
    except PackageNotFoundError:
        raise UserError(f"{package} is not installed here; the adapter is for {wanted}") from None
    numbers = [int(number) for number in re.findall(r"\d+", found)[:2]]
    if not oldest <= (*numbers, 0)[:2] <= newest:
        raise UserError(f"{package} {found} is installed, and the adapter is for {wanted}")


def _spoken(release: Release) -> str:
    return ".".join(map(str, release))
