"""Play the customers, and Meta itself: carry out the orders of POST /__sim/emit.

Orders, by `kind`::

    message        {from, name?, username?, hides_number?, type?, text?, content?, media?, reply_to?, id?, timestamp?,
                   phone_number_id?, item?}
                   `type` defaults to text. `content` is the type's own object, for types that need more than `text` and
                   `media`. `media` is {content_base64, mime_type, filename?}. `item` has other fields of Meta's message.
    messages       {messages: [orders of kind message]}: several messages; with the option `batch`, all in one POST
    read           {wa_id, wamid?}: the customer opens the chat
    status         {wamid, status, code?}
    edit, revoke   {from, target, text?}
    tap            {from, target, choice}: tap the button or row with the id `choice` in our message `target`, or share the
                   phone number
    change_number  {from, to}: the customer takes their WhatsApp to another number
    echo           {to, text, target?, deletes?}: a colleague writes from the WhatsApp Business app, or edits or deletes there
    template       {name, language, status, reason?}: Meta changes a template
    change         {field, value, phone_number_id?, waba_id?}: any change; messaging fields get their metadata
    raw            {payload} or {body}: any body, signed
    handshake      {wrong_token?}

Options with each (`Options` in webhooks.py): duplicate, reorder, delay, bad_signature, batch, reencode.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping

from app.sandbox.simulators.common import BadOrder, Json
from app.sandbox.simulators.whatsapp_cloud.sending import SHARES_NUMBER, Desk
from app.sandbox.simulators.whatsapp_cloud.settings import Number, Settings
from app.sandbox.simulators.whatsapp_cloud.store import ChatItem, Person, Store, new_digits, new_wamid, summary_of
from app.sandbox.simulators.whatsapp_cloud.webhooks import Item, Options, WebhookCaller, change_of, escaped_json

_MEDIA_TYPES = frozenset({"image", "video", "audio", "document", "sticker"})
_KEEPS_WINDOW_SHUT = frozenset({"reaction", "system", "edit", "revoke", "request_welcome"})


class Outside:
    """The people outside and Meta, who carry out emit orders."""

    def __init__(self, store: Store, caller: WebhookCaller, desk: Desk, settings: Callable[[], Settings]) -> None:
        self._store = store
        self._caller = caller
        self._desk = desk
        self._settings = settings

    def emit(self, order: Json) -> Json:
        """Carry out one order and return its result, usually {"ids", "posts"}: the new ids and the number of posts.

        Raises `BadOrder` if the order is not valid.
        """
        action = _ACTIONS.get(str(order.get("kind", "message")))
        if action is None:
            raise BadOrder(f"kind must be one of {', '.join(sorted(_ACTIONS))}")
        return action(self, order, Options.of(order, self._settings()))

    def message(self, order: Json, options: Options) -> Json:
        return self._emit_items([self._message_item(order)], options)

    def messages(self, order: Json, options: Options) -> Json:
        orders = order.get("messages")
        if not isinstance(orders, list) or not orders:
            raise BadOrder("messages must be a list of message orders")
        return self._emit_items([self._message_item(single) for single in orders], options)

    def edit(self, order: Json, options: Options) -> Json:
        inner = {"type": "text", "text": {"body": _needed(order, "text")}}
        content = {"original_message_id": _needed(order, "target"), "message": inner}
        return self.message({**order, "type": "edit", "text": "", "content": content}, options)

    def revoke(self, order: Json, options: Options) -> Json:
        content = {"original_message_id": _needed(order, "target")}
        return self.message({**order, "type": "revoke", "text": "", "content": content}, options)

    def tap(self, order: Json, options: Options) -> Json:
        """Tap one of the choices that a message of ours offers, as the customer."""
        target, choice = _needed(order, "target"), _needed(order, "choice")
        bubble = self._store.bubbles.get(target)
        found = next((one for one in bubble.choices if one["id"] == choice), None) if bubble else None
        if found is None:
            raise BadOrder("that message offers no such choice")
        if choice == SHARES_NUMBER:
            person = self._person_of(_needed(order, "from"))
            phone = {"phone": f"+{person.wa_id}", "wa_id": person.wa_id, "type": "CELL"}
            card = {"origin": "contact_request", "name": {"formatted_name": person.name}, "phones": [phone]}
            return self.message({**order, "type": "contacts", "content": [card], "reply_to": target}, options)
        kind = "list_reply" if "description" in found or len(found["title"]) > 20 else "button_reply"
        content = {"type": kind, kind: dict(found)}
        return self.message({**order, "type": "interactive", "content": content, "reply_to": target}, options)

    def change_number(self, order: Json, options: Options) -> Json:
        """Move the customer's WhatsApp to another number, and notify the business by a system message."""
        person, to = self._person_of(_needed(order, "from")), _needed(order, "to").lstrip("+")
        body = f"User {person.name} changed from {person.wa_id} to {to}"
        content = {"body": body, "wa_id": to, "type": "user_changed_number"}
        told = self.message({**order, "type": "system", "content": content}, options)
        self._store.move_chat(person, to)
        return told

    def read(self, order: Json, options: Options) -> Json:
        """As the customer, open the chat: report all sent or delivered messages as read, or only the message `wamid` if given."""
        settings = self._settings()
        wanted = order.get("wamid")
        with self._store.lock:
            chat = list(self._store.chats.get(self._person_of(_needed(order, "wa_id")).wa_id, []))
        unread = [item.id for item in chat if not item.from_customer and item.ticks in ("sent", "delivered")]
        sents = [self._desk.find(wamid, settings) for wamid in unread if wanted in (None, wamid)]
        for sent in filter(None, sents):
            self._desk.report(sent, "read", settings)
        return {"ids": [sent.accepted.wamid for sent in sents if sent], "posts": len(sents)}

    def status(self, order: Json, options: Options) -> Json:
        settings = self._settings()
        sent = self._desk.find(_needed(order, "wamid"), settings)
        if sent is None:
            raise BadOrder("no such message was accepted")
        self._desk.report(sent, _needed(order, "status"), settings, code=int(order.get("code", 131000)))
        return {"ids": [sent.accepted.wamid], "posts": 1}

    def echo(self, order: Json, options: Options) -> Json:
        number, person = self._number_of(order), self._person_of(_needed(order, "to"))
        item: Json = {
            "from": number.display_phone_number.lstrip("+"),
            "to": person.wa_id,
            "to_user_id": person.user_id,
            "id": new_wamid(),
            "timestamp": self._timestamp(order),
            "type": "text",
            "text": {"body": str(order.get("text", ""))},
        }
        item |= _echoed_change(order)
        if not self._change_bubble(item):
            self._show(item, person, number, from_customer=False)
        change = change_of(number, "smb_message_echoes", message_echoes=[item])
        return self._emit_items([Item("echo", item["id"], change, number.waba_id, who=person.wa_id)], options)

    def template(self, order: Json, options: Options) -> Json:
        name, language, status = _needed(order, "name"), _needed(order, "language"), _needed(order, "status")
        template = self._store.templates.get((name, language))
        if template is None:
            raise BadOrder("there is no such template")
        template.status = status
        value = {
            "event": status,
            "message_template_id": template.id,
            "message_template_name": name,
            "message_template_language": language,
            "message_template_category": template.category,
            "reason": order.get("reason"),
        }
        change = {"field": "message_template_status_update", "value": value}
        return self._emit_items([Item("other", new_digits(), change, self._number_of(order).waba_id)], options)

    def change(self, order: Json, options: Options) -> Json:
        number, field, value = self._number_of(order), _needed(order, "field"), order.get("value")
        if not isinstance(value, dict):
            raise BadOrder("value must be an object")
        is_numbered = field in ("messages", "history", "smb_message_echoes", "smb_app_state_sync", "user_preferences")
        change = change_of(number, field, **value) if is_numbered else {"field": field, "value": value}
        return self._emit_items([Item("other", new_digits(), change, str(order.get("waba_id", number.waba_id)))], options)

    def raw(self, order: Json, options: Options) -> Json:
        body = str(order["body"]).encode() if "body" in order else escaped_json(order.get("payload") or {})
        return {"ids": [], "posts": self._caller.emit_raw(body, options)}

    def handshake(self, order: Json, options: Options) -> Json:
        return self._caller.shake_hands("wrong" if order.get("wrong_token") else self._settings().verify_token)

    def _emit_items(self, items: list[Item], options: Options) -> Json:
        return {"ids": [item.id for item in items], "posts": self._caller.emit(items, options)}

    def _change_bubble(self, item: Json) -> bool:
        """Apply a reaction, edit or deletion to the chat bubble it is about.

        Return False if the item is something else, or if there is no such bubble.
        """
        kind, content = item["type"], item.get(item["type"])
        if kind == "reaction" and isinstance(content, dict):
            return self._store.react(str(content.get("message_id")), "customer", str(content.get("emoji") or ""))
        if kind not in ("edit", "revoke") or not isinstance(content, dict):
            return False
        with self._store.lock:
            bubble = self._store.bubbles.get(str(content.get("original_message_id")))
            if bubble is not None and kind == "edit":
                bubble.text, bubble.is_edited = summary_of((content.get("message") or {}).get("text")), True
            elif bubble is not None:
                bubble.is_deleted = True
        return bubble is not None

    def _message_item(self, order: Json) -> Item:
        number, person = self._number_of(order), self._person_in(order)
        item = self._message(order, person, number)
        if item["type"] not in _KEEPS_WINDOW_SHUT:
            self._store.open_window(number.phone_number_id, person.wa_id, self._store.clock.now())
        if not self._change_bubble(item):
            self._show(item, person, number, from_customer=True)
        contact = {
            "profile": {"name": person.name, **({"username": person.username} if person.username else {})},
            **({} if person.hides_number else {"wa_id": person.wa_id}),
            "user_id": person.user_id,
        }
        change = change_of(number, contacts=[contact], messages=[item])
        text = summary_of(item.get(item["type"]))
        return Item("message", item["id"], change, number.waba_id, who=person.wa_id, text=text)

    def _message(self, order: Json, person: Person, number: Number) -> Json:
        kind = str(order.get("type", "text"))
        content = order.get("content", self._content(kind, order, number))
        reply_to = order.get("reply_to")
        context = {"context": {"from": number.display_phone_number.lstrip("+"), "id": reply_to}} if reply_to else {}
        return {
            **({} if person.hides_number else {"from": person.wa_id}),
            "from_user_id": person.user_id,
            "id": str(order.get("id") or new_wamid()),
            "timestamp": self._timestamp(order),
            "type": kind,
            **context,
            **({} if content is None else {kind: content}),
            **(order.get("item") or {}),
        }

    def _content(self, kind: str, order: Json, number: Number) -> Json | None:
        text = str(order.get("text", ""))
        if kind == "text":
            return {"body": text}
        if kind in _MEDIA_TYPES:
            return self._media(kind, order, number) | ({"caption": text} if text and kind not in ("audio", "sticker") else {})
        if kind == "reaction":
            return {"message_id": _needed(order, "reply_to"), "emoji": text}
        if kind == "button":
            return {"text": text, "payload": str(order.get("payload", text))}
        return None

    def _media(self, kind: str, order: Json, number: Number) -> Json:
        given = order.get("media") or {}
        try:
            content = base64.b64decode(given.get("content_base64", ""), validate=True)
        except (binascii.Error, ValueError, TypeError) as error:
            raise BadOrder("media.content_base64 is not base64") from error
        if not content or not given.get("mime_type"):
            raise BadOrder("media needs content_base64 and mime_type")
        mime_type, filename = str(given["mime_type"]), str(given.get("filename", ""))
        kept = self._store.keep_file(
            content, phone_number_id=number.phone_number_id, mime_type=mime_type, filename=filename, is_inbound=True
        )
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        described = {"id": kept.id, "mime_type": mime_type, "sha256": digest}
        return described | ({"filename": filename} if kind == "document" else {}) | ({"voice": False} if kind == "audio" else {})

    def _show(self, item: Json, person: Person, number: Number, *, from_customer: bool) -> None:
        content = item.get(item["type"])
        is_file = isinstance(content, dict) and item["type"] in _MEDIA_TYPES and "id" in content
        media = {name: content.get(name, "") for name in ("id", "mime_type", "filename")} if is_file and content else None
        context_id = (item.get("context") or {}).get("id")
        bubble = ChatItem(
            item["id"],
            from_customer,
            item["type"],
            summary_of(content),
            self._store.clock.now(),
            "sent",
            media,
            context_id=context_id,
            number_id=number.phone_number_id,
        )
        self._store.add_bubble(person.wa_id, bubble)

    def _timestamp(self, order: Json) -> str:
        return str(order.get("timestamp") or int(self._store.clock.now().timestamp()))

    def _person_of(self, number_or_id: str) -> Person:
        return self._store.person(number_or_id.lstrip("+"))

    def _person_in(self, order: Json) -> Person:
        """Return the person who sends, after taking over their name, user name and `hides_number` from the
        control request."""
        person = self._person_of(_needed(order, "from"))
        person.name = str(order.get("name", person.name))
        person.username = str(order.get("username", person.username))
        person.hides_number = bool(order.get("hides_number", person.hides_number))
        return person

    def _number_of(self, order: Json) -> Number:
        """Return the business number for an order.

        It is the number that the order names, otherwise the number of the message that the order is about, otherwise the
        first number. Raises `BadOrder` if the number is not configured.
        """
        settings = self._settings()
        about = self._store.bubbles.get(str(order.get("target") or order.get("reply_to") or ""))
        wanted = order.get("phone_number_id") or (about.number_id if about else "")
        number = settings.number(str(wanted)) if wanted else settings.numbers[0]
        if number is None:
            raise BadOrder("no such phone_number_id is configured")
        return number


def _echoed_change(order: Json) -> Json:
    """Return the fields that edit or delete an earlier message of the colleague, or {} if the order is a new message."""
    target = order.get("target")
    if not target:
        return {}
    if order.get("deletes"):
        return {"type": "revoke", "revoke": {"original_message_id": target}}
    inner = {"type": "text", "text": {"body": str(order.get("text", ""))}}
    return {"type": "edit", "edit": {"original_message_id": target, "message": inner}}


def _needed(order: Json, name: str) -> str:
    value = order.get(name)
    if not isinstance(value, str | int) or value == "":
        raise BadOrder(f"{name} is required")
    return str(value)


_ACTIONS: Mapping[str, Callable[[Outside, Json, Options], Json]] = {
    "message": Outside.message,
    "messages": Outside.messages,
    "edit": Outside.edit,
    "revoke": Outside.revoke,
    "tap": Outside.tap,
    "change_number": Outside.change_number,
    "read": Outside.read,
    "status": Outside.status,
    "echo": Outside.echo,
    "template": Outside.template,
    "change": Outside.change,
    "raw": Outside.raw,
    "handshake": Outside.handshake,
}
