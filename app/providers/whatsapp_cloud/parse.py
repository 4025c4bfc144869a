"""Parse a stored webhook body into everything in it that concerns one of our numbers.

Every entry, change, message, echo, piece of history, status, error and piece of account news is read separately. An item
that cannot be read becomes one sentence in `problems`, and the others are read all the same. Meta adds fields without
notice, so unknown fields are never an error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from app.contract.account_notice import AccountNotice
from app.contract.base import InboundMessage, Parsed, StatusUpdate
from app.core.text import known
from app.core.text import mark as N_
from app.providers.whatsapp_cloud.messages import Surroundings, read_message
from app.providers.whatsapp_cloud.news import template_news
from app.providers.whatsapp_cloud.notices import account_notice, action_notice, error_notice, preference_notice
from app.providers.whatsapp_cloud.people import digits_of
from app.providers.whatsapp_cloud.reading import Items, Json, as_list, as_object, load_json, text_of
from app.providers.whatsapp_cloud.statuses import read_status

_NOT_WHATSAPP = known("the body is about %(what)s, not WhatsApp")
_NO_VALUE = known("a change with the field “%(field)s” has no “value”", "the change of %(field)s has no value")

_PRODUCT = "whatsapp_business_account"
_FRAME = frozenset({"messaging_product", "metadata", "contacts"})


def parse_body(body: bytes, *, phone_number_id: str) -> Parsed:
    """Parse all items of our number, and all account news: news name no number, so each of our numbers gets them.

    Raises UnableToParse on non-JSON.
    """
    reading = _Reading(phone_number_id)
    root = load_json(body)
    if not isinstance(root, dict):
        reading.items.problems.append(N_("the body is not an object"))
    elif root.get("object", _PRODUCT) != _PRODUCT:
        reading.items.problems.append(_NOT_WHATSAPP % {"what": str(root["object"])[:60]})
    else:
        reading.read_entries(root)
    return reading.parsed()


class _Reading:
    """The reading of one webhook body, which collects the body's messages, statuses, notices and problems."""

    def __init__(self, phone_number_id: str) -> None:
        self._phone_number_id = phone_number_id
        self._messages: list[InboundMessage] = []
        self._statuses: list[StatusUpdate] = []
        self._notices: list[AccountNotice] = []
        self.items = Items()

    def parsed(self) -> Parsed:
        return Parsed(tuple(self._messages), tuple(self._statuses), tuple(self._notices), tuple(self.items.problems))

    def read_entries(self, root: Json) -> None:
        for entry in self.items.objects(root.get("entry"), "entry"):
            for change in self.items.objects(entry.get("changes"), "changes"):
                self._read_change(change, text_of(entry, "id"))

    def _read_change(self, change: Json, account_id: str) -> None:
        value = change.get("value")
        if not isinstance(value, dict):
            self.items.problems.append(_NO_VALUE % {"field": text_of(change, "field")[:60] or "?"})
            return
        number_id = text_of(as_object(value.get("metadata")), "phone_number_id")
        if number_id:
            if number_id == self._phone_number_id:
                self._read_number_value(value, account_id)
        elif self._is_numbered(value):
            self.items.problems.append(
                N_(
                    "WhatsApp sent messages or statuses without the number they belong to (no phone_number_id)",
                    "a change with messages or statuses does not name its number",
                )
            )
        else:
            self._read_account_value(text_of(change, "field"), value, account_id)

    def _is_numbered(self, value: Json) -> bool:
        return any(value.get(name) for name in ("messages", "statuses", "message_echoes", "history"))

    def _read_number_value(self, value: Json, account_id: str) -> None:
        around = _surroundings(value, account_id)
        for name, content in value.items():
            if name in _READERS:
                _READERS[name](self, content, around)
            elif name not in _FRAME and content:
                self._notices.append(account_notice(name, {name: content}))

    def _read_account_value(self, field: str, value: Json, account_id: str) -> None:
        if not any(name in value for name in ("errors", "user_preferences", "user_actions")):
            notice = account_notice(field, value)
            self._notices.append(replace(notice, template=template_news(field, value, account_id)))
            return
        for name in ("errors", "user_preferences", "user_actions"):
            _READERS[name](self, value.get(name), _surroundings(value, ""))

    def read_messages(self, content: Any, around: Surroundings) -> None:
        for item in self.items.objects(content, "messages"):
            self._add_message(item, around, is_echo=False)

    def read_echoes(self, content: Any, around: Surroundings) -> None:
        for item in self.items.objects(content, "message_echoes"):
            self._add_message(item, around, is_echo=True)

    def read_history(self, content: Any, around: Surroundings) -> None:
        for chunk in self.items.objects(content, "history"):
            self.read_errors(chunk.get("errors"), around)
            for thread in self.items.objects(chunk.get("threads"), "threads"):
                for item in self.items.objects(thread.get("messages"), "messages"):
                    self._add_past_message(item, text_of(thread, "id"), around)

    def _add_past_message(self, item: Json, customer: str, around: Surroundings) -> None:
        is_ours = bool(text_of(item, "to")) or digits_of(text_of(item, "from")) == around.business_number != ""
        addressed = {"to": customer, **item} if is_ours else item
        self._add_message(addressed, around, is_echo=is_ours, is_past=True)

    def _add_message(self, item: Json, around: Surroundings, *, is_echo: bool, is_past: bool = False) -> None:
        what = f"message {text_of(item, 'id')[:120] or 'without id'}"
        message = self.items.attempt(partial(read_message, around=around, is_echo=is_echo, is_past=is_past), item, what)
        if message is not None:
            self._messages.append(message)

    def read_statuses(self, content: Any, around: Surroundings) -> None:
        for item in self.items.objects(content, "statuses"):
            status = self.items.attempt(read_status, item, f"status of {text_of(item, 'id')[:120] or 'no message'}")
            if status is not None:
                self._statuses.append(status)

    def read_errors(self, content: Any, around: Surroundings) -> None:
        self._notices.extend(error_notice(item) for item in self.items.objects(content, "errors"))

    def read_actions(self, content: Any, around: Surroundings) -> None:
        self._notices.extend(action_notice(item) for item in self.items.objects(content, "user_actions"))

    def read_preferences(self, content: Any, around: Surroundings) -> None:
        self._notices.extend(preference_notice(item) for item in self.items.objects(content, "user_preferences"))


def _surroundings(value: Json, account_id: str) -> Surroundings:
    contacts = tuple(contact for contact in as_list(value.get("contacts")) if isinstance(contact, dict))
    number = digits_of(text_of(as_object(value.get("metadata")), "display_phone_number"))
    return Surroundings(contacts, number, account_id)


_READERS: dict[str, Callable[[_Reading, Any, Surroundings], None]] = {
    "messages": _Reading.read_messages,
    "message_echoes": _Reading.read_echoes,
    "history": _Reading.read_history,
    "statuses": _Reading.read_statuses,
    "errors": _Reading.read_errors,
    "user_actions": _Reading.read_actions,
    "user_preferences": _Reading.read_preferences,
}
