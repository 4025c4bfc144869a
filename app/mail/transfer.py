"""Decode the Content-Transfer-Encoding of a part, as far as its bytes allow."""

from __future__ import annotations

import binascii
import re
from typing import Final

_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_BASE64_LINE: Final = re.compile(rb"[A-Za-z0-9+/=_\-]+")
_PADDED_BREAK: Final = re.compile(rb"=[ \t]+(\r?\n)")
_WHITESPACE: Final = b" \t\r\n\x0b\x0c\x00"
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_AS_IS: Final = frozenset({"", "7bit", "8bit", "binary", "7-bit", "8-bit", "none", "utf-8", "8bits", "7bits"})
_UU: Final = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})


def decode_transfer(body: bytes, encoding: str) -> tuple[bytes, str]:
    """Return the decoded bytes, and a sentence about the problem if they were damaged or the encoding is unknown (""
    otherwise). Never raises."""
    name = encoding.split(";")[0].strip(" \t\"'").lower()
    if name == "base64":
        data, is_whole = decode_base64(body)
        return data, "" if is_whole else "A part's base64 was damaged; what could be decoded is shown."
    if name == "quoted-printable":
        return binascii.a2b_qp(_PADDED_BREAK.sub(b"=\\1", body)), ""
    if name in _UU:
        return _decode_uu(body)
    return body, "" if name in _AS_IS else f"A part has an unknown transfer encoding ({name[:40]}) and is shown as it came."


def decode_base64(body: bytes) -> tuple[bytes, bool]:
    """Return the decoded bytes, and True if all of `body` could be decoded. Padding in the middle and lines that are no base64
    are skipped."""
    packed = body.translate(None, _WHITESPACE)
    if _BASE64.fullmatch(packed) and len(packed) % 4 == 0:
        return binascii.a2b_base64(packed), True
    kept = b"".join(line for raw in body.split(b"\n") if _BASE64_LINE.fullmatch(line := raw.translate(None, _WHITESPACE)))
    runs = [run for run in re.split(rb"=+", kept.translate(_URL_SAFE)) if run]
    data = b"".join(_decode_run(run) for run in runs)
    return data, len(runs) == 1 and kept == packed and len(packed) % 4 != 1


def _decode_run(run: bytes) -> bytes:
    usable = run if len(run) % 4 != 1 else run[:-1]
    return binascii.a2b_base64(usable + b"=" * (-len(usable) % 4))


def _decode_uu(body: bytes) -> tuple[bytes, str]:
    out: list[bytes] = []
    problem = ""
    for line in body.splitlines():
        if not line or line.startswith((b"begin ", b"end", b"`")):
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            problem = "A part's uuencoding was damaged; what could be decoded is shown."
    return b"".join(out), problem
