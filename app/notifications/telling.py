"""From a claimed batch to what is said: who it is for, what of it still stands, and in which words. The caller owns the
transaction; what comes out of here needs no session any more."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import force_locale
from sqlalchemy.orm import Session

from app.accounts.access import visible_brand_ids
from app.accounts.models import User
from app.inbox.models import Thread
from app.notifications.dispatching import Batch, end
from app.notifications.models import (
    Notification,
    NotificationKind,
    NotificationSettings,
    Outcome,
    PushSubscription,
    Way,
)
from app.notifications.push.devices import is_signed_out
from app.notifications.push.sending import Address, PushMessage, topic_of
from app.notifications.queries import NotificationRow, as_row, rows_query
from app.notifications.words import bare_sentence, many_sentence, sentence

NAME = "Switchyard"


@dataclass(frozen=True)
class PushParcel:
    """One call to a push service."""

    batch: Batch
    device_id: uuid.UUID
    address: Address
    message: PushMessage


def prepare_push(session: Session, batch: Batch) -> PushParcel | None:
    """What to push; None where nothing is left to tell, and then the batch has ended."""
    device = session.get(PushSubscription, batch.lead.subscription_id, populate_existing=True)
    if device is None or is_signed_out(session, device):
        end(session, batch, Outcome.GONE)
        if device is not None:
            session.delete(device)
        return None
    user, rows = still_news(session, batch)
    if not rows:
        end(session, batch, Outcome.LAPSED)
        return None
    settings = session.get(NotificationSettings, user.id)
    message = push_message(rows, locale=user.locale, shows_content=bool(settings and settings.shows_content))
    return PushParcel(batch, device.id, Address(device.endpoint, device.p256dh, device.auth), message)


def still_news(session: Session, batch: Batch) -> tuple[User, list[NotificationRow]]:
    """The receiver, and those notifications of the batch they may see and have not seen yet, oldest first. A deadline stays
    news for a mail: whoever looked at the thread may still have to answer for it."""
    user = session.get_one(User, batch.lead.user_id, populate_existing=True)
    if user.disabled_at is not None:
        return user, []
    query = rows_query().where(
        Notification.id.in_(batch.notification_ids),
        Thread.brand_id.in_(visible_brand_ids(session, user)),
        Thread.spam_at.is_(None),
    )
    if batch.lead.way == Way.PUSH:
        query = query.where(Notification.read_at.is_(None))
    found = session.execute(query.order_by(Notification.created_at, Notification.id)).all()
    return user, [as_row(row) for row in found]


def push_message(rows: Sequence[NotificationRow], *, locale: str, shows_content: bool) -> PushMessage:
    """The message for a browser: ids and a short text, without names unless the user said that they may be shown."""
    with force_locale(locale):
        payload = _one(rows[-1], shows_content) if len(rows) == 1 else _many(rows)
    urgent = any(row.notification.kind in (NotificationKind.ESCALATION, NotificationKind.MENTION) for row in rows)
    return PushMessage({**payload, "lang": locale}, topic=payload["tag"], urgent=urgent)


def _one(row: NotificationRow, shows_content: bool) -> dict[str, str]:
    told = row.notification
    is_own = told.kind == NotificationKind.ESCALATION
    return {
        "title": (row.subject or row.contact_name or NAME)[:120] if shows_content else NAME,
        "body": (sentence(row) if shows_content else bare_sentence(row))[:300],
        # A newer notice of the thread takes the place of the one before; a deadline stands beside it.
        "tag": topic_of(f"notification {told.id}" if is_own else f"thread {told.thread_id}"),
        "url": f"/notifications/{told.id}",
        "thread": f"/threads/{told.thread_id}",
    }


def _many(rows: Sequence[NotificationRow]) -> dict[str, str]:
    threads = {row.notification.thread_id for row in rows}
    payload = {"title": NAME, "body": many_sentence(len(rows)), "tag": topic_of("several"), "url": "/notifications"}
    if len(threads) == 1:
        payload |= {"url": f"/notifications/{rows[-1].notification.id}", "thread": f"/threads/{rows[0].notification.thread_id}"}
    return payload
