"""Translate texts into the reader's language, stored reasons and errors too. The catalogue is looked up once per request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import lru_cache
from gettext import NullTranslations
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from flask import Flask, g, has_app_context
from flask_babel import force_locale, get_locale, get_translations
from markupsafe import Markup
from wtforms import Form
from wtforms.meta import DefaultMeta

from app.core.former_texts import FORMER
from app.core.text import KNOWN
from app.core.text import mark as mark

CHOOSE = mark("Choose one from the list.")
# What wtforms says of its own accord about a value that is none of the choices.
NO_CHOICE = frozenset(
    {
        "Not a valid choice.",
        "Invalid Choice: could not coerce.",
        "Invalid choice(s): one or more data inputs could not be coerced.",
        "'%(value)s' is not a valid choice for this field.",
    }
)
PARTS = re.compile(r"( · |; |\. (?=[A-Z]))")  # between the sentences of a stored text
BLANK = re.compile(r"%\\\((\w+)\\\)s")  # %(name)s, as re.escape writes it


def gettext(message: str, **values: Any) -> str:
    """Return `message` in the reader's language, with its %(names)s filled in."""
    text: str = _catalogue().gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, num: int, **values: Any) -> str:
    """Return `singular` or `plural` for the number `num`, in the reader's language. %(num)s in the text is replaced by `num`."""
    text: str = _catalogue().ngettext(singular, plural, num)
    return text % {"num": num, **values}


class WordsOfForms:
    """Translations for wtforms: its error texts, some replaced by ours, in the reader's language."""

    def gettext(self, text: str) -> str:
        return gettext(CHOOSE if text in NO_CHOICE else text)

    def ngettext(self, singular: str, _plural: str, _num: int) -> str:
        return self.gettext(singular)


class TranslatedForm(Form):  # type: ignore[misc]
    """A form whose errors, also those of wtforms, are in the reader's language."""

    class Meta(DefaultMeta):  # type: ignore[misc]
        def get_translations(self, _form: Form) -> WordsOfForms:
            return WordsOfForms()


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Translate into `language` within the block, for any reader. Without an application context, nothing changes and texts
    stay English."""
    if not has_app_context():
        yield
        return
    g.pop("catalogue", None)
    try:
        with force_locale(language):
            yield
    finally:
        g.pop("catalogue", None)


def date_words(day: date, pattern: str) -> str:
    """Format a day in the reader's language by a CLDR `pattern` such as "d MMM". Cached, as lists repeat days."""
    return _date_words(day, pattern, str(get_locale()))


@lru_cache(maxsize=4096)
def _date_words(day: date, pattern: str, locale: str) -> str:
    return format_date(day, pattern, locale)


def number_words(value: float | Decimal, pattern: str | None = None) -> str:
    """Format a number in the reader's language, by a CLDR `pattern` such as "0.0". Cached, as tables repeat small numbers."""
    return _number_words(value, pattern, str(get_locale()))


@lru_cache(maxsize=4096)
def _number_words(value: float | Decimal, pattern: str | None, locale: str) -> str:
    return format_decimal(value, pattern, locale)


def percent_words(share: float, *, decimals: int = 0) -> str:
    """Format a share from 0 to 1 as a percentage in the reader's language, such as 81.9%. French has a space before the %.
    Cached."""
    return _percent_words(share, decimals, str(get_locale()))


@lru_cache(maxsize=4096)
def _percent_words(share: float, decimals: int, locale: str) -> str:
    pattern = Locale.parse(locale).percent_formats[None].pattern
    return format_percent(share, pattern.replace("0", f"0.{'0' * decimals}") if decimals else pattern, locale)


def told(stored: Any) -> str:
    """Return a reason or error, which is stored in English, in the reader's language. A text that is not known as a whole is
    translated sentence by sentence.

    Texts that were not marked (`mark`, `known`), such as a provider's own words, stay unchanged.
    """
    text = _as_said_today(str(stored or ""))
    whole = _told_whole(text)
    return whole if whole is not None else "".join(_told_part(_as_said_today(part)) for part in PARTS.split(text))


def _as_said_today(text: str) -> str:
    """Return today's version of a stored text that we have changed since. Return any other text unchanged."""
    without = text.removesuffix(".")
    return FORMER[without] + text[len(without) :] if without in FORMER else text


def _told_part(part: str) -> str:
    whole = _told_whole(part)
    return part if whole is None else whole


def _told_whole(text: str) -> str | None:
    """Translate the text as a whole, with or without its full stop. Return None if the text was not marked.

    A value that fills a blank never spans several sentences.
    """
    if not text.strip():
        return text
    translated = gettext(text)
    if translated != text:
        return translated
    without, ended = text.removesuffix("."), text + "."
    if without and (translated := gettext(without)) != without:
        return translated + "."
    if (translated := gettext(ended)) != ended:
        return translated.removesuffix(".")
    for message, pattern in _patterns(len(KNOWN)):
        found = pattern.fullmatch(text)
        if found and not any(PARTS.search(value) for value in found.groups()):
            return gettext(message, **{name: _told_part(value) for name, value in found.groupdict().items()})
    return None


@lru_cache(maxsize=1)
def _patterns(_count: int) -> list[tuple[str, re.Pattern[str]]]:
    """Return (today's text, pattern) of the known texts with blanks, longest first, former ones included."""
    said = {**{message: message for message in KNOWN}, **FORMER}
    messages = sorted((text for text in said if "%(" in text), key=len, reverse=True)
    return [(said[text], re.compile(BLANK.sub(r"(?P<\1>.+?)", re.escape(text)), re.DOTALL)) for text in messages]


def init_app(app: Flask) -> None:
    """Make the functions above available in templates. Values that fill blanks are escaped."""
    # The functions that Jinja wraps round ours cost ten times what the look-up costs, a hundred times on every page.
    app.jinja_env.filters["told"] = told
    app.jinja_env.globals.update(_=_markup, gettext=_markup, ngettext=_markup_of_number)


def _markup(message: str, **values: Any) -> Markup:
    text = Markup(_catalogue().gettext(message))  # noqa: S704 the texts of templates are ours, and so are their translations
    return text % values if values else text


def _markup_of_number(singular: str, plural: str, num: int, **values: Any) -> Markup:
    text = Markup(_catalogue().ngettext(singular, plural, num))  # noqa: S704 as above
    return text % {"num": num, **values}


def _catalogue() -> Any:
    if not has_app_context():  # a program that is no application reads texts as they are stored, in English
        return NullTranslations()
    known = getattr(g, "catalogue", None)
    if known is None:
        known = g.catalogue = get_translations()
    return known
