"""Texts in the reader's language, quick enough for every word of a page: the catalogue is looked up once per request."""

from __future__ import annotations

from typing import Any

from flask import Flask, g
from flask_babel import get_translations
from markupsafe import Markup


def gettext(message: str, **values: Any) -> str:
    """`message` in the reader's language, with its %(names)s filled in."""
    text: str = _catalogue().gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, num: int, **values: Any) -> str:
    """The form that belongs to `num`, which is %(num)s in it."""
    text: str = _catalogue().ngettext(singular, plural, num)
    return text % {"num": num, **values}


def mark(message: str) -> str:
    """Marks a text for translation where it stands in a table; `gettext` translates it when it is shown."""
    return message


def init_app(app: Flask) -> None:
    """Let templates translate by the functions above; what they fill in is escaped."""
    # The functions that Jinja wraps round ours cost ten times what the look-up costs, a hundred times on every page.
    app.jinja_env.globals.update(_=_markup, gettext=_markup, ngettext=_markup_of_number)


def _markup(message: str, **values: Any) -> Markup:
    text = Markup(_catalogue().gettext(message))  # noqa: S704 the texts of templates are ours, and so are their translations
    return text % values if values else text


def _markup_of_number(singular: str, plural: str, num: int, **values: Any) -> Markup:
    text = Markup(_catalogue().ngettext(singular, plural, num))  # noqa: S704 as above
    return text % {"num": num, **values}


def _catalogue() -> Any:
    known = getattr(g, "catalogue", None)
    if known is None:
        known = g.catalogue = get_translations()
    return known
