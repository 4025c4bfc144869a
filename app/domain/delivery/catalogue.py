"""Maintain a channel's list of approved templates: read it from the provider, and apply the provider's news about templates.

The list is stored in `Channel.settings["templates"]`. A template with news has the time `said_at`. News that came after a
reading began is not overwritten when the reading is stored. `templates_read_at` and `templates_problem` store the outcome of
the last reading.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import ProviderError, Reason
from app.contract.catalogue import ListedTemplate, TemplateNews
from app.core.clock import utc_now
from app.core.crypto import UnableToDecrypt
from app.core.db import transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.core.text import mark as N_
from app.core.text import storable_json
from app.domain.connections.account import account_of
from app.domain.connections.models import Channel, ChannelType
from app.domain.connections.queries import list_channels
from app.domain.delivery.reports import reason_json
from app.domain.events.models import Event

log = get_logger(__name__)
READ_EVERY = timedelta(days=1)
TRY_AGAIN = timedelta(minutes=15)
LISTED, READ_AT, PROBLEM, TRIED_AT = "templates", "templates_read_at", "templates_problem", "templates_tried_at"
_SAID = ("status", "category", "quality", "reason")


def read_templates(channel_id: uuid.UUID) -> ProviderError | None:
    """Read and store the templates of one channel; return the error if the provider did not list them. Holds no transaction while
    the provider is asked."""
    began_at = utc_now()
    with transaction() as session:
        channel = session.get_one(Channel, channel_id)
        session.expunge_all()
    provider = runtime().adapters.catalogues.get(channel.adapter_key)
    if provider is None or not channel.is_active:
        return None
    try:
        listed = provider.list_templates(account_of(channel))
    except UnableToDecrypt:
        error = ProviderError(Reason("sealed", N_("We cannot read the stored credentials")), permanent=True)
        return _keep_problem(channel_id, error, began_at)
    except ProviderError as refused:
        return _keep_problem(channel_id, refused, began_at)
    with transaction() as session:
        keep_templates(session, channel_id, listed, began_at=began_at)
    return None


def _keep_problem(channel_id: uuid.UUID, error: ProviderError, now: datetime) -> ProviderError:
    log.info("templates_not_read", channel_id=str(channel_id), code=error.reason.code)
    with transaction() as session:
        _change(_lock(session, channel_id), {PROBLEM: reason_json(error.reason), TRIED_AT: now.isoformat()})
    return error


def keep_templates(session: Session, channel_id: uuid.UUID, listed: Sequence[ListedTemplate], *, began_at: datetime) -> None:
    """Store the listed templates. News about a template that came after `began_at` is not overwritten."""
    channel = _lock(session, channel_id)
    since = {_key(one): one for one in list_kept(channel) if one.get("said_at", "") > began_at.isoformat()}
    fresh = [storable_json(one.to_json()) for one in listed]
    kept = [{**one, **_said(since[_key(one)])} if _key(one) in since else one for one in fresh]
    at = began_at.isoformat()
    _change(channel, {LISTED: kept, READ_AT: at, TRIED_AT: at, PROBLEM: None})


def hear_template_news(session: Session, news: TemplateNews, *, now: datetime) -> None:
    """Apply news about a template to every channel of the account. If a channel does not know the template, its list is read
    again soon."""
    theirs = Channel.settings["waba_id"].astext == news.account
    for channel_id in session.execute(sa.select(Channel.id).where(theirs).order_by(Channel.id)).scalars().all():
        channel = _lock(session, channel_id)
        mine = next((one for one in list_kept(channel) if _key(one) == (news.name, news.language)), None)
        if mine is None or news.read_again:
            _change(channel, {READ_AT: None, TRIED_AT: None})
        if mine is not None:
            changed = {**mine, **{name: said for name in _SAID if (said := getattr(news, name))}, "said_at": now.isoformat()}
            if news.status and not news.reason:
                changed["reason"] = ""
            _change(channel, {LISTED: [changed if one is mine else one for one in list_kept(channel)]})


def list_kept(channel: Channel) -> list[dict[str, Any]]:
    """List the stored templates of a channel."""
    kept = channel.settings.get(LISTED)
    return [one for one in kept if isinstance(one, dict)] if isinstance(kept, list) else []


def with_templates_among(session: Session, events: Sequence[Event]) -> Sequence[Event]:
    """Return the events whose channel is of a type with approved templates."""
    channels = {event: session.get_one(Channel, uuid.UUID(event.payload["channel_id"])) for event in events}
    return [event for event, channel in channels.items() if channel.channel_type == ChannelType.WHATSAPP_BUSINESS]


def read_templates_of_channel(event: Event) -> None:
    """After-commit handler of `ChannelConnected`: read the channel's templates. Raises the `ProviderError` if it is temporary,
    so that the handler is retried."""
    channel_id = uuid.UUID(event.payload["channel_id"])
    error = read_templates(channel_id)
    if error is not None and not error.permanent:
        raise error


def read_due_templates(**_ignored: Any) -> None:
    """RQ entry point, periodic: read the templates of each active channel whose list is missing, a day old or asked for again.
    After a failure the next try is 15 minutes later."""
    now = utc_now()
    with transaction() as session:
        channels = list_channels(session, active_only=True)
        due = [c.id for c in channels if c.adapter_key in runtime().adapters.catalogues and _is_due(c, now)]
    for channel_id in due:
        read_templates(channel_id)


def _is_due(channel: Channel, now: datetime) -> bool:
    read, tried = channel.settings.get(READ_AT), channel.settings.get(TRIED_AT)
    if read and now - datetime.fromisoformat(read) < READ_EVERY:
        return False
    return not tried or now - datetime.fromisoformat(tried) >= TRY_AGAIN


def _lock(session: Session, channel_id: uuid.UUID) -> Channel:
    return session.get_one(Channel, channel_id, with_for_update=True, populate_existing=True)


def _change(channel: Channel, values: dict[str, Any]) -> None:
    settings = {**channel.settings, **values}
    channel.settings = {name: value for name, value in settings.items() if value is not None}


def _key(one: dict[str, Any]) -> tuple[str, str]:
    return str(one.get("name", "")), str(one.get("language", ""))


def _said(one: dict[str, Any]) -> dict[str, Any]:
    return {name: one[name] for name in (*_SAID, "said_at") if name in one}
