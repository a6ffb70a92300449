"""Languages by English name and by code, from CLDR data by way of the `langcodes` library."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from dragoman.errors import UnknownLanguage

if TYPE_CHECKING:
    from langcodes import Language


# Names are asked for with every prompt, and there are a few of them in a run.
@lru_cache(1024)
def language_name(code_or_name: str) -> str:
    """`zh` → Chinese, `pt-BR` → Portuguese (Brazil), `eng_Latn` → English, `Czech` → Czech.

    Takes BCP-47 codes (with `-` or `_`) and English names; anything else is an error
    that says so, never a name that a prompt would silently carry on.
    """
    return _find(code_or_name).display_name()


def language_code(code_or_name: str) -> str:
    """The language alone, in its shortest code: `zh` for zh-CN, zho_Hans, cmn and Chinese."""
    return str(_find(code_or_name).prefer_macrolanguage().language)


@lru_cache(1024)
def _find(code_or_name: str) -> Language:
    import langcodes
    from langcodes.tag_parser import LanguageTagError

    text = code_or_name.strip()
    try:
        language = langcodes.Language.get(text.replace("_", "-")).simplify_script()
        if language.is_valid() and not language.display_name().startswith("Unknown language"):
            return language
    except LanguageTagError:
        pass
    try:
        language = langcodes.find(text)
    except LookupError:
        language = None
    # `find` forgives a lot; only a name written out is taken for that name.
    if language is None or language.display_name().casefold() != text.casefold():
        raise UnknownLanguage(
            f"no language has the code or English name {code_or_name!r}; "
            "give a BCP-47 code such as en, zh or pt-BR"
        )
    return language
