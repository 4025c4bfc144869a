"""Build the Cloud API's JSON of an `OutgoingMessage`, and refuse what can be refused before calling."""

from __future__ import annotations

from dataclasses import replace

from app.contract.base import ChannelAccount, IdentityKind, OutgoingMessage, OutgoingTemplate, Party
from app.contract.choices import BUTTONS, NUMBER, Choice, ChoiceLimits, Choices
from app.core.text import known
from app.core.text import mark as N_
from app.providers.whatsapp_cloud.errors import cannot_send
from app.providers.whatsapp_cloud.media import MediaKind
from app.providers.whatsapp_cloud.people import digits_of, is_scoped_id
from app.providers.whatsapp_cloud.reading import Json
from app.providers.whatsapp_cloud.templates import find_definition, template_problems

_TEXT_LIMIT = known("A WhatsApp text can have at most %(limit)s characters")
_CAPTION_LIMIT = known("A text sent with a file can have at most %(limit)s characters")
_NO_CAPTION = known("WhatsApp shows no text with a file of type %(type)s")
_CHARACTERS = known("%(count)s characters")

TEXT_CHARACTERS = 4096
CHOICE_LIMITS = ChoiceLimits(buttons=3, rows=10, button_title=20, row_title=24, row_description=72, label=20, text=1024)
CAPTION_CHARACTERS = 1024
_SHORTEN = N_("Shorten the text, or send it in parts.")


def envelope(message: OutgoingMessage) -> Json:
    """Return the JSON fields that every type of message has.

    Raises ProviderError (permanent) unless the message has exactly one recipient.
    """
    quoted = {"context": {"message_id": message.reply_to_external_id}} if message.reply_to_external_id else {}
    if len(message.to) != 1:
        raise cannot_send(
            "recipients", N_("A WhatsApp message can have only one recipient"), N_("Send it to each person separately.")
        )
    return {**address_of(message.to[0]), **quoted, "biz_opaque_callback_data": message.reference}


def address_of(party: Party) -> Json:
    """Return the JSON fields with a message's recipient: the number as `to` if it is known, else the business-scoped id as
    `recipient`.

    Raises ProviderError (permanent) if the party has neither.
    """
    return {"messaging_product": "whatsapp", "recipient_type": "individual", **_address(party)}


def _address(party: Party) -> Json:
    by_kind = {identity.kind: identity.value for identity in reversed(party.identities)}
    for kind in (IdentityKind.WA_ID, IdentityKind.PHONE):
        if digits := digits_of(by_kind.get(kind, "")):
            return {"to": digits}
    for kind in (IdentityKind.BSUID, IdentityKind.PARENT_BSUID):
        if is_scoped_id(by_kind.get(kind, "")):
            return {"recipient": by_kind[kind]}
    raise cannot_send(
        "recipient_missing", N_("This person has no WhatsApp number"), N_("Add a mobile number with its country code.")
    )


def check_parts(message: OutgoingMessage) -> None:
    """Check that a message fits in one provider message. Raises ProviderError (permanent).

    One delivery is always one provider message. With several, a lost answer would not tell which of them were sent. The text
    beside a template is only our own rendering of the template and is not sent.
    """
    if len(message.attachments) > 1:
        raise cannot_send(
            "one_attachment", N_("WhatsApp accepts one file per message"), N_("Send each file as a separate message.")
        )
    if not (message.template or message.attachments or message.text.strip()):
        raise cannot_send("empty", N_("The message is empty"), N_("Write something, or attach a file."))


def text_part(text: str) -> Json:
    if len(text) > TEXT_CHARACTERS:
        raise cannot_send("too_long", _TEXT_LIMIT % {"limit": TEXT_CHARACTERS}, _SHORTEN, _CHARACTERS % {"count": len(text)})
    return {"type": "text", "text": {"body": text, "preview_url": False}}


def choices_part(text: str, choices: Choices) -> Json:
    """Return the JSON part of a text with buttons, a list, or the request for a phone number.

    Each button or row is named by its place, from "1" on. This name comes back when somebody taps it. The request for a
    phone number is WhatsApp's own button, and is answered by a contact card.
    """
    body = {"text": text}
    if choices.kind == NUMBER:
        asked = "request_contact_info"
        return {"type": "interactive", "interactive": {"type": asked, "body": body, "action": {"name": asked}}}
    if choices.kind == BUTTONS:
        replies = [{"id": str(number), "title": option.title} for number, option in enumerate(choices.options, start=1)]
        buttons = [{"type": "reply", "reply": reply} for reply in replies]
        return {"type": "interactive", "interactive": {"type": "button", "body": body, "action": {"buttons": buttons}}}
    rows = [_row(number, option) for number, option in enumerate(choices.options, start=1)]
    action = {"button": choices.label, "sections": [{"title": choices.label, "rows": rows}]}
    return {"type": "interactive", "interactive": {"type": "list", "body": body, "action": action}}


def _row(number: int, option: Choice) -> Json:
    row = {"id": str(number), "title": option.title, "description": option.description}
    return {name: value for name, value in row.items() if value}


def check_caption(text: str, kind: MediaKind) -> None:
    """Check that a text can stand under the file. Raises ProviderError (permanent)."""
    if text and not kind.takes_caption:
        raise cannot_send("no_caption", _NO_CAPTION % {"type": kind.name}, N_("Send text and file separately."))
    if len(text) > CAPTION_CHARACTERS:
        detail = _CHARACTERS % {"count": len(text)}
        raise cannot_send("too_long", _CAPTION_LIMIT % {"limit": CAPTION_CHARACTERS}, _SHORTEN, detail)


def media_part(kind: MediaKind, media_id: str, *, caption: str, filename: str) -> Json:
    media = {"id": media_id, "caption": caption, "filename": filename if kind.name == "document" else ""}
    return {"type": kind.name, kind.name: {name: value for name, value in media.items() if value}}


def template_header(template: OutgoingTemplate, *, account: ChannelAccount) -> str:
    """Return the kind of file in the template's header ("image", "video" or "document").

    Raises ProviderError (permanent) if its header takes no file.
    """
    definition = find_definition(account.settings.get("templates"), template)
    header = definition.media_header() if definition else ""
    if not header:
        raise cannot_send("template_alone", N_("You cannot attach files to a template"), N_("Send the file as a second message."))
    return header


def with_header(template: OutgoingTemplate, header: str, media_id: str, *, filename: str) -> OutgoingTemplate:
    """Return the template with an uploaded file as its header. `header` is the kind of the file."""
    part = media_part(MediaKind(header, 0), media_id, caption="", filename=filename)
    return replace(template, components=({"type": "header", "parameters": [part]}, *template.components))


def template_part(template: OutgoingTemplate, *, account: ChannelAccount) -> Json:
    """Return the part of a filled-in template. Raises ProviderError (permanent) naming each value that is wrong."""
    problems = template_problems(template, find_definition(account.settings.get("templates"), template))
    if problems:
        advice = N_("Correct the template's values.")
        raise cannot_send("template", N_("The template is not filled in correctly"), advice, " ".join(problems))
    filled = {"name": template.name, "language": {"code": template.language}, "components": list(template.components)}
    return {"type": "template", "template": {name: value for name, value in filled.items() if value}}
