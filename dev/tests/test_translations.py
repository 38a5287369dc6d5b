"""What `./dev/i18n --check` finds, without a database."""

import json
import runpy
from pathlib import Path

import polib
import pytest

from kit import paths

SCRIPT = paths.ROOT / "dev" / "kit" / "inside" / "translations.py"
LAW = "model:late.regime,text_notice:account_dunning.late_regime_fr_b2b"
SCREEN = "model_terms:ir.ui.view,arch_db:account_dunning.some_view"


def _file(path: Path, terms: dict[str, str], places: dict[str, str]) -> Path:
    po = polib.POFile(wrapwidth=78)
    po.metadata = {"Content-Type": "text/plain; charset=UTF-8"}
    for msgid, msgstr in terms.items():
        place = [(places.get(msgid, SCREEN), "")]
        po.append(polib.POEntry(msgid=msgid, msgstr=msgstr, occurrences=place))
    po.save(str(path))
    return path


@pytest.fixture
def problems(tmp_path):
    """Look at translations; what is not in order.

    One term is the law's, the other stands on a screen.
    """
    places = {"Pay {rate} %.": LAW}
    empty = dict.fromkeys(("Pay {rate} %.", "A button"), "")

    def look(mode="check", **languages):
        fresh = _file(tmp_path / "fresh.pot", empty, places)
        committed = _file(tmp_path / "module.pot", empty, places)
        for language, terms in languages.items():
            _file(tmp_path / f"{language}.po", terms, places)
        result = tmp_path / "result.json"
        french = tmp_path / "fr.po"
        main = runpy.run_path(str(SCRIPT))["main"]
        main(mode, *map(str, (fresh, committed, french, result)))
        return json.loads(result.read_text(encoding="utf-8"))["problems"]

    return look


FRENCH = {"Pay {rate} %.": "Payez {rate} %.", "A button": "Un bouton"}


def test_french_alone(problems):
    assert problems(fr=FRENCH) == []
    (found,) = problems(fr=FRENCH | {"A button": ""})
    assert found == "fr.po: 'A button' is not translated"


def test_what_customers_read_is_complete_in_the_other_languages(problems):
    assert problems(fr=FRENCH, nl={"Pay {rate} %.": "Betaal {rate} %."}) == []
    wrong = {"Pay {rate} %.": "Zahlen Sie {satz} %."}
    missing, differs = problems(fr=FRENCH, nl={"Pay {rate} %.": ""}, de=wrong)
    assert missing == "nl.po: 'Pay {rate} %.' is not translated"
    assert differs.startswith("de.po: 'Pay {rate} %.' differs")


def test_writing_takes_up_only_what_customers_read(problems, tmp_path):
    problems("write", fr={}, nl={"Gone": "Weg"})
    found = {entry.msgid for entry in polib.pofile(str(tmp_path / "nl.po"))}
    assert found == {"Pay {rate} %."}
    found = {entry.msgid for entry in polib.pofile(str(tmp_path / "fr.po"))}
    assert found == set(FRENCH)
