"""Decode text inside a header value: RFC 2047 encoded words, and RFC 2231 parameters of Content-Type and Content-Disposition."""

from __future__ import annotations

import binascii
import re
import urllib.parse
from collections.abc import Iterator
from typing import Final

from app.mail.charsets import decode_bytes
from app.mail.transfer import decode_base64

_WORD: Final = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_GAP_BETWEEN_WORDS: Final = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_PARAMETER: Final = re.compile(r""";\s*([^\s=;"]{1,100})\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)""", re.S)
# Not every "\x": some mailers send Windows paths with bare backslashes.
_ESCAPED: Final = re.compile(r'\\(["\\])')
_CONTINUED: Final = re.compile(r"^(.+?)\*(\d{1,3})(\*?)$")
_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/=_-]")
_MAX_PARAMETERS: Final = 200


def decode_words(value: str) -> str:
    """Return `value` with its encoded words decoded. Words inside quotes or inside other words are decoded, too, although the
    RFC forbids them there.

    Neighbouring words of one charset are joined as bytes first, because many mail programs split a character between two
    words.
    """
    if "=?" not in value:
        return value
    value = _GAP_BETWEEN_WORDS.sub(r"\1", value)
    return "".join(_decode_runs(value))


def _decode_runs(value: str) -> Iterator[str]:
    position, charset, pending = 0, "", b""
    for match in _WORD.finditer(value):
        between = value[position : match.start()]
        name = match[1].split("*")[0].lower()
        if pending and (between or name != charset):
            yield decode_bytes(pending, charset)
            pending = b""
        yield between
        charset, pending, position = name, pending + _word_bytes(match[2], match[3]), match.end()
    if pending:
        yield decode_bytes(pending, charset)
    yield value[position:]


def _word_bytes(encoding: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "replace")
    if encoding in "bB":
        return decode_base64(_NOT_BASE64.sub(b"", data))[0] or data
    return binascii.a2b_qp(data, header=True)


def parse_parameters(value: str) -> tuple[str, dict[str, str]]:
    """Split `type/subtype; name=value; …` into the type and a dict of its parameters. Type and names are in lower case, values
    are decoded.

    Understands RFC 2231 continuations and charsets, encoded words in quotes, and missing quotes. If a name occurs twice, the
    first one counts.
    """
    head, _, _ = value.partition(";")
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for index, match in enumerate(_PARAMETER.finditer(value)):
        if index >= _MAX_PARAMETERS:
            break
        name, content = match[1].lower(), _unquote(match[2].strip())
        if continued := _CONTINUED.match(name):
            pieces.setdefault(continued[1], {}).setdefault(int(continued[2]), (content, bool(continued[3])))
        elif name.endswith("*"):
            pieces.setdefault(name[:-1], {}).setdefault(0, (content, True))
        else:
            plain.setdefault(name, decode_words(content))
    joined = {name: _join_pieces(found) for name, found in pieces.items()}
    return head.strip().lower(), {**plain, **joined}


def _unquote(content: str) -> str:
    if len(content) > 1 and content[0] == content[-1] == '"':
        return _ESCAPED.sub(r"\1", content[1:-1])
    return content.strip('"')


def _join_pieces(pieces: dict[int, tuple[str, bool]]) -> str:
    charset, data = "", b""
    for number, (content, is_encoded) in sorted(pieces.items()):
        if number == 0 and is_encoded and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        data += urllib.parse.unquote_to_bytes(content) if is_encoded else content.encode("utf-8", "replace")
    return decode_words(decode_bytes(data, charset or "utf-8"))
