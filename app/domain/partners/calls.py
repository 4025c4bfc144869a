"""Log each call that a partner's program makes to our API, with the answer. Calls with refused keys are logged, too. The caller
owns the transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.prepared import KEPT
from app.domain.partners.callers import PartnerCaller
from app.domain.partners.key_text import hash_of, is_key_text
from app.domain.partners.models import Partner, PartnerCall, PartnerKey
from app.domain.partners.queries import find_partner

PATH_CHARACTERS, DETAIL_CHARACTERS = 300, 500


@dataclass(frozen=True)
class Call:
    """A request to the partner API and its answer. `id` is the request id, which the answer has in a header. `took_ms`: the
    duration in milliseconds. `is_repeat`: the request repeated an earlier one."""

    id: uuid.UUID
    method: str
    path: str
    partner_order_id: str
    status: int
    code: str
    detail: str
    is_repeat: bool
    took_ms: int
    ip: str


def keep_call(session: Session, call: Call, *, caller: PartnerCaller, now: datetime) -> None:
    """Log a call with a valid key."""
    _add(session, call, caller.partner_id, now=now, key_id=caller.key_id, environment=caller.environment)


def keep_refused_call(session: Session, call: Call, *, partner_name: str, key_text: str, now: datetime) -> None:
    """Log a call whose key was refused, with the reason for it. The caller of the API does not get this reason.

    `partner_name`: the partner's name in the URL. It is used if the key itself is unknown. Calls for unknown partners are
    not logged.
    """
    row = None
    if is_key_text(key_text):
        query = sa.select(PartnerKey, Partner).join(Partner, Partner.id == PartnerKey.partner_id)
        row = session.execute(query.where(PartnerKey.key_hash == hash_of(key_text))).one_or_none()
    if row is not None:
        told = Call(**{**vars(call), "detail": _why(row.PartnerKey, row.Partner)})
        _add(session, told, row.Partner.id, now=now, key_id=row.PartnerKey.id, environment=row.PartnerKey.environment)
        return
    partner = find_partner(session, partner_name) if partner_name else None
    if partner is not None:
        why = "No key was sent" if not key_text else "It is no key of ours" if is_key_text(key_text) else "It has a typing error"
        _add(session, Call(**{**vars(call), "detail": why}), partner.id, now=now)


def _why(key: PartnerKey, partner: Partner) -> str:
    if key.revoked_at is not None:
        return f"The key {key.shown} was revoked on {key.revoked_at:%Y-%m-%d %H:%M} UTC"
    if not partner.is_active:
        return "The partner is switched off"
    return f"The key {key.shown} ended" + (f" on {key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "")


def _add(session: Session, call: Call, partner_id: uuid.UUID, *, now: datetime, **more: object) -> None:
    values = {**vars(call), "path": call.path[:PATH_CHARACTERS], "detail": call.detail[:DETAIL_CHARACTERS], **more}
    row = sa.insert(table_of(PartnerCall)).execution_options(**KEPT)
    session.execute(row, {"partner_id": partner_id, "called_at": now, **values})
