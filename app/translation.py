"""Texts in the reader's language, quick enough for every word of a page: the catalogue is looked up once per request."""

from __future__ import annotations

from typing import Any

from flask import Flask, g
from flask_babel import get_translations


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
    """Let templates translate by the functions above."""
    environment = app.jinja_env
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: _catalogue().gettext(text), lambda *forms: _catalogue().ngettext(*forms), newstyle=True
    )


def _catalogue() -> Any:
    if "catalogue" not in g:
        g.catalogue = get_translations()
    return g.catalogue
