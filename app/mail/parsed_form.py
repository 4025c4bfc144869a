"""Rebuild a mail from an inbound-parse post that has its parts in separate fields, so that one parser reads all mail."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, Final

from app.mail.charsets import decode_bytes
from app.mail.filenames import safe_filename
from app.mail.source import split_headers, tidy

_REPLACED: Final = frozenset(
    ["content-type", "content-transfer-encoding", "mime-version", "content-disposition", "content-length"]
)
_ADDRESSED: Final = (("from", b"From"), ("to", b"To"), ("cc", b"Cc"), ("subject", b"Subject"))
_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}")


@dataclass(frozen=True)
class FormFile:
    filename: str | None
    content_type: str
    content: bytes = field(repr=False)


def build_mime(fields: Mapping[str, bytes], files: Mapping[str, FormFile]) -> bytes:
    """Return a mail made of the `headers`, `text`, `html` and attachments of a post. Return b"" if the post has nothing of a
    mail."""
    if not any(fields.get(name, b"").strip() for name in ("headers", "text", "html", "from", "subject")):
        return b""
    charsets = read_json(fields.get("charsets", b""))
    content = EmailMessage(policy=SMTP)
    content.set_content(_text(fields, "text", charsets), cte="base64")
    if fields.get("html", b"").strip():
        content.add_alternative(_text(fields, "html", charsets), subtype="html", cte="base64")
    about = read_json(fields.get("attachment-info", b""))
    for name, file in files.items():
        _attach(content, file, about.get(name))
    return _header_lines(fields, charsets) + content.as_bytes()


def read_json(data: bytes) -> dict[str, Any]:
    """Return the JSON object in `data`, or {} if it is anything else."""
    try:
        found = json.loads(data.decode("utf-8", "replace")) if data.strip() else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(fields: Mapping[str, bytes], name: str, charsets: Mapping[str, Any]) -> str:
    return decode_bytes(fields.get(name, b""), str(charsets.get(name) or "utf-8"))


def _header_lines(fields: Mapping[str, bytes], charsets: Mapping[str, Any]) -> bytes:
    """Return the original header without the lines that describe the body. Missing lines are added from the fields that repeat
    them."""
    block, _ = split_headers(fields.get("headers", b"").strip() + b"\n")
    lines = [name.encode() + b": " + value + b"\r\n" for name, value in block.lines if name not in _REPLACED]
    for name, label in _ADDRESSED:
        if name not in block and (value := tidy(_text(fields, name, charsets))):
            lines.append(label + b": " + value.encode("utf-8", "replace") + b"\r\n")
    return b"".join(lines)


def _attach(content: EmailMessage, file: FormFile, about: object) -> None:
    described = about if isinstance(about, dict) else {}
    declared = str(described.get("type") or file.content_type).split(";")[0].strip()
    maintype, _, subtype = (declared if _TYPE.fullmatch(declared) else "application/octet-stream").lower().partition("/")
    if maintype in ("multipart", "message", "text"):
        maintype, subtype = "application", "octet-stream"
    name = safe_filename(str(described.get("filename") or described.get("name") or file.filename or ""))
    content_id = re.sub(r"[^!-;=?-~]", "", str(described.get("content-id") or ""))[:200]
    content.add_attachment(
        file.content, maintype=maintype, subtype=subtype, filename=name, cid=f"<{content_id}>" if content_id else None
    )
