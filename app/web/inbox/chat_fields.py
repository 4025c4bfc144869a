"""Parse the composer's fields for a chat (quoted message, buttons, lists), and fill them in again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from app.contract.base import ChannelRules
from app.contract.choices import BUTTONS, LIST, NUMBER, Choice, Choices
from app.core.db import db
from app.core.text import storable
from app.domain.connections.models import Channel, Medium
from app.domain.delivery.chat_parts import find_answered
from app.domain.threads.models import Draft, Message, Thread
from app.web.inbox.blueprint import parse_uuid

KINDS = (BUTTONS, LIST, NUMBER)
MOST_CHARACTERS = 300  # of one field; the channel's own limits are checked with the reply


def chat_fields(channel: Channel) -> dict[str, Any]:
    """Return the arguments of `Reply` that only a chat has, or {} for another channel.

    `options` has the typed values, to fill in the fields again.
    """
    if channel.medium != Medium.WHATSAPP:
        return {}
    return {
        "answers_message_id": parse_uuid(request.form.get("answers")),
        "choices": choices_of(request.form),
        "options": {"chat": chat_options()},
    }


def chat_options() -> dict[str, str]:
    """Return the chat fields as typed, as a draft stores them. Empty fields are left out."""
    names = ("answers", "choices_kind", "list_label", *_numbered("button", 3), *_numbered("row_title", 10))
    return {
        name: _field(request.form, name) for name in (*names, *_numbered("row_description", 10)) if _field(request.form, name)
    }


def choices_of(form: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the typed choices (buttons or list rows) in the format of `Choices.to_json`, or None if there are none.

    Empty lines are left out.
    """
    kind = form.get("choices_kind", "")
    if kind not in KINDS:
        return None
    if kind == NUMBER:
        return Choices(NUMBER, ()).to_json()
    if kind == BUTTONS:
        titles = [_field(form, name) for name in _numbered("button", 3)]
        return Choices(BUTTONS, tuple(Choice(title) for title in titles if title)).to_json()
    rows = [
        (_field(form, title), _field(form, description))
        for title, description in zip(_numbered("row_title", 10), _numbered("row_description", 10), strict=True)
    ]
    options = tuple(Choice(title, description) for title, description in rows if title or description)
    return Choices(LIST, options, _field(form, "list_label")).to_json()


def chat_context(thread: Thread, channel: Channel | None, rules: ChannelRules | None, draft: Draft | None) -> dict[str, Any]:
    """Return the template context of the chat fields: {"chat": {"typed", "limits", "answered"}}, with the quoted message.

    Return {"chat": None} for any channel other than WhatsApp.
    """
    if channel is None or rules is None or channel.medium != Medium.WHATSAPP:
        return {"chat": None}
    kept = dict(draft.options.get("chat", {})) if draft else {}
    typed = chat_options() if request.form.get("composer_kind") == "reply" else kept
    asked = request.args.get("answers", typed.get("answers", ""))
    return {"chat": {"typed": typed, "limits": rules.choices, "answered": _answered(thread, channel, asked)}}


def _answered(thread: Thread, channel: Channel, asked: str) -> Message | None:
    message_id = parse_uuid(asked)
    return find_answered(db.session(), thread, message_id, channel) if message_id else None


def _field(form: Mapping[str, str], name: str) -> str:
    return " ".join(storable(form.get(name, "")).split())[:MOST_CHARACTERS]


def _numbered(name: str, most: int) -> tuple[str, ...]:
    return tuple(f"{name}_{number}" for number in range(1, most + 1))
