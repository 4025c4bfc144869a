"""Record a provider's notice about our account, and show it as health of the channel."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.contract.account_notice import AccountNotice
from app.domain.connections.actions import note_health, note_number
from app.domain.connections.models import Channel
from app.domain.delivery.catalogue import hear_template_news
from app.domain.events.actions import Subject, record

_HEALTH = {"error": "down", "warning": "degraded"}


def record_notice(session: Session, notice: AccountNotice, channel: Channel, *, now: datetime) -> None:
    """Record the notice as an event. News about a template is stored with the template; any other warning or error sets the
    channel's health."""
    payload = {"channel_id": str(channel.id), "kind": notice.kind, "summary": notice.summary[:500]}
    record(session, "ChannelNotice", subject=Subject(brand_id=channel.brand_id), now=now, payload=payload)
    if notice.number:
        note_number(session, channel.id, notice.number)
    if notice.template is not None:
        hear_template_news(session, notice.template, now=now)
    elif notice.severity in _HEALTH:
        note_health(session, channel, health=_HEALTH[notice.severity], detail=notice.summary, now=now)
