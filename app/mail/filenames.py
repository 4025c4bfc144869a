"""Make names of attachments safe to show and to offer for download. The stored file never has this name.

Invisible characters are removed before all other rules. Otherwise the rules would check another name than the one people
see.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_LENGTH: Final = 200
NO_NAME: Final = "noname"
_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_FORBIDDEN: Final = re.compile(r'[<>:"|?*]')
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\.|$)", re.I)
_SPACES: Final = re.compile(r"\s+")
_EXTENSIONS: Final = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/csv": ".csv",
    "text/calendar": ".ics",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "text/rtf": ".rtf",
    "application/rtf": ".rtf",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/json": ".json",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pgp-encrypted": ".asc",
    "application/pgp-signature": ".asc",
    "application/ms-tnef": ".dat",
    "message/rfc822": ".eml",
    "message/delivery-status": ".txt",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "image/heic": ".heic",
    "image/svg+xml": ".svg",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
}


def safe_filename(name: str, *, content_type: str = "") -> str:
    """Return a name of 1 to 200 characters without paths, hidden characters, device names or leading and trailing dots.

    An empty name becomes "noname" with the extension of `content_type`. A name that is already safe is not changed.
    """
    visible = unicodedata.normalize("NFC", without_hidden_characters(name.replace("\t", " ")))
    last = re.split(r"[/\\]", visible.rstrip("/\\ "))[-1]
    plain = _trimmed(_SPACES.sub(" ", _FORBIDDEN.sub("_", last)))
    if not plain.strip("_"):
        return NO_NAME + _EXTENSIONS.get(content_type.lower(), "")
    if _DEVICES.match(plain):
        plain = f"_{plain}"
    return _shortened(plain)


def without_hidden_characters(text: str) -> str:
    """Return the text without control, format (bidi, zero-width), surrogate, private-use and line separator characters."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char for char in text if unicodedata.category(char) not in _HIDDEN_CATEGORIES)


def _trimmed(name: str) -> str:
    return name.strip(" .")


def _shortened(name: str) -> str:
    if len(name) <= MAX_LENGTH:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 20:
        return _trimmed(name[:MAX_LENGTH])
    return _trimmed(stem[: MAX_LENGTH - len(extension) - 1]) + dot + extension
