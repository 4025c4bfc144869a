"""Fill the blanks of a mailing, {{name}} or {{name|fallback}}, with a recipient's values. Pure; values are text."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

_PLACE = re.compile(r"\{\{[ \t]*+((?:[^{}|\n \t]++(?:[ \t]++(?=[^{}|\n \t]))?+){1,50}+)[ \t]*+(?:\|([^{}\n]*+))?\}\}")


class BlankLeft(Exception):
    """A blank has neither value nor fallback; the message is its name."""


def fill_in(source: str, values: Mapping[str, Any], *, is_html: bool = False) -> str:
    """Return the text with its blanks filled; blanks inside values stay. `is_html` escapes the values. Raises BlankLeft."""

    def value_of(place: re.Match[str]) -> str:
        value = values.get(place[1])
        if value in (None, "") and place[2] is None:
            raise BlankLeft(place[1])
        text = str(place[2] if value in (None, "") else value)
        return html.escape(text) if is_html else text

    return _PLACE.sub(value_of, source)
