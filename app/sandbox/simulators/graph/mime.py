"""Convert between MIME and Graph's fields: read incoming mail leniently, write outgoing mail as Exchange does."""

from __future__ import annotations

import email
import email.policy
import html
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage, MIMEPart
from email.message import Message as MimePart
from email.utils import format_datetime, formataddr, getaddresses, parsedate_to_datetime
from typing import Any

from app.sandbox.simulators.graph.store import Attachment, Json, Message

# The default line length would turn ids longer than a line into encoded words, and threading would be lost.
WRITTEN = email.policy.SMTP.clone(max_line_length=998, cte_type="7bit")

_WRITTEN_BY_US = re.compile(
    r"(?i)from|to|cc|bcc|reply-to|subject|thread-topic|date|message-id|in-reply-to|references|mime-version|content-.*"
)


def recipient(address: str, name: str = "") -> Json:
    return {"emailAddress": {"name": name or address, "address": address}}


def address_of(one: Json | None) -> str:
    return str(((one or {}).get("emailAddress") or {}).get("address") or "")


def new_message_id(domain: str = "EUR01.prod.outlook.example") -> str:
    return f"<{secrets.token_hex(16).upper()}@{domain}>"


def read_into(message: Message, raw: bytes) -> None:
    """Parse the mail `raw` and fill the fields of `message` that Graph shows.

    If the mail is damaged, fill what can be read. A damaged mail raises no error.
    """
    mail = email.message_from_bytes(raw)
    message.raw = raw
    message.subject = _text(mail, "Subject")
    message.sender = next(iter(_people(mail, "From")), None)
    message.to, message.cc, message.bcc = (_people(mail, name) for name in ("To", "Cc", "Bcc"))
    message.reply_to = _people(mail, "Reply-To")
    message.message_id = _text(mail, "Message-ID").strip() or new_message_id()
    message.in_reply_to = _text(mail, "In-Reply-To").strip()
    message.references = tuple(re.findall(r"<[^<>\s]+>", _text(mail, "References")))
    message.headers = [{"name": name, "value": _decoded(value)} for name, value in mail.items()]
    message.sent_at = _date(mail) or message.sent_at
    message.odata_type = _odata_type(mail)
    _read_parts(message, mail)


def forget_raw(message: Message) -> None:
    """Make a draft that was created from MIME changeable.

    Drop its raw bytes. Keep only those of its headers that no other field of the message holds.
    """
    if message.raw is not None:
        message.raw = None
        message.headers = [one for one in message.headers if not _WRITTEN_BY_US.fullmatch(one["name"])]


def write(message: Message, *, mailbox: str) -> bytes:
    """Return the message as MIME bytes, as Graph's `$value` gives them and as the mail is sent.

    A message that came in as MIME is returned unchanged. Otherwise the MIME is written from the fields, without Bcc.
    """
    if message.raw is not None:
        return message.raw
    mail = EmailMessage(policy=WRITTEN)
    mail["From"] = _written(message.sender or recipient(mailbox))
    for name, people in (("To", message.to), ("Cc", message.cc), ("Reply-To", message.reply_to)):
        if people:
            mail[name] = ", ".join(map(_written, people))
    mail["Subject"] = _one_line(message.subject)
    mail["Thread-Topic"] = _one_line(re.sub(r"^(?:re|fw): ", "", message.subject, flags=re.IGNORECASE))
    mail["Date"] = format_datetime(message.sent_at or message.created_at)
    mail["Message-ID"] = message.message_id
    if message.in_reply_to:
        mail["In-Reply-To"] = message.in_reply_to
    if message.references:
        mail["References"] = " ".join(message.references)
    for header in message.headers:
        mail[header["name"]] = _one_line(header["value"])
    _write_parts(mail, message)
    return mail.as_bytes()


def compose(spec: Mapping[str, object], *, to: str, now: datetime) -> bytes:
    """Return a mail as a customer's program would write it, from the fields of POST /__sim/deliver."""
    mail = EmailMessage(policy=WRITTEN)
    sender = str(spec.get("from") or "customer@example.org")
    mail["From"] = formataddr((str(spec.get("name") or ""), sender))
    mail["To"] = str(spec.get("to") or to)
    if spec.get("cc"):
        mail["Cc"] = str(spec["cc"])
    mail["Subject"] = _one_line(str(spec.get("subject") or ""))
    mail["Date"] = str(spec.get("date") or format_datetime(now))
    mail["Message-ID"] = str(spec.get("message_id") or new_message_id(sender.rpartition("@")[2] or "example.org"))
    for name, key in (("In-Reply-To", "in_reply_to"), ("References", "references")):
        value = spec.get(key)
        if value:
            mail[name] = value if isinstance(value, str) else " ".join(map(str, value if isinstance(value, Sequence) else ()))
    extra = spec.get("headers")
    for name, value in (extra if isinstance(extra, Mapping) else {}).items():
        mail[str(name)] = _one_line(str(value))
    _write_body(mail, str(spec.get("text") or ""), str(spec.get("html") or ""))
    files = spec.get("attachments")
    for file in files if isinstance(files, Sequence) else ():
        _write_attachment(mail, file["filename"], file.get("content_type"), file["content"], file.get("content_id"))
    return mail.as_bytes()


def text_of(body: Json) -> str:
    """Return a message's body as plain text, whether it is text or HTML."""
    content = str(body.get("content") or "")
    return _stripped(content) if str(body.get("contentType")).lower() == "html" else content


def _write_parts(mail: EmailMessage, message: Message) -> None:
    content = str(message.body.get("content") or "")
    is_html = str(message.body.get("contentType")).lower() == "html"
    _write_body(mail, _stripped(content) if is_html else content, content if is_html else "")
    formatted = mail.get_body(("html",)) if is_html else None
    for file in message.attachments:
        if formatted is not None and file.is_inline and file.content_id:
            _write_picture(formatted, file)
        else:
            _write_attachment(mail, file.name, file.content_type, file.content, file.content_id if file.is_inline else None)


def _write_body(mail: EmailMessage, text: str, markup: str) -> None:
    mail.set_content(text)
    if markup:
        mail.add_alternative(markup, subtype="html")


def _write_picture(formatted: MIMEPart, file: Attachment) -> None:
    """Add an inline picture to the HTML part `formatted` as multipart/related, as Exchange does."""
    maintype, _, subtype = (file.content_type or "application/octet-stream").partition("/")
    name, cid = _one_line(file.name), f"<{file.content_id}>"
    formatted.add_related(file.content, maintype=maintype, subtype=subtype, filename=name, cid=cid, disposition="inline")


def _write_attachment(mail: EmailMessage, name: str, content_type: str | None, content: bytes, content_id: str | None) -> None:
    maintype, _, subtype = (content_type or "application/octet-stream").partition("/")
    if maintype in ("message", "multipart") or not subtype:
        maintype, subtype = "application", "octet-stream"
    inline: dict[str, Any] = {"cid": f"<{content_id}>", "disposition": "inline"} if content_id else {}
    mail.add_attachment(content, maintype=maintype, subtype=subtype, filename=_one_line(name), **inline)


def _read_parts(message: Message, mail: MimePart) -> None:
    bodies: dict[str, str] = {}
    for part in _leaves(mail):
        kind = part.get_content_type()
        if kind in ("text/plain", "text/html") and not part.get_filename() and part.get_content_disposition() != "attachment":
            bodies.setdefault(kind, _decoded_text(part))
        else:
            message.attachments.append(_attachment(part))
    if "text/html" in bodies:
        message.body = {"contentType": "html", "content": bodies["text/html"]}
    else:
        message.body = {"contentType": "text", "content": bodies.get("text/plain", "")}


def _leaves(mail: MimePart) -> Iterator[MimePart]:
    """Yield the parts of a mail that are not multipart. An attached mail counts as one part."""
    if not mail.is_multipart() or mail.get_content_maintype() == "message":
        yield mail
        return
    for part in mail.get_payload():
        if isinstance(part, MimePart):
            yield from _leaves(part)


def _attachment(part: MimePart) -> Attachment:
    is_mail = part.get_content_type() == "message/rfc822"
    inner = part.get_payload()
    content = inner[0].as_bytes() if is_mail and isinstance(inner, list) and isinstance(inner[0], MimePart) else _bytes(part)
    content_id = _text(part, "Content-ID").strip().strip("<>") or None
    return Attachment(
        id=f"AAMkAttachment{secrets.token_urlsafe(12)}=",
        name=_decoded(part.get_filename() or ("attached mail" if is_mail else "noname")),
        content_type=part.get_content_type(),
        content=content,
        content_id=content_id,
        is_inline=part.get_content_disposition() == "inline"
        or (content_id is not None and part.get_content_maintype() == "image"),
        odata_type="#microsoft.graph.itemAttachment" if is_mail else "#microsoft.graph.fileAttachment",
    )


def _bytes(part: MimePart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _decoded_text(part: MimePart) -> str:
    try:
        return _bytes(part).decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return _bytes(part).decode("latin-1")


def _text(part: MimePart, name: str) -> str:
    return _decoded(part.get(name) or "")


def _decoded(value: object) -> str:
    try:
        return str(make_header(decode_header(str(value)))).replace("\r\n", "").replace("\n", "")
    except (MessageError, UnicodeError, LookupError, ValueError):
        return str(value)


def _people(part: MimePart, name: str) -> list[Json]:
    found = getaddresses([str(value) for value in part.get_all(name) or ()])
    return [recipient(address, _decoded(shown)) for shown, address in found if address]


def _date(part: MimePart) -> datetime | None:
    try:
        read = parsedate_to_datetime(str(part.get("Date")))
    except (TypeError, ValueError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _odata_type(mail: MimePart) -> str:
    invitation = next((part for part in mail.walk() if part.get_content_type() == "text/calendar"), None)
    if invitation is None:
        return "#microsoft.graph.message"
    is_answer = str(invitation.get_param("method", "")).upper() == "REPLY"
    return "#microsoft.graph.eventMessageResponse" if is_answer else "#microsoft.graph.eventMessageRequest"


def _written(one: Json) -> str:
    person = one.get("emailAddress") or {}
    name, address = str(person.get("name") or ""), str(person.get("address") or "")
    return formataddr(("" if name == address else _one_line(name), _one_line(address)))


def _one_line(text: object) -> str:
    return re.sub(r"[\r\n]+", " ", str(text))


def _stripped(markup: str) -> str:
    broken = re.sub(r"(?i)<(?:br|/p|/div|/tr)\b[^>]*>", "\n", markup)
    return html.unescape(re.sub(r"(?s)<(style|script).*?</\1>|<[^>]*>", "", broken)).strip() + "\n"
