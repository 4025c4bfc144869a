"""Parse one message item of a webhook: from a customer, echoed from a colleague's phone, or from history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.contract.base import Direction, Identity, InboundMessage, Party
from app.providers.whatsapp_cloud.content import Content, read_content
from app.providers.whatsapp_cloud.people import contact_of, person, shared_number
from app.providers.whatsapp_cloud.reading import Json, as_object, canonical, needed_text, needed_time, sha256_hex, text_of

# What counts as a customer writing to us; reactions, edits, deletions and system notes do not reliably open a window.
_OPENING_KINDS = frozenset(
    {"text", "image", "video", "audio", "document", "sticker", "location", "contacts", "order", "unsupported"}
    | {"button", "list", "form", "interactive"}
)
_KEPT = ("referral", "identity", "group_id", "history_context")
_ECHO_AUTHOR = "WhatsApp app"
_NEW_IDENTITY_NOTES = frozenset({"user_changed_number", "user_changed_user_id", "user_id_update"})


@dataclass(frozen=True)
class Surroundings:
    """The parts of the webhook change around a message item that are needed to read it.

    `contacts` are the change's contacts, `business_number` our number in digits, `scope` the id of the business account.
    """

    contacts: Sequence[Json]
    business_number: str
    scope: str


def read_message(item: Json, around: Surroundings, *, is_echo: bool = False, is_past: bool = False) -> InboundMessage:
    """Parse one message. Raises Broken if its id, time or type is missing, or if its content does not match its type.

    `content_hash` covers id, time and content, but no links that expire. So a repeat of the same message has the same hash,
    even if Meta has added other fields.
    """
    content = read_content(item)
    return InboundMessage(
        external_id=needed_text(item, "id"),
        content_hash=content_hash(item),
        occurred_at=needed_time(item),
        sender=_business(around) if is_echo else _sender(item, around),
        direction=Direction.OUTGOING if is_echo else Direction.INCOMING,
        recipients=(_recipient(item, around),) if is_echo else (),
        kind=content.kind,
        text=content.text,
        attachments=content.attachments,
        reply_to_external_id=text_of(as_object(item.get("context")), "id") or None,
        change=content.change,
        opens_window=not is_echo and content.kind in _OPENING_KINDS,
        is_past=is_past,
        new_identities=_new_identities(content, around),
        meta=_meta(item, content),
    )


def _new_identities(content: Content, around: Surroundings) -> tuple[Identity, ...]:
    """Return the new identities that a system note announces; empty for everything else."""
    new = as_object(content.meta.get("new"))
    if content.kind != "system" or content.meta.get("system_type") not in _NEW_IDENTITY_NOTES:
        return ()
    return person(number=text_of(new, "wa_id"), user_id=text_of(new, "user_id"), contact={}, scope=around.scope).identities


def content_hash(item: Json) -> str:
    """Return a hash of the message's id, time, type and content. Any object will do, however incomplete."""
    kind = text_of(item, "type")
    parts = {"id": item.get("id"), "timestamp": text_of(item, "timestamp"), "type": kind, "content": item.get(kind)}
    return sha256_hex(canonical(parts))


def _sender(item: Json, around: Surroundings) -> Party:
    number, user_id = text_of(item, "from"), text_of(item, "from_user_id")
    contact = contact_of(around.contacts, number=number, user_id=user_id)
    if not text_of(contact, "wa_id"):
        contact = {**contact, "wa_id": shared_number(item)}
    return person(number=number, user_id=user_id, contact=contact, scope=around.scope)


def _recipient(item: Json, around: Surroundings) -> Party:
    number, user_id = text_of(item, "to"), text_of(item, "to_user_id")
    contact = contact_of(around.contacts, number=number, user_id=user_id)
    return person(number=number, user_id=user_id, contact=contact, scope=around.scope)


def _business(around: Surroundings) -> Party:
    ours = person(number=around.business_number, user_id="", contact={}, scope=around.scope)
    return Party(ours.identities, _ECHO_AUTHOR)


def _meta(item: Json, content: Content) -> Json:
    context = as_object(item.get("context"))
    marks = {name: True for name in ("forwarded", "frequently_forwarded") if context.get(name) is True}
    product = {"referred_product": context["referred_product"]} if context.get("referred_product") else {}
    kept = {name: item[name] for name in _KEPT if item.get(name)}
    return {"provider_type": text_of(item, "type"), **marks, **product, **kept, **content.meta}
