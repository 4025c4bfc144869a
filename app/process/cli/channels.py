"""`channels list`, `channels check`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from app.core.db import transaction
from app.domain.accounts.models import Brand
from app.domain.connections.connection_check import check_channel
from app.domain.connections.models import Channel
from app.domain.connections.queries import find_channel_by_name, list_channels
from app.process.cli.output import json_option, report_all

group = AppGroup("channels", help="Mailboxes and numbers.")


@group.command("list")
@json_option
def list_all(as_json: bool) -> None:
    """List all channels with their health."""
    with transaction() as session:
        brands = {row.id: row.key for row in session.execute(sa.select(Brand.id, Brand.key))}
        records = [_record(channel, brands[channel.brand_id]) for channel in list_channels(session)]
    report_all(records, _line, as_json=as_json)


def _record(channel: Channel, brand: str) -> dict[str, Any]:
    return {
        "id": channel.id,
        "channel_name": channel.name,
        "channel_type": channel.channel_type.value,
        "brand": brand,
        "address": channel.display_address,
        "is_active": channel.is_active,
        "health": channel.health,
        "health_detail": channel.health_detail,
        "last_inbound_at": channel.last_inbound_at,
    }


def _line(record: Mapping[str, Any]) -> str:
    state = record["health"] if record["is_active"] else "off"
    return f"{record['channel_name']:32} {record['channel_type']:18} {record['address']:32} {state}"


@group.command("check")
@click.argument("name", required=False)
@json_option
def check(name: str | None, as_json: bool) -> None:
    """Ask the providers whether the channels work: one, or all that are on. Exit code 1 if one does not."""
    with transaction() as session:
        channels = [_one(name, find_channel_by_name(session, name))] if name else list_channels(session, active_only=True)
    records = [_check(channel) for channel in channels]
    report_all(records, lambda r: f"{r['channel_name']:32} {r['result']:8} {r['detail']}", as_json=as_json)
    if any(record["result"] == "down" for record in records):
        raise click.exceptions.Exit(1)


def _one(name: str, found: Channel | None) -> Channel:
    if found is None:
        raise click.ClickException(f"there is no channel {name!r}; `channels list` names them")
    return found


def _check(channel: Channel) -> dict[str, Any]:
    health = check_channel(channel)
    result = "no check" if health is None else "ok" if health.ok else "down"
    detail = "nobody to ask for this type" if health is None else health.detail
    return {"channel_name": channel.name, "channel_type": channel.channel_type.value, "result": result, "detail": detail}
