"""Sanitise CSS in mail: keep colours, fonts, alignment and sizes. Remove `url()`, positioning and backslashes."""

from __future__ import annotations

import re
from typing import Final

_PROPERTY_NAMES: Final = """
    color background-color font font-family font-size font-style font-weight font-variant text-align
    text-decoration text-transform text-indent line-height letter-spacing white-space vertical-align width
    max-width min-width height max-height min-height display direction list-style-type word-break overflow-wrap
    word-wrap table-layout float clear margin margin-top margin-right margin-bottom margin-left padding
    padding-top padding-right padding-bottom padding-left border border-top border-right border-bottom border-left
    border-color border-style border-width border-radius border-collapse border-spacing border-top-width
    border-bottom-width border-left-width border-right-width border-left-color border-top-color border-right-color
    border-bottom-color border-left-style border-top-style
"""
_PROPERTIES: Final = frozenset(_PROPERTY_NAMES.split())
_VALUE: Final = re.compile(
    r"""[\w\s#%.,'"+/-]{1,200}|(?:[\w\s#%.,+-]*\b(?:rgb|rgba|hsl|hsla)\([\d\s,.%/]{1,40}\)[\w\s#%.,+-]*){1,4}"""
)
_NEGATIVE: Final = re.compile(r"(?:^|\s)-\d")
_COLOUR: Final = re.compile(r"\s*(?:#[0-9a-f]{3,8}|[0-9a-f]{6}|[a-z]{3,30}|(?:rgb|rgba|hsl|hsla)\([\d\s,.%/]{1,40}\))\s*", re.I)
_REFUSED_WORDS: Final = re.compile(r"url|expression|import|behaviou?r|binding|fixed|absolute|sticky|javascript", re.I)
_MAX_STYLE: Final = 4000


def clean_style(style: str) -> str:
    """Return the declarations of `style` that are allowed, in their order, `name:value` joined by `;`. Idempotent."""
    kept = (_clean_declaration(item) for item in style[:_MAX_STYLE].split(";"))
    return ";".join(item for item in kept if item)


def is_plain_colour(value: str) -> bool:
    return _COLOUR.fullmatch(value) is not None


def _clean_declaration(declaration: str) -> str:
    name, colon, value = declaration.partition(":")
    name = name.strip().lower()
    value = value.replace("!important", "").strip()
    if name == "background" and is_plain_colour(value):
        name = "background-color"
    if not colon or name not in _PROPERTIES or not _VALUE.fullmatch(value):
        return ""
    if _REFUSED_WORDS.search(value) or _NEGATIVE.search(value):
        return ""
    return f"{name}:{value}"
