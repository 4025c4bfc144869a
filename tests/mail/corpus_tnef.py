"""A small writer of TNEF streams (MS-OXTNEF), enough to test the reading of winmail.dat."""

from __future__ import annotations

import struct

_MESSAGE, _ATTACHMENT = 1, 2
_REND_DATA, _TITLE, _DATA = 0x00069002, 0x00018010, 0x0006800F
_VERSION, _BODY, _CODE_PAGE = 0x00089006, 0x0002800C, 0x00069007


def make_tnef(files: dict[str, bytes], *, body: str = "") -> bytes:
    """A stream with `files` (names in cp1252) and, if given, a plain text body."""
    out = struct.pack("<IH", 0x223E9F78, 1)
    out += _attribute(_MESSAGE, _VERSION, struct.pack("<I", 0x00010000))
    out += _attribute(_MESSAGE, _CODE_PAGE, struct.pack("<II", 1252, 0))
    if body:
        out += _attribute(_MESSAGE, _BODY, body.encode("cp1252") + b"\0")
    for name, content in files.items():
        out += _attribute(_ATTACHMENT, _REND_DATA, struct.pack("<HIHHI", 1, 0xFFFFFFFF, 0, 0, 0))
        out += _attribute(_ATTACHMENT, _TITLE, name.encode("cp1252") + b"\0")
        out += _attribute(_ATTACHMENT, _DATA, content)
    return out


def _attribute(level: int, name: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, name, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
