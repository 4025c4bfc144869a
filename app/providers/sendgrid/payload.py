"""Build the body of SendGrid's POST /v3/mail/send from a message of ours. Pure.

Tracking is off, because a picture that counts openings is not reliable and needs the recipient's consent. Our ids are sent
as custom arguments, which SendGrid repeats in every report. They contain nothing personal, because SendGrid stores them for
a long time.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from app.contract.base import ChannelAccount, OutgoingAttachment, OutgoingMessage, Party
from app.mail.compose import (
    DELIVERY_HEADER,
    envelope_address,
    is_real_id,
    trim_references,
)
from app.mail.filenames import safe_filename
from app.mail.html_text import html_to_text
from app.mail.source import tidy

Json = dict[str, Any]
DELIVERY_ARGUMENT, CHANNEL_ARGUMENT = "switchyard_delivery", "switchyard_channel"


def mail_body(message: OutgoingMessage, account: ChannelAccount) -> Json:
    """Return the JSON to post. Raises UnableToCompose for an invalid address."""
    body: Json = {
        "personalizations": [_recipients(message)],
        "from": _person(account.address, str(account.settings.get("from_name") or account.name)),
        "headers": _headers(message),
        "custom_args": {DELIVERY_ARGUMENT: message.reference, CHANNEL_ARGUMENT: account.id},
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
        },
    }
    if message.reply_address:
        body["reply_to"] = _person(message.reply_address, str(account.settings.get("from_name") or account.name))
    if account.settings.get("sandbox") in (True, "yes"):
        body["mail_settings"] = {"sandbox_mode": {"enable": True}}
    if message.attachments:
        body["attachments"] = [_attachment(one, is_inline=bool(one.content_id and message.html)) for one in message.attachments]
    return body | _content(message, body["personalizations"][0])


def _content(message: OutgoingMessage, recipients: Json) -> Json:
    """Return the subject and content of our mail as JSON. For a dynamic template, return its id instead.

    A template has a subject and texts of its own. Its values are added to `recipients`.
    """
    template = message.template
    if template is not None:
        recipients["dynamic_template_data"] = next((dict(one) for one in template.components), {})
        return {"template_id": template.name}
    text = message.text or html_to_text(message.html, with_links=True) or " "
    parts = [{"type": "text/plain", "value": text}]
    if message.html:
        parts.append({"type": "text/html", "value": message.html})
    return {"subject": tidy(message.subject) or " ", "content": parts}


def _recipients(message: OutgoingMessage) -> Json:
    """Return the recipients as JSON by "to", "cc" and "bcc". SendGrid refuses duplicates, so each address is there only once.

    An address given several times is in the most visible of its places.
    """
    seen: set[str] = set()
    found: Json = {}
    for name, parties in (("to", message.to), ("cc", message.cc), ("bcc", message.bcc)):
        people = [one for party in parties if (one := _once(party, seen)) is not None]
        if people:
            found[name] = people
    return found


def _once(party: Party, seen: set[str]) -> Json | None:
    person = _person(party.address(), party.name)
    key = str(person["email"]).lower()
    if key in seen:
        return None
    seen.add(key)
    return person


def _person(address: str, name: str) -> Json:
    return {"email": envelope_address(address)} | ({"name": tidy(name)} if name else {})


def _headers(message: OutgoingMessage) -> dict[str, str]:
    headers = {DELIVERY_HEADER: message.reference}
    if message.message_id_header:
        headers["Message-ID"] = f"<{message.message_id_header}>"
    if message.in_reply_to and is_real_id(message.in_reply_to):
        headers["In-Reply-To"] = f"<{message.in_reply_to}>"
    references = _bracketed(trim_references(message.references))
    if references:
        headers["References"] = references
    if message.is_automatic:
        headers["Auto-Submitted"] = "auto-replied" if message.in_reply_to else "auto-generated"
        headers["X-Auto-Response-Suppress"] = "All"
    if message.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _bracketed(ids: Iterable[str]) -> str:
    return " ".join(f"<{one}>" for one in ids)


def _attachment(file: OutgoingAttachment, *, is_inline: bool) -> Json:
    described: Json = {
        "content": base64.b64encode(file.content).decode(),
        "filename": safe_filename(file.filename),
        "type": file.content_type,
        "disposition": "inline" if is_inline else "attachment",
    }
    return described | ({"content_id": file.content_id} if is_inline else {})
