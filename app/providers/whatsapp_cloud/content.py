"""Parse the content of a message by its type: neutral kind, readable text, files, and details to store.

There is one reader for each documented type. Every other type becomes kind "unknown" with its raw item in `meta`, so that it
is stored and shown. A reader raises `Broken` if the object of its type is missing.
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from app.contract.base import InboundAttachment, MessageChange, UnableToParse
from app.core.text import mark as N_
from app.providers.whatsapp_cloud.errors import reason_of
from app.providers.whatsapp_cloud.people import is_own_card
from app.providers.whatsapp_cloud.reading import (
    Broken,
    Json,
    as_list,
    as_object,
    hex_sha256,
    load_json,
    needed_object,
    needed_text,
    number_of,
    text_of,
)

_ASK_AGAIN = "Ask the sender to send it in another form."
_EXTENSIONS = {"image/jpeg": ".jpg", "audio/ogg": ".ogg", "audio/amr": ".amr", "image/webp": ".webp", "video/3gpp": ".3gp"}


@dataclass(frozen=True)
class Content:
    """The part of an `InboundMessage` that depends on the type of the message. Fields of the same name mean the same in both."""

    kind: str
    text: str = ""
    attachments: tuple[InboundAttachment, ...] = ()
    meta: Json = field(default_factory=dict)
    change: MessageChange | None = None


def read_content(item: Json) -> Content:
    """Parse the content of a message item. Raises Broken if the object that belongs to its type is missing."""
    reader = _READERS.get(needed_text(item, "type"), _unknown)
    return _unsupported(item) if _has_failed(item) else reader(item)


def _has_failed(item: Json) -> bool:
    """Tell whether Meta could not pass the message on. Such an item has errors in place of its content, whatever its type."""
    return bool(as_list(item.get("errors"))) and not isinstance(item.get(text_of(item, "type")), dict)


def _text(item: Json) -> Content:
    body = needed_object(item, "text")
    if not isinstance(body.get("body"), str):
        raise Broken(N_("has no text body"))
    return Content("text", body["body"])


def _media(item: Json) -> Content:
    kind = text_of(item, "type")
    media = needed_object(item, kind)
    meta = {name: media[name] for name in ("voice", "animated") if isinstance(media.get(name), bool)}
    return Content(kind, text_of(media, "caption"), (_attachment(kind, media),), meta)


def _attachment(kind: str, media: Json) -> InboundAttachment:
    content_type = text_of(media, "mime_type").split(";")[0].strip().lower() or "application/octet-stream"
    return InboundAttachment(
        filename=text_of(media, "filename") or kind + _extension(content_type),
        content_type=content_type,
        provider_media_id=needed_text(media, "id"),
        provider_url=text_of(media, "url") or None,
        sha256=hex_sha256(text_of(media, "sha256")),
    )


def _extension(content_type: str) -> str:
    return _EXTENSIONS.get(content_type) or mimetypes.guess_extension(content_type) or ""


def _location(item: Json) -> Content:
    place = needed_object(item, "location")
    latitude, longitude = number_of(place, "latitude"), number_of(place, "longitude")
    if latitude is None or longitude is None:
        raise Broken(N_("has a location without coordinates"))
    named = [text_of(place, "name"), text_of(place, "address")]
    spot = {"latitude": latitude, "longitude": longitude}
    return Content("location", _lines([*named, f"{latitude},{longitude}"]), meta={"location": {**place, **spot}})


def _contacts(item: Json) -> Content:
    cards = [card for card in as_list(item.get("contacts")) if isinstance(card, dict)]
    if not cards:
        raise Broken(N_("has no contacts"))
    return Content("contacts", _lines(_card_line(card) for card in cards), meta={"contacts": cards})


def _card_line(card: Json) -> str:
    name, company = as_object(card.get("name")), text_of(as_object(card.get("org")), "company")
    parts = f"{text_of(name, 'first_name')} {text_of(name, 'last_name')}".strip()
    shown = text_of(name, "formatted_name") or parts or company
    phones = [text_of(phone, "phone") or _international(text_of(phone, "wa_id")) for phone in _objects(card, "phones")]
    reachable = [*phones, *(text_of(email, "email") for email in _objects(card, "emails"))]
    label = f"{shown} ({company})" if company not in ("", shown) else shown or ("" if is_own_card(card) else "Unnamed")
    return ": ".join(filter(None, [label, ", ".join(filter(None, reachable))]))


def _international(digits: str) -> str:
    return f"+{digits}" if digits else ""


def _button(item: Json) -> Content:
    button = needed_object(item, "button")
    return Content("button", text_of(button, "text"), meta={"payload": text_of(button, "payload")})


def _interactive(item: Json) -> Content:
    """Parse the answer to an interactive message. Meta leaves the answer out if it could not read it (131000)."""
    answer = as_object(item.get("interactive"))
    kind = text_of(answer, "type")
    body = as_object(answer.get(kind))
    if kind in ("button_reply", "list_reply") and body:
        title = _lines([text_of(body, "title"), text_of(body, "description")])
        return Content("button" if kind == "button_reply" else "list", title, meta={"payload": text_of(body, "id")})
    if kind == "nfm_reply" and body:
        return _form(body)
    return Content("interactive", f"An answer came in that WhatsApp did not pass on. {_ASK_AGAIN}", meta={"raw": item})


def _form(body: Json) -> Content:
    answers = _json_object(text_of(body, "response_json"))
    fields = [f"{name}: {_shown(value)}" for name, value in answers.items() if name != "flow_token"]
    meta = {"form": text_of(body, "name"), "answers": answers}
    return Content("form", _lines([text_of(body, "body"), *fields]), meta=meta)


def _json_object(text: str) -> Json:
    try:
        return as_object(load_json(text.encode()))
    except UnableToParse:
        return {}


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _order(item: Json) -> Content:
    order = needed_object(item, "order")
    products = _objects(order, "product_items")
    lines = [text_of(order, "text"), *(_order_line(product) for product in products)]
    return Content("order", _lines(lines), meta={"order": order})


def _order_line(product: Json) -> str:
    price = f"{text_of(product, 'item_price')} {text_of(product, 'currency')}".strip()
    line = f"{text_of(product, 'quantity') or '1'} × {text_of(product, 'product_retailer_id')}"
    return f"{line} at {price}" if price else line


def _reaction(item: Json) -> Content:
    reaction = needed_object(item, "reaction")
    emoji = text_of(reaction, "emoji")
    return Content("reaction", emoji, change=MessageChange("reaction", needed_text(reaction, "message_id"), emoji))


def _edit(item: Json) -> Content:
    edit = needed_object(item, "edit")
    target = needed_text(edit, "original_message_id")
    inner = read_content(needed_object(edit, "message"))
    change = MessageChange("edit", target, inner.text)
    return Content("edit", inner.text, inner.attachments, {"edited_kind": inner.kind, **inner.meta}, change)


def _revoke(item: Json) -> Content:
    target = needed_text(needed_object(item, "revoke"), "original_message_id")
    return Content("revoke", change=MessageChange("revoke", target))


def _system(item: Json) -> Content:
    system = needed_object(item, "system")
    new = {"wa_id": text_of(system, "wa_id") or text_of(system, "new_wa_id"), "user_id": text_of(system, "user_id")}
    kind = text_of(system, "type")
    meta = {"system_type": kind, "system": system, "new": {name: value for name, value in new.items() if value}}
    return Content("system", text_of(system, "body") or kind.replace("_", " "), meta=meta)


def _unsupported(item: Json) -> Content:
    errors = [error for error in as_list(item.get("errors")) if isinstance(error, dict)]
    subtype = text_of(as_object(item.get("unsupported")), "type")
    reason = reason_of(errors[0]) if errors else None
    meta = {"raw": item, "unsupported_type": subtype, "reason": (reason.detail or reason.title) if reason else ""}
    shown = f"A message of a type WhatsApp does not pass on{f' ({subtype})' if subtype else ''}. {_ASK_AGAIN}"
    return Content("unsupported", shown, meta=meta)


def _welcome(item: Json) -> Content:
    return Content("welcome", "Opened the chat for the first time.", meta={"raw": item})


def _unknown(item: Json) -> Content:
    """Parse a message of an unknown type. If it contains a text in a usual field, that text is shown."""
    body = as_object(item.get(text_of(item, "type")))
    said = text_of(body, "body") or text_of(body, "text") or text_of(body, "caption") or _poll_text(body)
    shown = said or f"A message of a type not known here ({text_of(item, 'type')[:60]}). {_ASK_AGAIN}"
    return Content("poll" if body.get("options") else "unknown", shown, meta={"raw": item})


def _poll_text(body: Json) -> str:
    question = text_of(body, "question") or text_of(body, "name")
    options = [f"– {text_of(option, 'name') or text_of(option, 'title')}" for option in _objects(body, "options")]
    return _lines([question, *options])


def _objects(source: Json, name: str) -> list[Json]:
    return [entry for entry in as_list(source.get(name)) if isinstance(entry, dict)]


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)


_READERS: Mapping[str, Callable[[Json], Content]] = {
    "text": _text,
    "image": _media,
    "video": _media,
    "audio": _media,
    "document": _media,
    "sticker": _media,
    "location": _location,
    "contacts": _contacts,
    "button": _button,
    "interactive": _interactive,
    "reaction": _reaction,
    "order": _order,
    "system": _system,
    "edit": _edit,
    "revoke": _revoke,
    "unsupported": _unsupported,
    "request_welcome": _welcome,
}
