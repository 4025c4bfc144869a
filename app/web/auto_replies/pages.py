"""Settings pages of automatic answers, for each channel. Only administrators may open them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_datetime
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.accounts.models import Brand
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brands
from app.domain.auto_replies.actions import save_auto_replies
from app.domain.auto_replies.eligibility import MOST_AN_HOUR
from app.domain.auto_replies.evaluate import Look, is_open, look_at, next_opening
from app.domain.auto_replies.models import AutoReplyKind
from app.domain.auto_replies.queries import list_auto_replies_on, list_decisions, list_last_messages, read_auto_replies
from app.domain.auto_replies.texts import LANGUAGES, VARIABLES, deadline_words, fill_in, moment_words
from app.domain.connections.models import Channel
from app.domain.connections.queries import get_visible_channel, list_channels
from app.domain.sla.active_policies import calendar_of_channel
from app.domain.sla.calendar import DAY, Calendar
from app.domain.threads.models import Message, Thread
from app.web.accounts.session import require
from app.web.auto_replies.blueprint import bp
from app.web.auto_replies.texts_form import TextsForm, form_of, read_form
from app.web.pages import page

LOG_LINES = 50
TRIED = 20
FIRST_NAMES = {"nl": "Fatima", "en": "Grace", "fr": "Élodie"}


@bp.get("/settings/auto-replies")
def channels() -> ResponseReturnValue:
    """Show every channel that can answer automatically, and the latest decisions."""
    viewer, session, now = require(Permission.AUTO_REPLIES_MANAGE), db.session(), utc_now()
    found = _answering_channels(session, viewer.brand_ids)
    on = list_auto_replies_on(session, [channel.id for channel in found])
    calendars = {c.id: calendar_of_channel(session, channel_id=c.id, brand_id=c.brand_id) for c in found}
    return page(
        "auto_replies/list.html",
        channels=found,
        on={channel.id: [kind for kind in AutoReplyKind if (channel.id, kind) in on] for channel in found},
        is_open={channel_id: is_open(calendar, now) for channel_id, calendar in calendars.items()},
        brands={brand.id: brand.name for brand in list_brands(session)},
        decisions=list_decisions(session, brand_ids=viewer.brand_ids, limit=LOG_LINES),
        kind_words=kind_words,
        most_an_hour=MOST_AN_HOUR,
    )


@bp.get("/settings/auto-replies/<uuid:channel_id>")
def edit(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Show the automatic answers of one channel."""
    channel = _channel(channel_id)
    return _editor(channel, form_of(read_auto_replies(db.session(), channel.id)))


@bp.post("/settings/auto-replies/<uuid:channel_id>")
def save(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Save the automatic answers of a channel. With `preview` save nothing and show the typed texts with their variables filled
    in."""
    viewer, channel, form = require(Permission.AUTO_REPLIES_MANAGE), _channel(channel_id), read_form()
    if form.errors:
        return _editor(channel, form, status=422)
    if request.form.get("preview"):
        return _editor(channel, form)
    with transaction() as session:
        save_auto_replies(session, session.merge(channel), form.contents(), now=utc_now(), actor=viewer.actor)
    flash(_("Saved."))
    return redirect(url_for("auto_replies.channels"), 303)


@dataclass(frozen=True)
class Tried:
    """A message of the channel with the decision that it would get. `look` is None if no occasion for an automatic answer
    applies."""

    message: Message
    thread: Thread
    look: Look | None


@bp.get("/settings/auto-replies/<uuid:channel_id>/trial")
def try_out(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Show which of the channel's last messages would be answered automatically if they arrived now.

    With `?when=closed` show which would be answered if they arrived outside opening hours.
    """
    channel, session = _channel(channel_id), db.session()
    calendar = calendar_of_channel(session, channel_id=channel.id, brand_id=channel.brand_id)
    when = "closed" if request.args.get("when") == "closed" else "now"
    at = _closing(calendar, utc_now()) if when == "closed" else utc_now()
    rules = read_auto_replies(session, channel.id)
    rows = []
    for message in list_last_messages(session, channel.id, limit=TRIED) if at is not None else ():
        thread = session.get_one(Thread, message.thread_id)
        rows.append(Tried(message, thread, look_at(session, message, thread, rules=rules, now=at, as_new=True)))  # type: ignore[arg-type]
    return page(
        "auto_replies/trial.html",
        channel=channel,
        rows=rows,
        when=when,
        at=at and exact(at),
        is_on=any(rule.is_on for rule in rules.values()),
        kind_words=kind_words,
    )


def kind_words(kind: AutoReplyKind) -> str:
    """Return the occasion of an automatic answer in words."""
    return {AutoReplyKind.CLOSED: _("Outside opening hours"), AutoReplyKind.ORDER_STATUS: _("Question about an order")}[kind]


def exact(at: datetime) -> str:
    """Return day and time in short, in the reader's time zone."""
    return str(format_datetime(at, "EEE d MMM HH:mm"))


def language_words(language: str) -> str:
    return {"nl": _("Dutch"), "en": _("English"), "fr": _("French")}[language]


def _editor(channel: Channel, form: TextsForm, *, status: int = 200) -> Response:
    session, now = db.session(), utc_now()
    calendar = calendar_of_channel(session, channel_id=channel.id, brand_id=channel.brand_id)
    brand, opening = session.get_one(Brand, channel.brand_id).name, next_opening(calendar, now)
    return page(
        "auto_replies/edit.html",
        status=status,
        channel=channel,
        form=form,
        kinds=list(AutoReplyKind),
        languages=LANGUAGES,
        variables=VARIABLES,
        kind_words=kind_words,
        language_words=language_words,
        opening=opening and exact(opening),
        is_open=is_open(calendar, now),
        previews={} if form.errors else _previews(form, calendar, brand, now),
    )


def _previews(form: TextsForm, calendar: Calendar, brand: str, now: datetime) -> dict[str, str]:
    """Return each text as a customer would read it, as {field name: text}."""
    local = calendar.local(int(now.timestamp()))
    opening = next_opening(calendar, _closing(calendar, now) or now) or local
    found = {}
    for kind in AutoReplyKind:
        for language in LANGUAGES:
            values = {
                "contact.first_name": FIRST_NAMES[language],
                "brand.name": brand,
                "opening.at": moment_words(opening, language),
                "order.number": "CC-2026-0418",
                "answer.by": deadline_words(opening, language, now=local),
            }
            found[f"{kind.value}_{language}"] = fill_in(form.values[f"{kind.value}_{language}"], values)
    return found


def _closing(calendar: Calendar, now: datetime) -> datetime | None:
    """Return the next instant outside opening hours, or None if there is none within two weeks."""
    begin = int(now.timestamp())
    closed = calendar.closed_between(begin, begin + 14 * DAY)
    return calendar.local(closed[0].begin) if closed else None


def _answering_channels(session: Session, brand_ids: tuple[uuid.UUID, ...]) -> list[Channel]:
    senders = runtime().adapters.senders
    return [channel for channel in list_channels(session, brand_ids=brand_ids) if channel.adapter_key in senders]


def _channel(channel_id: uuid.UUID) -> Channel:
    """Return the channel if the viewer may manage its automatic answers.

    Answer 403 without the permission. Raises `ChannelMissing` if the channel is not in one of the viewer's brands.
    """
    return get_visible_channel(db.session(), channel_id=channel_id, brand_ids=require(Permission.AUTO_REPLIES_MANAGE).brand_ids)
