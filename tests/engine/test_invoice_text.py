from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.invoice_text import Lack, lacks
from lawcases import shipped
from translated import in_other_languages

LAW = shipped()
FORTY = [Decimal(40)]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", {Lack.RATE, Lack.COMPENSATION}),
        ("Merci de votre confiance.", {Lack.RATE, Lack.COMPENSATION}),
        ("Pénalités de retard : 12,40 % l'an, indemnité de 40 €.", set()),
        ("Pénalités : taux BCE + 10 points ; indemnité : 40 euros.", set()),
        ("Indemnité de 40,00\u00a0€, pénalités de 12\u00a0%", set()),
        ("Penalties of 12.4%, lump sum EUR 40.00", set()),
        ("Pénalités de 12 % ; indemnité art. D. 441-5.", {Lack.COMPENSATION}),
        ("Pénalités de 12 % ; 140 € ; 40,50 € ; 400 €.", {Lack.COMPENSATION}),
        ("Indemnité de 40 €.", {Lack.RATE}),
        ("40 % d'acompte", {Lack.COMPENSATION}),
        ("Verzugszinsen: 9 Prozentpunkte; 40 EUR", set()),
    ],
)
def test_french_terms(text, missing):
    assert lacks(text, rate=True, amounts=FORTY) == missing


def test_what_is_not_asked_for_is_not_missed():
    assert lacks("", rate=False) == frozenset()
    assert lacks("12 %", rate=True) == frozenset()


def test_all_amounts_and_thousands():
    amounts = [Decimal(40), Decimal(70), Decimal(100)]
    text = "£40, £70 or £100 by the size of the debt, 8%"
    assert not lacks(text, rate=True, amounts=amounts, currency="GBP")
    assert lacks("£40, £70, 8%", rate=True, amounts=amounts, currency="GBP")
    for written in ("1.250 EUR", "1 250,00 €", "1250 EUR", "€ 1'250"):
        assert not lacks(written, rate=False, amounts=[Decimal(1250)]), written


@given(
    st.decimals(0, 99999, places=2, allow_nan=False, allow_infinity=False),
    st.sampled_from(["{} EUR", "EUR {}", "{}€", "x {} euros, y"]),
)
def test_an_amount_that_is_written_is_found(amount, pattern):
    text = pattern.format(f"{amount:.2f}")
    assert not lacks(text, rate=False, amounts=[amount])


@pytest.mark.parametrize("code", LAW.regimes)
def test_our_own_sentences_lack_nothing(code):
    text = LAW.regimes[code].texts.get("invoice", "")
    for sentence in [text, *in_other_languages(text)] if text else ():
        filled = sentence.format(rate="12,40", compensation="40,00 €")
        assert not lacks(
            filled,
            rate="{rate}" in text,
            amounts=FORTY if "{compensation}" in text else (),
        )
