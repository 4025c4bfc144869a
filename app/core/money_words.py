"""Format money and numbers for people in a given locale. Rounding is our own (half away from zero), because Babel rounds half
to even."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, format_decimal, get_decimal_symbol, get_group_symbol

from app.core.money import round2


def money_locale(language: str, currency: str) -> str:
    """Return the locale for money: Canadian dollars in French are written as in Quebec, without the foreign `$CA`."""
    return "fr_CA" if (language, currency) == ("fr", "CAD") else language


def money_words(amount: Decimal, currency: str, language: str) -> str:
    """Return an amount with its currency: "€ 1.249,00"."""
    cents = round2(amount)
    marks = _marks(currency, language, cents.is_signed())
    if marks is None:
        return str(format_currency(cents, currency, locale=money_locale(language, currency)))
    before, separators, after = marks
    return f"{before}{f'{abs(cents):,.2f}'.translate(separators)}{after}"


_PROBE = Decimal("1234567.89")


@lru_cache(maxsize=256)
def _marks(currency: str, language: str, is_negative: bool) -> tuple[str, dict[int, str], str] | None:
    """Return the text before the digits, the separators (for `str.translate`), and the text after the digits, as Babel writes
    them.

    They are cached, so that a page with a hundred amounts asks Babel only once. Return None if Babel does not write two
    decimals and groups of thousands.
    """
    locale = money_locale(language, currency)
    separators = {ord(","): get_group_symbol(locale), ord("."): get_decimal_symbol(locale)}
    text = str(format_currency(-_PROBE if is_negative else _PROBE, currency, locale=locale))
    before, found, after = text.partition(f"{_PROBE:,.2f}".translate(separators))
    return (before, separators, after) if found else None


@lru_cache(maxsize=4096)
def amount_words(amount: Decimal, language: str) -> str:
    """Return an amount without currency, for a column with one currency. Shows two decimals, or up to four for a unit price
    that has them."""
    exact = amount if amount != round2(amount) else round2(amount)
    return str(format_decimal(exact, "#,##0.00##", locale=language))


@lru_cache(maxsize=4096)  # a list says the same few quantities again and again
def number_words(number: Decimal, language: str) -> str:
    """Return a number with the decimals that it has, and no zeros after them."""
    return str(format_decimal(number.normalize(), locale=language))
