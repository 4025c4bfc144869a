"""Suppress a mail address, lift a suppression, and explain why nothing is sent to an address. A repeated report changes
nothing."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.contract.suppression import AddressNews, Stop
from app.core.ids import new_id
from app.core.text import known, storable
from app.domain.events.actions import Actor, Subject, record
from app.domain.suppressions.models import Suppression
from app.domain.suppressions.queries import find_stopped

_WORDS = {
    Stop.BOUNCED: known("%(address)s does not accept email: an earlier email bounced"),
    Stop.COMPLAINED: known("%(address)s marked an email of this brand as spam, so we send no email to this address"),
    Stop.UNSUBSCRIBED: known("%(address)s unsubscribed from mailings"),
}


class AddressStopped(Exception):
    """Raised when nothing may be sent to an address. The message names the address and the reason."""

    def __init__(self, address: str, stop: Stop) -> None:
        super().__init__(stop_words(address, stop))
        self.address = address
        self.stop = stop


def stop_words(address: str, stop: Stop) -> str:
    """Return the sentence that says why nothing is sent to this address, in English (for storing)."""
    return _WORDS[stop] % {"address": address}


def note_address(session: Session, news: AddressNews, *, brand_id: uuid.UUID, now: datetime) -> None:
    """Store the suppression of an address. Do nothing if it is known, or if a person lifted it after the time of this report."""
    address = storable(news.address).strip().lower()
    if "@" not in address:
        return
    same = sa.and_(Suppression.brand_id == brand_id, Suppression.address == address, Suppression.reason == news.stop)
    if session.execute(sa.select(Suppression.id).where(same, Suppression.lifted_at > news.at).limit(1)).first() is not None:
        return
    values = {
        "id": new_id(),
        "brand_id": brand_id,
        "address": address,
        "reason": news.stop,
        "source": news.source,
        "detail": storable(news.detail)[:300],
        "occurred_at": min(news.at, now),
        "created_at": now,
    }
    made = postgresql.insert(Suppression).values(**values).on_conflict_do_nothing().returning(Suppression.id)
    if session.execute(made).scalar_one_or_none() is not None:
        payload = {"address": address, "reason": news.stop.value, "source": news.source}
        record(session, "AddressSuppressed", subject=Subject(brand_id=brand_id), now=now, payload=payload)


def lift_suppression(session: Session, suppression: Suppression, *, now: datetime, actor: Actor) -> None:
    """Lift one suppression of an address. Do nothing if it was lifted before."""
    if suppression.lifted_at is not None:
        return
    suppression.lifted_at, suppression.lifted_by_user_id = now, actor.user_id
    session.flush()
    payload = {"address": suppression.address, "reason": suppression.reason.value}
    subject = Subject(brand_id=suppression.brand_id)
    about = ("suppression", suppression.id)
    record(session, "SuppressionLifted", subject=subject, now=now, actor=actor, payload=payload, about=about)


def check_not_stopped(session: Session, *, brand_id: uuid.UUID, addresses: Collection[str]) -> None:
    """Raise `AddressStopped` for the first of these addresses to which nothing may be sent."""
    stopped = find_stopped(session, brand_id=brand_id, addresses=addresses)
    for address in addresses:
        if address.lower() in stopped:
            raise AddressStopped(address, stopped[address.lower()])
