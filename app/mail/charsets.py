"""Decode bytes whose declared charset may be wrong into text.

Mail programs declare wrong charsets in a few well-known ways, which the rules here know. Any bytes become readable text.
"""

from __future__ import annotations

import re

from app.core.text import storable

_ALIASES = {
    "utf8": "utf-8",
    "utf-8-sig": "utf-8",
    "x-utf-8": "utf-8",
    "cp-850": "cp850",
    "cp-1252": "cp1252",
    "x-cp1252": "cp1252",
    "windows1252": "cp1252",
    "ansi": "cp1252",
    "win-1252": "cp1252",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "unicode-1-1-utf-7": "utf-7",
}
# Declared by software that did not look: the bytes decide.
_UNTOLD = frozenset(
    ["", "us-ascii", "ascii", "unknown-8bit", "unknown", "x-unknown", "default", "default_charset", "none", "8bit", "binary"]
)
_LATIN = frozenset({"iso-8859-1", "latin1", "latin-1", "iso8859-1", "iso_8859-1", "l1", "windows-1252", "cp1252", "iso-8859-15"})
# Text codecs of Python that are no charsets of mail; some take quadratic time.
_REFUSED_NAMES = "idna punycode unicode_escape unicode-escape raw_unicode_escape raw-unicode-escape undefined mbcs oem"
_REFUSED = frozenset(_REFUSED_NAMES.split())
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_NOT_ASCII = re.compile(rb"[\x80-\xff]")


def decode_bytes(data: bytes, charset: str | None) -> str:
    """Return `data` as text. `charset` is the declared charset; it may be None or wrong.

    Never raises; drops NUL and lone surrogates.
    Tries the declared charset first, with Latin-1 read as cp1252 as browsers do, then UTF-8 if the bytes are valid, then
    cp1252 with replacements. Valid multi-byte UTF-8 is preferred to a declared Latin-1, as it is hardly ever an accident.
    """
    name = _ALIASES.get(declared := (charset or "").strip(" \t\"'").lower(), declared)
    if name in _UNTOLD or name in _LATIN:
        return storable(_decode_western(data, name))
    if name == "utf-8":
        return storable(_decode_utf8(data))
    return storable(_decode_as(data, name) or _decode_western(data, ""))


def _decode_as(data: bytes, name: str) -> str | None:
    if name in _REFUSED:
        return None
    try:
        return data.decode(name)
    except (LookupError, ValueError):
        pass
    try:
        text = data.decode(name, "replace")
    except (LookupError, ValueError):
        return None
    return text if text.count(_REPLACEMENT) <= len(text) // 20 else None


def _decode_western(data: bytes, name: str) -> str:
    if not _NOT_ASCII.search(data):
        # ISO-2022 text is ASCII bytes with escapes and often comes undeclared from Japan.
        return (_decode_as(data, "iso-2022-jp") if b"\x1b$" in data else None) or data.decode("ascii")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("iso-8859-15" if name == "iso-8859-15" else "cp1252", "replace")


def _decode_utf8(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    text = data.decode("utf-8", "replace")
    broken = text.count(_REPLACEMENT)
    whole = sum(1 for char in text if char > "\x7f") - broken if len(text) < 200_000 else broken
    return text if whole >= broken else data.decode("cp1252", "replace")
