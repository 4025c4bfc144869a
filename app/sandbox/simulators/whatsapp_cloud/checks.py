"""Check messages as Meta does, with its error codes: one function for each type of message, which raises if it is not valid."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from app.sandbox.simulators.common import Json
from app.sandbox.simulators.whatsapp_cloud.graph_error import GraphError
from app.sandbox.simulators.whatsapp_cloud.settings import Settings
from app.sandbox.simulators.whatsapp_cloud.store import Store
from app.sandbox.simulators.whatsapp_cloud.templates import check_filled_in

MB = 1_048_576
_SCOPED_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
_CAPTIONED = frozenset({"image", "video", "document"})
_KEYS = {
    "image": {"id", "link", "caption"},
    "video": {"id", "link", "caption"},
    "document": {"id", "link", "caption", "filename"},
    "audio": {"id", "link", "voice"},
    "sticker": {"id", "link"},
}
_TEXT_TYPES = {"text/plain", "application/pdf", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"}
_OPEN_XML = {
    f"application/vnd.openxmlformats-officedocument.{kind}"
    for kind in ("wordprocessingml.document", "spreadsheetml.sheet", "presentationml.presentation")
}
UPLOAD_LIMITS: Mapping[str, int] = {
    **dict.fromkeys(("image/jpeg", "image/png"), 5 * MB),
    **dict.fromkeys(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/opus"), 16 * MB),
    **dict.fromkeys(("video/mp4", "video/3gpp"), 16 * MB),
    "image/webp": 500 * 1024,
    **dict.fromkeys(_TEXT_TYPES | _OPEN_XML, 100 * MB),
}


def check_message(payload: Json, *, store: Store, settings: Settings) -> None:
    """Check a message, except its recipient and the 24-hour window. Raises `GraphError` if the message is not valid."""
    if payload.get("messaging_product") != "whatsapp":
        raise GraphError(100, "The parameter messaging_product is required.")
    if len(str(payload.get("biz_opaque_callback_data") or "")) > 512:
        raise GraphError(131009, "biz_opaque_callback_data may have 512 characters")
    context = payload.get("context")
    if context is not None and not (isinstance(context, dict) and context.get("message_id")):
        raise GraphError(131009, "context needs message_id")
    kind = payload.get("type", "text")
    checker = _CHECKERS.get(kind) if isinstance(kind, str) else None
    if checker is None:
        raise GraphError(100, f"Param type must be one of {{{', '.join(sorted(_CHECKERS)).upper()}}}")
    content = payload.get(kind)
    if kind != "contacts" and not isinstance(content, dict):
        raise GraphError(131008, f"Parameter '{kind}' is mandatory for type '{kind}'")
    checker(content, store)


def address_of(payload: Json) -> str:
    """Return the recipient of a message: the phone number as digits, or the business-scoped id.

    Raises `GraphError` if the message names no valid recipient.
    """
    if payload.get("recipient"):
        recipient = str(payload["recipient"])
        if not _SCOPED_ID.fullmatch(recipient):
            raise GraphError(131009, "recipient is not a business-scoped user id")
        return recipient
    if not payload.get("to"):
        raise GraphError(131008, "The parameter to is required.")
    digits = re.sub(r"[\s()+.-]", "", str(payload["to"]))
    if not re.fullmatch(r"[1-9][0-9]{6,14}", digits):
        raise GraphError(131009, "to is not a phone number with country code")
    return digits


def _text(content: Json, store: Store) -> None:
    body = content.get("body")
    if not isinstance(body, str) or not body:
        raise GraphError(131008, "text.body is required")
    if len(body) > 4096:
        raise GraphError(100, "Param text['body'] must be at most 4096 characters long.")


def _media(kind: str) -> Callable[[Json, Store], None]:
    def check(content: Json, store: Store) -> None:
        unexpected = set(content) - _KEYS[kind]
        if unexpected:
            raise GraphError(100, f'Unexpected key "{unexpected.pop()}" on param "{kind}"')
        if bool(content.get("id")) == bool(content.get("link")):
            raise GraphError(131008, f"{kind} needs either id or link")
        if content.get("id") and not _is_usable_file(str(content["id"]), store):
            raise GraphError(100, f"{kind}.id is not the id of uploaded media")
        if len(str(content.get("caption") or "")) > 1024:
            raise GraphError(100, f"Param {kind}['caption'] must be at most 1024 characters long.")

    return check


def _is_usable_file(file_id: str, store: Store) -> bool:
    kept = store.files.get(file_id)
    return kept is not None and not kept.is_gone(store.clock.now())


def late_media_failure(payload: Json, store: Store) -> str:
    """Return the reason why a file does not fit the type it was sent as, or "" if it fits.

    Meta accepts such a message first and reports the failure afterwards.
    """
    kind = str(payload.get("type"))
    content = payload.get(kind)
    if kind == "template":
        return next(filter(None, (late_media_failure(value, store) for value in _header_values(content))), "")
    kept = store.files.get(str(content.get("id"))) if kind in _KEYS and isinstance(content, dict) else None
    if kept is None or kind == "document":
        return ""
    major = "image" if kind == "sticker" else kind
    bare = kept.mime_type.split(";")[0]
    fits = bare.startswith(f"{major}/") and (kind == "sticker") == (bare == "image/webp")
    return "" if fits else f"Media of type {bare} cannot be sent as {kind}"


def _location(content: Json, store: Store) -> None:
    for name, limit in (("latitude", 90), ("longitude", 180)):
        try:
            is_wrong = abs(float(content[name])) > limit
        except (KeyError, TypeError, ValueError):
            raise GraphError(131008, f"location.{name} is required") from None
        if is_wrong:
            raise GraphError(131009, f"location.{name} is out of range")


def _contacts(content: Any, store: Store) -> None:
    if not isinstance(content, list) or not content:
        raise GraphError(131008, "contacts is required")
    if any(not isinstance(card, dict) or not (card.get("name") or {}).get("formatted_name") for card in content):
        raise GraphError(131008, "contacts[].name.formatted_name is required")


def _reaction(content: Json, store: Store) -> None:
    if not content.get("message_id") or not isinstance(content.get("emoji"), str):
        raise GraphError(131008, "reaction.message_id and reaction.emoji are required")


def _template(content: Json, store: Store) -> None:
    with store.lock:
        check_filled_in(content, store.templates)
    for value in _header_values(content):
        kind = str(value.get("type"))
        if kind in ("image", "video", "document"):
            _check_head(kind, value[kind], store)


def _check_head(kind: str, media: Json, store: Store) -> None:
    """Check the file in the header of a template. Raises `GraphError` if it has a caption, or neither an uploaded file nor a
    link."""
    if "caption" in media:
        raise GraphError(100, f"Unexpected key \"caption\" on param \"template['components']['{kind}']\"")
    _media(kind)(media, store)


def _header_values(content: Any) -> list[Json]:
    parts = content.get("components") or [] if isinstance(content, dict) else []
    return [value for part in parts if part.get("type") == "header" for value in part.get("parameters") or []]


def _interactive(content: Json, store: Store) -> None:
    checker = _INTERACTIVE.get(str(content.get("type")))
    if checker is None:
        raise GraphError(131009, "interactive.type is not valid")
    _limit("interactive.body.text", (content.get("body") or {}).get("text"), 1024)
    _limit("interactive.footer.text", (content.get("footer") or {}).get("text", " "), 60)
    _limit("interactive.header.text", (content.get("header") or {}).get("text", " "), 60)
    checker(content.get("action") or {})


def _buttons(action: Json) -> None:
    buttons = action.get("buttons") or []
    if not 1 <= len(buttons) <= 3:
        raise GraphError(131009, "interactive needs 1 to 3 buttons")
    for button in buttons:
        reply = button.get("reply") or {}
        _limit("button.reply.title", reply.get("title"), 20)
        _limit("button.reply.id", reply.get("id"), 256)
    if len({button["reply"]["title"] for button in buttons}) < len(buttons):
        raise GraphError(131009, "button titles must differ")


def _list(action: Json) -> None:
    _limit("action.button", action.get("button"), 20)
    sections = action.get("sections") or []
    rows = [row for section in sections for row in section.get("rows") or []]
    if not 1 <= len(sections) <= 10 or not 1 <= len(rows) <= 10:
        raise GraphError(131009, "a list has 1 to 10 sections and 1 to 10 rows in total")
    for row in rows:
        _limit("row.id", row.get("id"), 200)
        _limit("row.title", row.get("title"), 24)
        _limit("row.description", row.get("description", " "), 72)


def _cta_url(action: Json) -> None:
    parameters = action.get("parameters") or {}
    _limit("action.parameters.display_text", parameters.get("display_text"), 20)
    _limit("action.parameters.url", parameters.get("url"), 2000)


def _limit(name: str, value: Any, characters: int) -> None:
    if not isinstance(value, str) or not value:
        raise GraphError(131008, f"{name} is required")
    if len(value) > characters:
        raise GraphError(131009, f"{name} may have {characters} characters")


_INTERACTIVE: Mapping[str, Callable[[Json], None]] = {
    "button": _buttons,
    "list": _list,
    "cta_url": _cta_url,
    "location_request_message": lambda action: None,
    "request_contact_info": lambda action: _limit("action.name", action.get("name"), 20),
    "flow": lambda action: None,
    "carousel": lambda action: None,
}
_CHECKERS: Mapping[str, Callable[[Any, Store], None]] = {
    "text": _text,
    **{kind: _media(kind) for kind in _KEYS},
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "template": _template,
    "interactive": _interactive,
}
