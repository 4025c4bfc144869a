"""Extract the attachments of a mail, each with a safe name, its real type and its bytes."""

from __future__ import annotations

import hashlib
import re
import urllib.parse
from collections.abc import Iterable, Iterator
from typing import Final

from app.contract.base import InboundAttachment
from app.mail.charsets import decode_bytes
from app.mail.filenames import safe_filename
from app.mail.filetypes import real_content_type
from app.mail.source import Part, split_headers
from app.mail.tnef import Opened

_CONTENT_IDS: Final = re.compile(r"cid:([^\s\"'<>)]{1,500})", re.I)
_ENCLOSED: Final = frozenset(["message/rfc822", "message/global", "message/news"])


def read_attachments(files: Iterable[Part], html: str) -> list[InboundAttachment]:
    """Return the files in order. A file is marked as inline only if `html` shows it, so that every picture is shown or listed."""
    shown = {urllib.parse.unquote(found).strip("<>") for found in _CONTENT_IDS.findall(html)}
    return [_attachment(part, shown) for part in files]


def make_attachment(
    name: str, content: bytes, content_type: str = "", *, content_id: str = "", is_inline: bool = False
) -> InboundAttachment:
    real = real_content_type(content_type, content, filename=name)
    return InboundAttachment(
        filename=safe_filename(name, content_type=real),
        content_type=real,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        content_id=content_id or None,
        is_inline=is_inline,
    )


def from_tnef(opened: Opened) -> Iterator[InboundAttachment]:
    for name, content in opened.files:
        yield make_attachment(name, content)


def _attachment(part: Part, shown: set[str]) -> InboundAttachment:
    content_id = part.content_id[:500]
    content = _bytes_of(part)
    return make_attachment(_name_of(part), content, part.content_type, content_id=content_id, is_inline=content_id in shown)


def _bytes_of(part: Part) -> bytes:
    return part.raw if part.content_type.startswith("multipart/") else part.content


def _name_of(part: Part) -> str:
    if part.filename:
        return part.filename
    if part.content_type in _ENCLOSED:
        subject = split_headers(part.content.lstrip(b"\r\n"))[0].text("subject")
        return f"{subject[:150] or 'message'}.eml"
    if part.content_type == "text/calendar":
        return "invite.ics"
    if part.content_type == "multipart/encrypted":
        return "encrypted.eml"
    location = decode_bytes(part.headers.raw("content-location").encode("utf-8", "replace"), "utf-8")
    return location.rpartition("/")[2].partition("?")[0] if location else ""
