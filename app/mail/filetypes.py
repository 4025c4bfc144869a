"""Detect the type of a file by its first bytes, if the declared type says nothing."""

from __future__ import annotations

from typing import Final

_SIGNATURES: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"{\\rtf", "application/rtf"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"BEGIN:VCARD", "text/vcard"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
)
_OFFICE: Final = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "msg": "application/vnd.ms-outlook",
}
_VAGUE: Final = frozenset(
    ["", "application/octet-stream", "application/octetstream", "application/x-unknown", "application/unknown"]
)


def real_content_type(declared: str, content: bytes, *, filename: str = "") -> str:
    """Return `declared`. If it says nothing about the content, return the type found by the bytes instead (for office files by
    the extension)."""
    if declared not in _VAGUE:
        return declared
    found = _by_signature(content[:512])
    extension = filename.rpartition(".")[2].lower()
    if found in ("application/zip", "application/x-ole-storage"):
        return _OFFICE.get(extension, found)
    return found or "application/octet-stream"


def _by_signature(head: bytes) -> str:
    if head[:4] == b"RIFF" and head[8:12] in (b"WEBP", b"WAVE"):
        return "image/webp" if head[8:12] == b"WEBP" else "audio/wav"
    if head[4:8] == b"ftyp":
        return "image/heic" if head[8:12] in (b"heic", b"heix", b"mif1") else "video/mp4"
    if head[:4] == b"PK\x03\x04":
        return "application/zip"
    return next((name for signature, name in _SIGNATURES if head.startswith(signature)), "")
