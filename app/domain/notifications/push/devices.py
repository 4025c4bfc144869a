"""Add, renew and forget users' browsers (push devices). The caller owns the transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.allowed_hosts import is_allowed
from app.core.ids import new_id
from app.domain.accounts.models import UserSession
from app.domain.notifications.models import PushSubscription
from app.providers.web_push.encryption import BadSubscription, BrowserKeys

MOST_DEVICES = 20


@dataclass(frozen=True)
class NewDevice:
    """A push subscription as the browser created it. Anybody who knows `endpoint` can send to the browser, so it must not be
    logged."""

    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)
    user_agent: str = ""


def parse_device(body: Any, *, allowed: tuple[str, ...], user_agent: str) -> NewDevice:
    """Read the JSON of the browser's `PushSubscription.toJSON()`. Raises `BadSubscription` if it is malformed, or if its host
    is not in `allowed`."""
    keys = body.get("keys") if isinstance(body, dict) else None
    values = [body.get("endpoint"), keys.get("p256dh"), keys.get("auth")] if isinstance(keys, dict) else [None]
    if not all(isinstance(value, str) for value in values):
        raise BadSubscription("not a subscription")
    endpoint, p256dh, auth = (str(value) for value in values)
    if not is_allowed(endpoint, allowed):
        raise BadSubscription("not a push service we know")
    BrowserKeys.parse(p256dh, auth)
    return NewDevice(endpoint, p256dh, auth, user_agent[:300])


def add_device(
    session: Session, device: NewDevice, *, user_id: uuid.UUID, session_id: uuid.UUID | None, now: datetime
) -> PushSubscription:
    """Add this browser as a device of the user. If it was a device of another user, that one is deleted.

    If the user then has more than MOST_DEVICES devices, the oldest ones are deleted.
    """
    values: dict[str, Any] = {"user_id": user_id, "session_id": session_id, "p256dh": device.p256dh, "auth": device.auth}
    values |= {"user_agent": device.user_agent, "created_at": now, "problem": "", "reached_at": None}
    # Not an update: what was on its way to the former owner must not arrive.
    others = sa.and_(PushSubscription.endpoint == device.endpoint, PushSubscription.user_id != user_id)
    session.execute(sa.delete(PushSubscription).where(others))
    insert = postgresql.insert(PushSubscription).values(id=new_id(), endpoint=device.endpoint, **values)
    known = {name: values[name] for name in ("session_id", "p256dh", "auth", "user_agent", "problem")}
    upsert = insert.on_conflict_do_update(index_elements=["endpoint"], set_=known).returning(PushSubscription.id)
    row_id = session.execute(upsert).scalar_one()
    mine = sa.select(PushSubscription.id).where(PushSubscription.user_id == user_id)
    older = mine.order_by(PushSubscription.created_at.desc(), PushSubscription.id.desc()).offset(MOST_DEVICES)
    session.execute(sa.delete(PushSubscription).where(PushSubscription.id.in_(older)))
    return session.get_one(PushSubscription, row_id, populate_existing=True)


def renew_device(
    session: Session,
    old_endpoint: str,
    device: NewDevice | None,
    *,
    user_id: uuid.UUID,
    session_id: uuid.UUID | None,
    now: datetime,
) -> bool:
    """Replace the subscription of the browser that had `old_endpoint` with `device`, and return True. If `device` is None,
    delete the subscription and return False.

    Return False also if the user has no such device, because they signed out or it is another user's. The browser should
    then give up its subscription.
    """
    old = session.execute(
        sa.select(PushSubscription).where(PushSubscription.endpoint == old_endpoint).with_for_update()
    ).scalar_one_or_none()
    if old is None:
        return False
    if old.user_id != user_id or device is None:
        session.delete(old)
        session.flush()
        return False
    if device.endpoint != old_endpoint:
        session.delete(old)
        session.flush()
    add_device(session, device, user_id=user_id, session_id=session_id, now=now)
    return True


def forget_device(session: Session, *, user_id: uuid.UUID, device_id: uuid.UUID) -> bool:
    """Delete this device of the user, with its waiting dispatches. Returns False if the user has no such device."""
    mine = sa.and_(PushSubscription.id == device_id, PushSubscription.user_id == user_id)
    return bool(session.execute(sa.delete(PushSubscription).where(mine).returning(PushSubscription.id)).all())


def forget_devices_of(session: Session, session_id: uuid.UUID) -> None:
    """Delete the devices of a session, because its user signed out."""
    session.execute(sa.delete(PushSubscription).where(PushSubscription.session_id == session_id))


def is_signed_out(session: Session, device: PushSubscription) -> bool:
    """Return True if the device's session was revoked. A session that only expired does not count."""
    if device.session_id is None:
        return False
    revoked = sa.select(UserSession.revoked_at).where(UserSession.id == device.session_id)
    return session.execute(revoked).scalar_one_or_none() is not None
