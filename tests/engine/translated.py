"""The translations of what is shipped, from the files that hold them."""

from functools import cache
from pathlib import Path

import polib

I18N = Path(__file__).resolve().parents[2] / "i18n"
#: languages in which customers are written to, beside English
LANGUAGES = ("fr", "nl", "de")


@cache
def terms(language: str) -> dict[str, str]:
    """Translated terms of a language."""
    file = polib.pofile(str(I18N / f"{language}.po"))
    return {entry.msgid: entry.msgstr for entry in file.translated_entries()}


def in_other_languages(text: str) -> list[str]:
    """A sentence in all of them; :raise KeyError: where one is missing."""
    return [terms(language)[text] for language in LANGUAGES]
