"""Check mails as SendGrid does: every limit and rule of POST /v3/mail/send, with SendGrid's wording and the field."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
Problem = tuple[str, str]  # field, message

_SET_BY_IT = frozenset({"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"})
_RESERVED = (
    _SET_BY_IT
    | frozenset({"to", "from", "subject", "reply-to", "cc", "bcc"})
    | frozenset({"to", "from", "subject", "reply-to", "cc", "bcc"})
)
_MOST_BYTES = 30 * 1024 * 1024


def problems_of(mail: Json, *, size: int, verified_domains: tuple[str, ...]) -> list[Problem]:
    """Return a (field, message) pair for everything that is wrong with a mail, or [] if SendGrid would accept it."""
    return [*_shape(mail, size), *_people(mail), *_content(mail), *_headers(mail), *_files(mail), *_arguments(mail)] + (
        [] if _may_send(mail, verified_domains) else [("from", "The from address does not match a verified Sender Identity.")]
    )


def _may_send(mail: Json, domains: tuple[str, ...]) -> bool:
    return not domains or str((mail.get("from") or {}).get("email", "")).rpartition("@")[2].lower() in domains


def _shape(mail: Json, size: int) -> Iterator[Problem]:
    if size > _MOST_BYTES:
        yield "", "The message is too large."
    if not isinstance(mail.get("from"), dict) or "@" not in str(mail["from"].get("email", "")):
        yield "from.email", "The from email is required."
    if mail.get("reply_to") and mail.get("reply_to_list"):
        yield "reply_to", "You may not use both reply_to and reply_to_list."
    if not mail.get("personalizations"):
        yield "personalizations", "The personalizations field is required and must have at least one personalization."
    if len(mail.get("personalizations") or ()) > 1_000:
        yield "personalizations", "There are too many personalizations."
    if len(mail.get("categories") or ()) > 10:
        yield "categories", "There are too many categories."


def _people(mail: Json) -> Iterator[Problem]:
    count = 0
    for place, one in enumerate(mail.get("personalizations") or ()):
        where, seen = f"personalizations.{place}", set[str]()
        if not one.get("to"):
            yield (
                f"{where}.to",
                "The to array is required for all personalization objects, and must have at least one email object.",
            )
        for name in ("to", "cc", "bcc"):
            for person in one.get(name) or ():
                address = str(person.get("email", "")).lower()
                count += 1
                if "@" not in address or " " in address:
                    yield f"{where}.{name}.email", "Does not contain a valid address."
                if address in seen:
                    yield (
                        f"{where}.{name}",
                        "Each email address in the personalization block should be unique between to, cc, and bcc.",
                    )
                seen.add(address)
    if count > 1_000:
        yield "personalizations", "There are too many recipients."


def _content(mail: Json) -> Iterator[Problem]:
    if mail.get("template_id"):
        if not str(mail["template_id"]).startswith("d-"):
            yield "template_id", "The template_id must be a valid GUID."
        return
    kinds = [str(part.get("type")) for part in mail.get("content") or ()]
    if not kinds:
        yield "content", "Unless a valid template_id is provided, the content parameter is required."
    if "text/html" in kinds and "text/plain" in kinds and kinds.index("text/plain") > kinds.index("text/html"):
        yield "content", "The content types must be in the order text/plain, text/html."
    if any(not part.get("value") for part in mail.get("content") or ()):
        yield "content.0.value", "The content value must be a string at least one character in length."
    if not mail.get("subject") and not all(one.get("subject") for one in mail.get("personalizations") or ()):
        yield "subject", "The subject is required."


def _headers(mail: Json) -> Iterator[Problem]:
    parts = [mail.get("headers") or {}, *((one.get("headers") or {}) for one in mail.get("personalizations") or ())]
    for name in (name for part in parts for name in part):
        if name.lower() in _RESERVED:
            yield f"headers.{name}", "That header is reserved."
        if not name.isascii():
            yield f"headers.{name}", "Header names must be ASCII."


def _files(mail: Json) -> Iterator[Problem]:
    for place, file in enumerate(mail.get("attachments") or ()):
        try:
            base64.b64decode(str(file.get("content", "")), validate=True)
        except binascii.Error:
            yield f"attachments.{place}.content", "The attachment content must be base64 encoded."
        if not file.get("filename"):
            yield f"attachments.{place}.filename", "The attachment filename is required."


def _arguments(mail: Json) -> Iterator[Problem]:
    arguments = [mail.get("custom_args") or {}, *((one.get("custom_args") or {}) for one in mail.get("personalizations") or ())]
    if sum(len(str(name)) + len(str(value)) for one in arguments for name, value in one.items()) > 10_000:
        yield "custom_args", "The custom_args are too large."
