"""Commands for stuck work: `events list`, `events replay`, `outbox sweep`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from sqlalchemy.orm import defer

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.core.work import READY, RUNNING
from app.domain.connections.models import Channel
from app.domain.connections.queries import find_channel_by_name
from app.domain.ingest.actions import NotQuarantined, replay_event, replay_quarantined
from app.domain.ingest.models import QUARANTINED, InboundEvent
from app.process.cli.output import json_option, report, report_all
from app.wiring import sources

events = AppGroup("events", help="What came in.")
outbox = AppGroup("outbox", help="Work that was promised.")


@events.command("list")
@click.option("--state", default=QUARANTINED, type=click.Choice(["ready", "running", "done", QUARANTINED]))
@click.option("--limit", default=100, type=click.IntRange(1, 10_000))
@json_option
def list_events(state: str, limit: int, as_json: bool) -> None:
    """List inbound events, newest first; those in quarantine unless --state says otherwise."""
    query = (
        sa.select(InboundEvent, Channel.name)
        .outerjoin(Channel, Channel.id == InboundEvent.channel_id)
        .where(InboundEvent.state == state)
        .options(defer(InboundEvent.body, raiseload=True))
        .order_by(InboundEvent.received_at.desc(), InboundEvent.id.desc())
        .limit(limit)
    )
    with transaction() as session:
        records = [_record(event, name) for event, name in session.execute(query)]
    report_all(records, _line, as_json=as_json)


def _line(record: Mapping[str, Any]) -> str:
    return f"{record['id']}  {record['received_at']:%Y-%m-%d %H:%M}  {record['source']:18} {record['reason'] or ''}"


def _record(event: InboundEvent, channel_name: str | None) -> dict[str, Any]:
    return {
        "id": event.id,
        "source": event.source,
        "channel_name": channel_name,
        "state": event.state,
        "received_at": event.received_at,
        "attempts": event.attempts,
        "reason": event.reason,
        "results": event.results,
    }


@events.command("replay")
@click.argument("event_ids", nargs=-1, type=click.UUID, metavar="ID…")
@click.option("--all", "everything", is_flag=True, help="Everything in quarantine.")
@click.option("--channel", "channel_name", help="The channel of an event that named none of ours.")
@json_option
def replay(event_ids: tuple[uuid.UUID, ...], everything: bool, channel_name: str | None, as_json: bool) -> None:
    """Process events in quarantine again."""
    if everything == bool(event_ids):
        raise click.UsageError("name the events to process again, or say --all")
    now, channel_id = utc_now(), _channel_id(channel_name) if channel_name else None
    with transaction() as session:
        count = replay_quarantined(session, now=now) if everything else 0
        for event_id in event_ids:
            try:
                replay_event(session, event_id, channel_id=channel_id, now=now)
            except NotQuarantined as error:
                raise click.ClickException(f"{event_id} is not in quarantine; nothing was changed") from error
            count += 1
    runtime().nudger.nudge()
    report({"replayed": count}, f"{count} sent back to be processed", as_json=as_json)


def _channel_id(name: str) -> uuid.UUID:
    with transaction() as session:
        channel = find_channel_by_name(session, name)
    if channel is None:
        raise click.ClickException(f"there is no channel {name!r}; `channels list` names them")
    return channel.id


@outbox.command("sweep")
@json_option
def sweep(as_json: bool) -> None:
    """Hand out again every row that is due: inbound events, deliveries, reactions. Harmless at any time."""
    counts: dict[str, int] = {}
    for table in {source.table.name: source.table for source in sources()}.values():
        due = sa.and_(table.c.state.in_([READY, RUNNING]), table.c.run_at <= sa.func.clock_timestamp())
        with transaction() as session:
            statement = sa.update(table).where(due).values(hinted_at=None).returning(table.c.id)
            counts[table.name] = len(session.execute(statement).all())
    runtime().nudger.nudge()
    report(counts, ", ".join(f"{count} {name}" for name, count in counts.items()), as_json=as_json)
