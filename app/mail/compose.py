"""Compose a message of ours as the bytes of a mail, for transports that take MIME.

Python's own policies would turn a header token longer than 78 characters (for example an Exchange Message-ID) into encoded
words, which silently breaks threading. The policy here folds plain ASCII values only at spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any, Final

from app.contract.base import OutgoingAttachment, OutgoingMessage
from app.mail.addresses import clean_name
from app.mail.filenames import safe_filename
from app.mail.headers import NO_ID_PREFIX
from app.mail.html_text import html_to_text
from app.mail.reply_quote import quote_for_reply
from app.mail.source import tidy

__all__ = [
    "DELIVERY_HEADER",
    "UnableToCompose",
    "WirePolicy",
    "compose_mail",
    "envelope_address",
    "is_real_id",
    "quote_for_reply",
    "reply_references",
    "trim_references",
]

DELIVERY_HEADER: Final = "X-Switchyard-Delivery"
MAX_REFERENCES: Final = 30
_ID: Final = re.compile(r"[!-;=?-~]{1,900}")
_ADDRESS: Final = re.compile(r"[^\s<>\"',;:()\[\]\\@]{1,64}@[^\s<>\"',;:()\[\]\\@]{1,255}")
_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}")
_CONTENT_ID: Final = re.compile(r"[!-;=?-~]{1,200}")
_FOLD_AT: Final = 76


class UnableToCompose(ValueError):
    """Raised when a message cannot be written as a mail, because an address or id in it is invalid."""


class WirePolicy(EmailPolicy):
    """Header policy with SMTP line ends and quoted-printable bodies. ASCII headers are folded at spaces, so that a long id
    stays whole."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"linesep": "\r\n", "cte_type": "7bit", "max_line_length": _FOLD_AT, **options})

    def fold(self, name: str, value: Any) -> str:
        text = str(value)
        if text.isascii() and name.lower() not in _STRUCTURED:
            return _folded(name, " ".join(text.split()))
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode("ascii", "surrogateescape")


# Their parameters need RFC 2231, which the standard library writes well.
_STRUCTURED: Final = frozenset(["content-type", "content-disposition"])


def _folded(name: str, text: str) -> str:
    lines, line = [], f"{name}:"
    for word in text.split(" "):
        if len(line) + 1 + len(word) > _FOLD_AT and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line]) + "\r\n"


def compose_mail(
    message: OutgoingMessage, *, from_address: str, from_name: str, date: datetime, include_bcc: bool = False
) -> bytes:
    """Return the bytes of the mail for `message`, with CRLF line ends. `date` is aware. `include_bcc` is only for transports
    that read the recipients of Bcc from the header.

    Raises UnableToCompose if an address or our own Message-ID is invalid. Invalid ids of other mails are left out. Line
    breaks are removed from names and subjects, so that nothing a person types can become a header.
    """
    mail = EmailMessage(policy=WirePolicy())
    _write_addresses(mail, message, from_address, from_name, include_bcc=include_bcc)
    mail["Subject"] = tidy(message.subject)
    mail["Date"] = format_datetime(date)
    _write_ids(mail, message)
    if message.is_automatic:
        mail["Auto-Submitted"] = "auto-replied" if message.in_reply_to else "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
    if message.unsubscribe_url:
        mail["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail[DELIVERY_HEADER] = _checked(_ID, message.reference, "delivery id")
    _write_body(mail, message)
    return mail.as_bytes()


def _write_addresses(
    mail: EmailMessage, message: OutgoingMessage, from_address: str, from_name: str, *, include_bcc: bool
) -> None:
    mail["From"] = _address(from_address, from_name)
    for name, parties in (("To", message.to), ("Cc", message.cc), ("Bcc", message.bcc if include_bcc else ())):
        if parties:
            mail[name] = [_address(party.address(), party.name) for party in parties]
    if message.reply_address:
        mail["Reply-To"] = _address(message.reply_address, from_name)


def _address(address: str, name: str) -> Address:
    local, _, domain = _checked(_ADDRESS, address.strip(), "address").rpartition("@")
    if not local.isascii():
        raise UnableToCompose(f"{address!r} needs a mail server we do not count on (SMTPUTF8)")
    try:
        return Address(clean_name(name), local, domain.encode("idna").decode("ascii") if not domain.isascii() else domain)
    except (UnicodeError, ValueError, IndexError) as error:
        raise UnableToCompose(f"{address!r} is no address we can write to") from error


def _write_ids(mail: EmailMessage, message: OutgoingMessage) -> None:
    if message.message_id_header:
        mail["Message-ID"] = _bracketed([message.message_id_header])
    if message.in_reply_to and is_real_id(message.in_reply_to):
        mail["In-Reply-To"] = _bracketed([message.in_reply_to])
    references = trim_references(message.references)
    if references:
        mail["References"] = _bracketed(references)


def trim_references(references: Iterable[str]) -> tuple[str, ...]:
    """Return at most 30 ids: the first, which identifies the conversation, and the newest. Ids that no header can contain are
    left out."""
    usable = tuple(dict.fromkeys(item for item in references if is_real_id(item)))
    return usable if len(usable) <= MAX_REFERENCES else (usable[0], *usable[1 - MAX_REFERENCES :])


def is_real_id(message_id: str) -> bool:
    """Return whether a header can contain this id. False for our placeholder of a missing id and for an id that was cut."""
    return _ID.fullmatch(message_id) is not None and not message_id.startswith(NO_ID_PREFIX)


def reply_references(*, message_id: str | None, in_reply_to: tuple[str, ...], references: tuple[str, ...]) -> tuple[str, ...]:
    """Return the References of an answer to a mail with these ids (RFC 5322 3.6.4)."""
    parents = references or (in_reply_to if len(in_reply_to) == 1 else ())
    return trim_references((*parents, message_id) if message_id else parents)


def _bracketed(ids: Iterable[str]) -> str:
    return " ".join(f"<{_checked(_ID, item.strip('<> '), 'Message-ID')}>" for item in ids)


def _checked(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise UnableToCompose(f"{value[:100]!r} is no {what}")
    return value


def _write_body(mail: EmailMessage, message: OutgoingMessage) -> None:
    text = message.text or html_to_text(message.html, with_links=True)
    mail.set_content(_with_newline(text), cte="quoted-printable")
    inline = [item for item in message.attachments if item.content_id and message.html]
    if message.html:
        mail.add_alternative(_with_newline(message.html), subtype="html", cte="quoted-printable")
        html_part = mail.get_payload()[-1]  # type: ignore[index]
        for item in inline:
            _attach_inline(html_part, item)  # type: ignore[arg-type]
    for item in message.attachments:
        if item not in inline:
            maintype, subtype = _type_of(item)
            mail.add_attachment(item.content, maintype=maintype, subtype=subtype, filename=safe_filename(item.filename))


def _attach_inline(part: MIMEPart, item: OutgoingAttachment) -> None:
    maintype, subtype = _type_of(item)
    content_id = f"<{_checked(_CONTENT_ID, item.content_id or '', 'content id')}>"
    part.add_related(
        item.content,
        maintype=maintype,
        subtype=subtype,
        cid=content_id,
        filename=safe_filename(item.filename),
        disposition="inline",
    )


def _type_of(item: OutgoingAttachment) -> tuple[str, str]:
    """Return the main type and subtype of a file. Text and mail files become octets, since the standard library would re-encode
    them."""
    wanted = item.content_type if _TYPE.fullmatch(item.content_type) else "application/octet-stream"
    maintype, _, subtype = wanted.partition("/")
    return ("application", "octet-stream") if maintype in ("multipart", "message") else (maintype, subtype)


def _with_newline(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def envelope_address(address: str) -> str:
    """Return the address for an SMTP envelope, its domain in ASCII. Raises UnableToCompose."""
    return _address(address, "").addr_spec
