"""Fill the blanks of a mailing, {{name}} or {{name|fallback}}, with the values of a recipient. Pure. Values are inserted as
plain text."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

_PLACE = re.compile(r"\{\{[ \t]*+((?:[^{}|\n \t]++(?:[ \t]++(?=[^{}|\n \t]))?+){1,50}+)[ \t]*+(?:\|([^{}\n]*+))?\}\}")


class BlankLeft(Exception):
    """Raised when a blank has neither a value nor a fallback. The message is the name of the blank."""


def fill_in(source: str, values: Mapping[str, Any], *, is_html: bool = False) -> str:
    """Return `source` with its blanks filled. If a value itself contains a blank, that blank is not filled.

    If `is_html` is True, the values are escaped. Raises `BlankLeft` if a blank has neither a value nor a fallback.
    """

    def value_of(place: re.Match[str]) -> str:
        value = values.get(place[1])
        if value in (None, "") and place[2] is None:
            raise BlankLeft(place[1])
        text = str(place[2] if value in (None, "") else value)
        return html.escape(text) if is_html else text

    return _PLACE.sub(value_of, source)
