"""Job that sends one signal (read mark, typing sign, reaction) to a chat's provider. At least once; a repeat changes nothing that
people see."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import Identity, IdentityKind, Party, ProviderError
from app.core.clock import utc_now
from app.core.db import table_of
from app.core.log import get_logger
from app.core.promises import Ended, Failed, Later, Promise, keep
from app.core.runtime import runtime
from app.core.work import FAILED, Lease
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
PAUSED_SECONDS = 60


@dataclass(frozen=True)
class _Work:
    signal: ChatSignal
    channel: Channel
    external_id: str
    to: Party


def send_signal(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: send one signal to a chat's provider."""
    keep(PROMISE, uuid.UUID(row_id))


def _prepare(session: Session, lease: Lease) -> _Work | Ended | Later:
    """Return the data for the call, or `Ended` if the signal must not be sent any more, or `Later` if it must wait."""
    signal = session.get_one(ChatSignal, lease.row_id, populate_existing=True)
    message, channel = session.get_one(Message, signal.message_id), session.get_one(Channel, signal.channel_id)
    late = signal.kind == SignalKind.TYPING and utc_now() - signal.created_at > TYPING_EVERY
    if late or message.external_id is None or not channel.is_active or channel.adapter_key not in runtime().adapters.signals:
        return Ended()
    if channel.paused_at is not None or (signal.kind == SignalKind.REACTION and _is_behind(session, signal)):
        return Later(PAUSED_SECONDS if channel.paused_at else 1, {"attempts": 0})
    work = _Work(signal, channel, message.external_id, _party(session, message))
    session.flush()
    session.expunge_all()
    return work


def _is_behind(session: Session, signal: ChatSignal) -> bool:
    """Return whether an earlier reaction to the same message is not sent yet, so that this one has to wait."""
    earlier = sa.and_(ChatSignal.kind == SignalKind.REACTION, ChatSignal.message_id == signal.message_id)
    open_one = sa.and_(ChatSignal.state.in_(["ready", "running"]), ChatSignal.created_at < signal.created_at)
    return session.execute(sa.select(ChatSignal.id).where(earlier, open_one).limit(1)).first() is not None


def _party(session: Session, message: Message) -> Party:
    kinds = [kind.value for kind in (IdentityKind.WA_ID, IdentityKind.BSUID, IdentityKind.PARENT_BSUID)]
    theirs = sa.select(Thread.contact_id).where(Thread.id == message.thread_id).scalar_subquery()
    query = sa.select(ContactIdentity).where(ContactIdentity.contact_id == theirs, ContactIdentity.kind.in_(kinds), IS_CURRENT)
    rows = sorted(session.execute(query).scalars(), key=lambda r: (kinds.index(r.kind), not r.is_primary, r.created_at))
    return Party(tuple(Identity(IdentityKind(row.kind), row.value, row.scope) for row in rows))


def _tell(work: _Work) -> None:
    provider, account = runtime().adapters.signals[work.channel.adapter_key], account_of(work.channel)
    if work.signal.kind == SignalKind.REACTION:
        provider.react(work.external_id, work.signal.emoji, to=work.to, account=account)
    else:
        provider.mark_read(work.external_id, account=account, is_typing=work.signal.kind == SignalKind.TYPING)


def _note(_session: Session, work: _Work, error: ProviderError | None) -> Ended | Failed:
    if error is None:
        return Ended()
    log.info("chat_signal_failed", kind=work.signal.kind, code=error.reason.code)
    values, refused = {"reason": reason_json(error.reason)}, error.reason

    def note_refused(session: Session) -> None:
        if work.signal.kind == SignalKind.REACTION:
            note_refused_reaction(session, work.signal, refused, now=utc_now())

    is_final = error.permanent or work.signal.kind == SignalKind.TYPING
    return Failed(Ended(values, FAILED, note_refused), values, is_final, error.retry_after_seconds)


PROMISE = Promise(table_of(ChatSignal), _prepare, _tell, _note, errors=(ProviderError,), tries=5)
