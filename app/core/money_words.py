"""Format money and numbers for people in a named locale; we round, since Babel rounds half to even."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, format_decimal

from app.core.money import round2


def money_locale(language: str, currency: str) -> str:
    """Return the locale for money: in French, dollars of Canada are written as in Quebec, as `$CA` would be a foreigner's."""
    return "fr_CA" if (language, currency) == ("fr", "CAD") else language


@lru_cache(maxsize=4096)  # a list says the same few amounts again and again
def money_words(amount: Decimal, currency: str, language: str) -> str:
    """Write an amount with its currency: "€ 1.249,00"."""
    return str(format_currency(round2(amount), currency, locale=money_locale(language, currency)))


def amount_words(amount: Decimal, language: str) -> str:
    """Write an amount without currency, for a column that has one currency. Unit prices may have four decimals."""
    exact = amount if amount != round2(amount) else round2(amount)
    return str(format_decimal(exact, "#,##0.00##", locale=language))


def number_words(number: Decimal, language: str) -> str:
    """Write a number with the decimals it has and no more."""
    return str(format_decimal(number.normalize(), locale=language))
