"""English names of languages, from CLDR data by way of the `langcodes` library."""

from __future__ import annotations

from functools import cache

from dragoman.errors import UnknownLanguage


@cache
def language_name(code_or_name: str) -> str:
    """`zh` → Chinese, `pt-BR` → Portuguese (Brazil), `eng_Latn` → English, `Czech` → Czech.

    Takes BCP-47 codes (with `-` or `_`) and English names; anything else is an error
    that says so, never a name that a prompt would silently carry on.
    """
    import langcodes
    from langcodes.tag_parser import LanguageTagError

    text = code_or_name.strip()
    try:
        language = langcodes.Language.get(text.replace("_", "-")).simplify_script()
        name = language.display_name()
        if language.is_valid() and not name.startswith("Unknown language"):
            return name
    except LanguageTagError:
        pass
    try:
        name = langcodes.find(text).display_name()
    except LookupError:
        name = ""
    # `find` forgives a lot; only a name written out is taken for that name.
    if name.casefold() != text.casefold() or not text:
        raise UnknownLanguage(
            f"no language has the code or English name {code_or_name!r}; "
            "give a BCP-47 code such as en, zh or pt-BR"
        )
    return name
