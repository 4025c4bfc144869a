"""Prepare the call that sends a batch by push, Teams or mail, and store the answer (edge).

Each function runs in the transaction of the claim. It returns the call to make after that transaction, or an ending if there
is no call to make.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.notice_outcome import Answer, Outcome
from app.core.clock import utc_now
from app.core.promises import Ended, Later
from app.core.runtime import runtime
from app.domain.accounts.models import User
from app.domain.notifications.dispatching import TABLE, Batch, end, wait
from app.domain.notifications.mail.compose import compose
from app.domain.notifications.mail.smtp import UNKNOWN as MAIL_UNKNOWN
from app.domain.notifications.models import (
    TRIGGERS,
    Notification,
    NotificationKind,
    NotificationSettings,
    PushSubscription,
    TeamsHook,
    Way,
)
from app.domain.notifications.push.devices import is_signed_out
from app.domain.notifications.push.outcome import note_answer as note_device
from app.domain.notifications.queries import NotificationRow
from app.domain.notifications.render import card_of, mail_of, push_message, still_news
from app.domain.notifications.senders import mail_sender, push_sender, teams_sender
from app.domain.notifications.teams.card_facts import list_assignees, read_facts
from app.domain.notifications.teams.hooks import note_answer as note_hook
from app.domain.notifications.teams.hooks import open_address, take_slot
from app.providers.teams.card import render
from app.providers.teams.sending import UNKNOWN as CARD_UNKNOWN
from app.providers.web_push.sending import Address

# One thread comes up in a channel no more often, but for deadlines.
CARD_EVERY = timedelta(minutes=3)


@dataclass(frozen=True)
class Call:
    """A call to a push service, Teams or the mail server. `send` makes the call. `note` stores the answer, in a transaction of
    its own."""

    send: Callable[[datetime], Answer]
    note: Callable[[Session, Answer], None]


def prepare(session: Session, batch: Batch) -> Call | Ended | Later:
    """Prepare the call of a batch. Return an ending if there is nothing to send, or `Later` if the batch has to wait."""
    return {Way.PUSH: _push, Way.EMAIL: _mail, Way.TEAMS: _card}[batch.lead.way](session, batch)


def _push(session: Session, batch: Batch) -> Call | Ended | Later:
    device = session.get(PushSubscription, batch.lead.subscription_id, populate_existing=True)
    if device is None or is_signed_out(session, device):
        return replace(end(Outcome.GONE), then=None if device is None else lambda later: later.delete(device))
    user, rows = still_news(session, batch)
    if not rows:
        return end(Outcome.LAPSED)
    message = push_message(rows, locale=user.locale, shows_content=_shows_content(session, user))
    sender, address, device_id = push_sender(session), Address(device.endpoint, device.p256dh, device.auth), device.id
    return Call(
        lambda now: sender.send(address, message, now=now),
        lambda later, answer: note_device(later, device_id, answer, now=utc_now()),
    )


def _mail(session: Session, batch: Batch) -> Call | Ended | Later:
    user, rows = still_news(session, batch)
    if not rows or batch.is_uncertain:
        return _end(rows, MAIL_UNKNOWN)
    settings, sender = runtime().settings, mail_sender()
    shows_content = _shows_content(session, user)
    mail = mail_of(rows, user, reference=batch.lead.id.hex, base=settings.public_url, shows_content=shows_content)
    return Call(lambda now: sender.send(compose(mail, sender=sender.sender, now=now), to=mail.to), lambda _later, _answer: None)


def _card(session: Session, batch: Batch) -> Call | Ended | Later:
    user, rows = still_news(session, batch)
    if not rows or batch.is_uncertain:
        return _end(rows, CARD_UNKNOWN % {"why": "killed"})
    hook_id, now = batch.lead.target_id, utc_now()
    pause = _pause(session, batch, rows, now) or take_slot(session, hook_id, now=now)
    if pause > 0:
        return wait(pause)
    hook, settings = session.get_one(TeamsHook, hook_id), runtime().settings
    names = session.execute(sa.select(User.name).where(User.id.in_(batch.told_user_ids)).order_by(User.name)).scalars().all()
    card = card_of(
        rows,
        names=names,
        reference=batch.lead.id.hex[-8:],
        base=settings.public_url,
        locale=user.locale,
        shows_content=hook.shows_content,
        known=read_facts(session, rows[0]),
        assignees=list_assignees(session, rows) if hook.mentions_assignee else (),
    )
    sender, url, body = teams_sender(), open_address(hook, runtime().keyring), render(card)
    return Call(lambda at: sender.send(url, body, now=at), lambda later, answer: note_hook(later, hook_id, answer, now=utc_now()))


def _pause(session: Session, batch: Batch, rows: list[NotificationRow], now: datetime) -> float:
    """Return how many seconds to wait before the next card about the same thread.

    Return 0 if no such card was sent recently, if the batch is urgent, or if it is about several threads.
    """
    threads = {row.notification.thread_id for row in rows}
    if len(threads) > 1 or any(row.notification.kind in (NotificationKind.ESCALATION, *TRIGGERS) for row in rows):
        return 0
    told = sa.select(sa.func.max(TABLE.c.ended_at)).join(Notification, Notification.id == TABLE.c.notification_id)
    told = told.where(TABLE.c.target_id == batch.lead.target_id, TABLE.c.outcome == Outcome.ACCEPTED)
    last = session.execute(told.where(Notification.thread_id.in_(threads))).scalar_one()
    return (last + CARD_EVERY - now).total_seconds() if last is not None and last + CARD_EVERY > now else 0


def _end(rows: list[NotificationRow], unknown: str) -> Ended:
    """Return the ending of a batch for which no call is made. It is LAPSED if nothing is left to send, and UNKNOWN if a worker
    died during an earlier call."""
    return end(Outcome.UNKNOWN if rows else Outcome.LAPSED, error=unknown if rows else "")


def _shows_content(session: Session, user: User) -> bool:
    settings = session.get(NotificationSettings, user.id, populate_existing=True)
    return bool(settings and settings.shows_content)
