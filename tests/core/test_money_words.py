"""Amounts in words are those of Babel, which is asked once for each currency and language."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.numbers import format_currency
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.money import round2
from app.core.money_words import money_locale, money_words

AMOUNTS = st.decimals(min_value=-1_000_000_000, max_value=1_000_000_000, places=4)


@given(AMOUNTS, st.sampled_from(("EUR", "CAD", "USD", "GBP", "CHF", "JPY", "BHD")), st.sampled_from(("nl", "en", "fr")))
@example(Decimal(0), "EUR", "nl")
@example(Decimal("-0.001"), "CAD", "fr")
@example(Decimal("-1234.5"), "CAD", "fr")
def test_every_amount_is_written_as_babel_writes_it(amount: Decimal, currency: str, language: str) -> None:
    babel = format_currency(round2(amount), currency, locale=money_locale(language, currency))
    assert money_words(amount, currency, language) == babel


@pytest.mark.parametrize(
    ("amount", "currency", "language", "words"),
    [
        ("1249", "EUR", "nl", "€\u00a01.249,00"),
        ("-1234.5", "EUR", "nl", "€\u00a0-1.234,50"),
        ("1234567.125", "EUR", "en", "€1,234,567.13"),
        ("1234.5", "CAD", "fr", "1\u00a0234,50\u00a0$"),
        ("1234.5", "JPY", "en", "¥1,234"),
    ],
)
def test_some_as_people_read_them(amount: str, currency: str, language: str, words: str) -> None:
    assert money_words(Decimal(amount), currency, language) == words
