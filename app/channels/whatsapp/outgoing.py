"""An `OutgoingMessage` as the Cloud API wants it: whom to, which type, and everything that can be refused before calling."""

from __future__ import annotations

from app.channels.base import ChannelAccount, IdentityKind, OutgoingMessage, OutgoingTemplate, Party
from app.channels.whatsapp.errors import cannot_send
from app.channels.whatsapp.media import MediaKind
from app.channels.whatsapp.people import digits_of, is_scoped_id
from app.channels.whatsapp.reading import Json
from app.channels.whatsapp.templates import find_definition, template_problems

TEXT_CHARACTERS = 4096
CAPTION_CHARACTERS = 1024
_SHORTEN = "Shorten it, or send it in parts."


def envelope(message: OutgoingMessage) -> Json:
    """Build what every type of message has; raises ProviderError (permanent) where nobody, or more than one, is addressed."""
    quoted = {"context": {"message_id": message.reply_to_external_id}} if message.reply_to_external_id else {}
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_address(message.to),
        **quoted,
        "biz_opaque_callback_data": message.reference,
    }


def _address(to: tuple[Party, ...]) -> Json:
    """A number where one is known (`to`), else the business-scoped id (`recipient`)."""
    if len(to) != 1:
        raise cannot_send("recipients", "A WhatsApp message goes to exactly one person", "Send it to each person by itself.")
    by_kind = {identity.kind: identity.value for identity in reversed(to[0].identities)}
    for kind in (IdentityKind.WA_ID, IdentityKind.PHONE):
        if digits := digits_of(by_kind.get(kind, "")):
            return {"to": digits}
    for kind in (IdentityKind.BSUID, IdentityKind.PARENT_BSUID):
        if is_scoped_id(by_kind.get(kind, "")):
            return {"recipient": by_kind[kind]}
    raise cannot_send("recipient_missing", "This person has no WhatsApp number", "Add a mobile number with its country code.")


def check_parts(message: OutgoingMessage) -> None:
    """Refuse what does not fit in one provider message; raises ProviderError (permanent).

    One delivery is one provider message, because nothing says which of several got through when an answer is lost. The text
    beside a template is our own rendering of it and is not sent.
    """
    if message.template and message.attachments:
        raise cannot_send("template_alone", "A template is sent without files beside it", "Send the file as a second message.")
    if len(message.attachments) > 1:
        raise cannot_send("one_attachment", "WhatsApp takes one file per message", "Send each file as a message of its own.")
    if not (message.template or message.attachments or message.text.strip()):
        raise cannot_send("empty", "The message is empty", "Write something, or attach a file.")


def text_part(text: str) -> Json:
    if len(text) > TEXT_CHARACTERS:
        raise cannot_send(
            "too_long", f"A WhatsApp text has at most {TEXT_CHARACTERS} characters", _SHORTEN, f"{len(text)} characters"
        )
    return {"type": "text", "text": {"body": text, "preview_url": False}}


def check_caption(text: str, kind: MediaKind) -> None:
    """Refuse a text that cannot stand under the file; raises ProviderError (permanent)."""
    if text and not kind.takes_caption:
        raise cannot_send(
            "no_caption", f"WhatsApp shows no text with a file of type {kind.name}", "Send text and file separately."
        )
    if len(text) > CAPTION_CHARACTERS:
        detail = f"{len(text)} characters"
        raise cannot_send("too_long", f"A text with a file has at most {CAPTION_CHARACTERS} characters", _SHORTEN, detail)


def media_part(kind: MediaKind, media_id: str, *, caption: str, filename: str) -> Json:
    media = {"id": media_id, "caption": caption, "filename": filename if kind.name == "document" else ""}
    return {"type": kind.name, kind.name: {name: value for name, value in media.items() if value}}


def template_part(template: OutgoingTemplate, *, account: ChannelAccount) -> Json:
    """Build the template; raises ProviderError (permanent) naming each value that is wrong."""
    problems = template_problems(template, find_definition(account.settings.get("templates"), template))
    if problems:
        advice = "Correct the template's values."
        raise cannot_send("template", "The template is not filled in correctly", advice, " ".join(problems))
    filled = {"name": template.name, "language": {"code": template.language}, "components": list(template.components)}
    return {"type": "template", "template": {name: value for name, value in filled.items() if value}}
