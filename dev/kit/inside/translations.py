"""Compare, and bring up to date, a module's .pot and its .po files.

translations.py check|write FRESH.pot COMMITTED.pot fr.po RESULT.json

French is complete. What customers read (``CUSTOMERS``) is also there in the languages
that have a file beside it (``nl.po``, ``de.po``); those hold nothing else.
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path

import polib

#: what has to be in a translation exactly as it is in the term
_KEEP = re.compile(
    r"%\(\w+\)[sdf]|%[sdfr]|\{\{|\}\}|\{\w*\}|\bt-[\w-]+=\"[^\"]*\"|</?(?:t|a)\b"
)


#: where terms come from that customers read: the law on notices and invoices, letters
#: and e-mails, statements
CUSTOMERS = re.compile(
    r"model:late\.regime,(?:name|text_\w+):"
    r"|model:dunning\.level,letter_\w+:"
    r"|model:mail\.template,(?:subject|body_html):"
    r"|model_terms:ir\.ui\.view,arch_db:account_dunning\."
    r"(?:dunning_letter|dunning_mail|report_(?:credit_statement|dunning)|credit_statement_(?!wizard|view))"
    r"|code:addons/account_dunning/models/"
    r"(?:formal_notice_letter|late_notice_sums|credit_letter_mixin"
    r"|dunning_notice_deadline|late_free_reminder)\.py"
)
#: languages beside French, with their plural forms
OTHERS = {
    "nl": "nplurals=2; plural=(n != 1);",
    "de": "nplurals=2; plural=(n != 1);",
}


def main(mode: str, fresh: str, committed: str, french: str, result: str) -> None:
    terms = polib.pofile(fresh, wrapwidth=78)
    problems = []
    others = [
        file
        for language in OTHERS
        if (file := Path(french).with_name(f"{language}.po")).exists()
    ]
    told = told_customers(terms)
    if mode == "write":
        write_template(terms, Path(committed))
        write(terms, Path(french), "fr", "nplurals=2; plural=(n > 1);")
        for other in others:
            write(told, other, other.stem, OTHERS[other.stem])
    else:
        problems += outdated(terms, Path(committed))
    problems += untranslated(terms, Path(french))
    for other in others:
        problems += untranslated(told, other)
    Path(result).write_text(json.dumps({"problems": problems}))


def told_customers(terms: polib.POFile) -> polib.POFile:
    """The terms of a .pot that customers read."""
    told = polib.POFile(wrapwidth=78)
    told.metadata = terms.metadata
    for entry in terms:
        if any(CUSTOMERS.match(place) for place, __ in entry.occurrences):
            told.append(entry)
    return told


def write_template(terms: polib.POFile, committed: Path) -> None:
    committed.parent.mkdir(exist_ok=True)
    if not committed.exists() or _content(terms) != _content(_read(committed)):
        # else only the date would change
        terms.save(str(committed))


def write(terms: polib.POFile, file: Path, language: str, plural: str) -> None:
    po = _read(file) if file.exists() else polib.POFile(wrapwidth=78)
    po.metadata = {
        **terms.metadata,
        **po.metadata,
        "Language": language,
        "Plural-Forms": plural,
    }
    po.merge(terms)
    for entry in po.obsolete_entries():
        po.remove(entry)
    po.sort(key=lambda entry: entry.msgid)
    # also mends the layout another program gave it
    po.save(str(file))


def _content(po: polib.POFile) -> list:
    return [(entry.msgid, entry.comment, entry.occurrences) for entry in po]


def _read(file: Path) -> polib.POFile:
    return polib.pofile(str(file), wrapwidth=78)


def outdated(terms: polib.POFile, committed: Path) -> list[str]:
    if not committed.exists():
        return [f"{committed.name} is missing; run ./dev/i18n"]
    now = {entry.msgid for entry in terms}
    then = {entry.msgid for entry in _read(committed)}
    return [
        *(f"{committed.name} lacks {_short(term)}" for term in sorted(now - then)),
        *(
            f"{committed.name} has {_short(term)}, which is gone"
            for term in sorted(then - now)
        ),
    ]


def untranslated(terms: polib.POFile, file: Path) -> list[str]:
    if not file.exists():
        return [f"{file.name} is missing; run ./dev/i18n"]
    known = {entry.msgid: entry for entry in _read(file) if not entry.obsolete}
    return [
        f"{file.name}: {_short(entry.msgid)} {trouble}"
        for entry in terms
        if (trouble := _trouble(known.get(entry.msgid)))
    ]


def _trouble(entry: polib.POEntry | None) -> str | None:
    if entry is None or not entry.msgstr.strip():
        return "is not translated"
    if entry.fuzzy:
        return "is marked as fuzzy"
    wanted, found = (Counter(_KEEP.findall(t)) for t in (entry.msgid, entry.msgstr))
    if wanted != found:
        lost = ", ".join((wanted - found) or (found - wanted))
        return f"differs from its translation in: {lost}"
    return None


def _short(term: str) -> str:
    line = " ".join(term.split())
    return repr(line if len(line) <= 70 else line[:67] + "...")


if __name__ == "__main__":
    main(*sys.argv[1:])
