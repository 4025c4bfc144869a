"""Unpack Outlook's winmail.dat (TNEF)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tnefparse import TNEF

from app.mail.charsets import decode_bytes
from app.mail.source import Part

TYPES: Final = frozenset(["application/ms-tnef", "application/vnd.ms-tnef", "application/x-tnef"])
_MAX_FILES: Final = 500


@dataclass(frozen=True)
class Opened:
    """The contents of a winmail.dat: the body as text or HTML, and files as pairs (name, bytes). `problem` is a sentence if it
    cannot be read."""

    text: str = ""
    html: str = ""
    files: tuple[tuple[str, bytes], ...] = ()
    problem: str = ""


def is_tnef(part: Part) -> bool:
    return part.content_type in TYPES or part.filename.lower() == "winmail.dat"


def open_tnef(content: bytes) -> Opened:
    """Return the contents of a TNEF stream. Never raises, although the library itself raises for nearly any damaged stream."""
    try:
        found = TNEF(content, do_checksum=False)
        files = tuple(
            (_text(item.long_filename() or item.name), bytes(item.data or b"")) for item in found.attachments[:_MAX_FILES]
        )
        return Opened(_text(found.body), _text(found.htmlbody), tuple(file for file in files if file[1]))
    except Exception as error:  # a parser of a hostile format; the original stays as a file
        return Opened(problem=f"winmail.dat could not be opened ({type(error).__name__}); it is kept as it came.")


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return decode_bytes(value, None).strip("\x00")
    return decode_bytes(str(value).encode("utf-8", "replace"), "utf-8") if value else ""
