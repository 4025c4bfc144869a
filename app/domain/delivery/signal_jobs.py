"""Tell a chat's provider one signal. At least once: to repeat one changes nothing a person sees."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import ChannelAccount, Identity, IdentityKind, Party, ProviderError
from app.core.clock import utc_now
from app.core.db import table_of, transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.core.work import FAILED, Lease, claim, finish, next_delay_seconds, put_back
from app.domain.connections.account import account_of
from app.domain.connections.models import Channel
from app.domain.contacts.models import ContactIdentity
from app.domain.delivery.read_marks import TYPING_EVERY
from app.domain.delivery.recipient import IS_CURRENT
from app.domain.delivery.reports import reason_json
from app.domain.delivery.signal_models import ChatSignal, SignalKind
from app.domain.delivery.signals import note_refused_reaction
from app.domain.threads.models import Message, Thread

log = get_logger(__name__)
TABLE = table_of(ChatSignal)
MOST_TRIES = 5
PAUSED_SECONDS = 60


@dataclass(frozen=True)
class _Work:
    lease: Lease
    signal: ChatSignal
    channel: Channel
    external_id: str
    to: Party


def send_signal(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point."""
    with transaction() as session:
        lease = claim(session, TABLE, uuid.UUID(row_id), lease_seconds=runtime().settings.lease_seconds)
        work = _prepare(session, lease) if lease else None
    if work is None:
        return
    try:
        _tell(work, account_of(work.channel))
    except ProviderError as error:
        _fail(work, error)
        return
    with transaction() as session:
        finish(session, TABLE, work.lease)


def _prepare(session: Session, lease: Lease) -> _Work | None:
    """What is needed once the session is closed; None where there is nothing to tell now."""
    signal = session.get_one(ChatSignal, lease.row_id, populate_existing=True)
    message, channel = session.get_one(Message, signal.message_id), session.get_one(Channel, signal.channel_id)
    late = signal.kind == SignalKind.TYPING and utc_now() - signal.created_at > TYPING_EVERY
    if late or message.external_id is None or not channel.is_active or channel.adapter_key not in runtime().adapters.signals:
        finish(session, TABLE, lease)
        return None
    if channel.paused_at is not None or (signal.kind == SignalKind.REACTION and _is_behind(session, signal)):
        put_back(session, TABLE, lease, delay_seconds=PAUSED_SECONDS if channel.paused_at else 1, values={"attempts": 0})
        return None
    work = _Work(lease, signal, channel, message.external_id, _party(session, message))
    session.flush()
    session.expunge_all()
    return work


def _is_behind(session: Session, signal: ChatSignal) -> bool:
    """An earlier reaction to the same message is on its way: the later one has to arrive after it."""
    earlier = sa.and_(ChatSignal.kind == SignalKind.REACTION, ChatSignal.message_id == signal.message_id)
    open_one = sa.and_(ChatSignal.state.in_(["ready", "running"]), ChatSignal.created_at < signal.created_at)
    return session.execute(sa.select(ChatSignal.id).where(earlier, open_one).limit(1)).first() is not None


def _party(session: Session, message: Message) -> Party:
    kinds = [kind.value for kind in (IdentityKind.WA_ID, IdentityKind.BSUID, IdentityKind.PARENT_BSUID)]
    theirs = sa.select(Thread.contact_id).where(Thread.id == message.thread_id).scalar_subquery()
    query = sa.select(ContactIdentity).where(ContactIdentity.contact_id == theirs, ContactIdentity.kind.in_(kinds), IS_CURRENT)
    rows = sorted(session.execute(query).scalars(), key=lambda r: (kinds.index(r.kind), not r.is_primary, r.created_at))
    return Party(tuple(Identity(IdentityKind(row.kind), row.value, row.scope) for row in rows))


def _tell(work: _Work, account: ChannelAccount) -> None:
    provider = runtime().adapters.signals[work.channel.adapter_key]
    if work.signal.kind == SignalKind.REACTION:
        provider.react(work.external_id, work.signal.emoji, to=work.to, account=account)
    else:
        provider.mark_read(work.external_id, account=account, is_typing=work.signal.kind == SignalKind.TYPING)


def _fail(work: _Work, error: ProviderError) -> None:
    log.info("chat_signal_failed", kind=work.signal.kind, code=error.reason.code)
    delay = error.retry_after_seconds or next_delay_seconds(work.lease.attempts)
    again = not error.permanent and work.signal.kind != SignalKind.TYPING and work.lease.attempts < MOST_TRIES
    values = {"reason": reason_json(error.reason)}
    with transaction() as session:
        if again and delay is not None:
            put_back(session, TABLE, work.lease, delay_seconds=delay, values=values)
        elif finish(session, TABLE, work.lease, state=FAILED, values=values) and work.signal.kind == SignalKind.REACTION:
            note_refused_reaction(session, work.signal, error.reason, now=utc_now())
    runtime().nudger.nudge()
