"""Command `keys rotate`: encrypt every stored secret with the newest key."""

from __future__ import annotations

import uuid
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from app.core.clock import utc_now
from app.core.crypto import UnableToDecrypt
from app.core.db import table_of, transaction
from app.core.runtime import runtime
from app.domain.connections.actions import seal_secrets
from app.domain.connections.models import Channel, SignIn
from app.domain.connections.queries import open_secrets
from app.domain.events.actions import SYSTEM, audit
from app.domain.field.models import PhoneKey
from app.domain.integrations.models import Integration
from app.domain.notifications.models import PushKey, TeamsHook
from app.domain.partners.models import Partner, PartnerKey
from app.domain.webhooks.models import WebhookEndpoint
from app.process.cli.output import json_option, report

# Beside the secrets of channels: table and column of single sealed values, each bound to its row's primary key.
SEALED = (
    (table_of(PushKey), "sealed_private"),
    (table_of(TeamsHook), "sealed_url"),
    (table_of(Integration), "sealed_secrets"),
    (table_of(SignIn), "sealed"),
    (table_of(PartnerKey), "sealed_signing_secret"),
    (table_of(Partner), "sealed_credentials"),
    (table_of(WebhookEndpoint), "sealed_secrets"),
    (table_of(PhoneKey), "sealed_key"),
)
group = AppGroup("keys", help="Keys that seal credentials.")


@group.command("rotate")
@json_option
def rotate(as_json: bool) -> None:
    """Encrypt with the newest key of ENCRYPTION_KEYS what older keys encrypted. Can be stopped and started again at any time.

    Exit code 1 if something could not be decrypted: keep its key in ENCRYPTION_KEYS until this says that nothing is left.
    """
    with transaction() as session:
        channel_ids = list(session.execute(sa.select(Channel.id).where(Channel.sealed_secrets.isnot(None))).scalars())
        others = [(table, name, key) for table, name in SEALED for key in session.execute(sa.select(_key(table))).scalars()]
    results = [_rotate(channel_id) for channel_id in channel_ids] + [_rotate_value(*place) for place in others]
    counts = {name: results.count(name) for name in ("sealed again", "up to date", "cannot be opened")}
    record = {name.replace(" ", "_"): count for name, count in counts.items()}
    report(record, ", ".join(f"{count} {name}" for name, count in counts.items()), as_json=as_json)
    if counts["cannot be opened"]:
        raise click.exceptions.Exit(1)


def _rotate(channel_id: uuid.UUID) -> str:
    """Encrypt the secrets of one channel with the newest key, in a separate transaction.

    Return "sealed again", "up to date" or "cannot be opened".
    """
    keyring = runtime().keyring
    try:
        with transaction() as session:
            channel = session.get_one(Channel, channel_id, with_for_update=True, populate_existing=True)
            if channel.sealed_secrets is None or not keyring.needs_rotation(channel.sealed_secrets):
                return "up to date"
            seal_secrets(channel, open_secrets(channel, keyring), keyring=keyring)
            object_id = str(channel_id)
            audit(session, action="SecretsSealedAgain", object_type="channel", object_id=object_id, now=utc_now(), actor=SYSTEM)
    except UnableToDecrypt as error:
        click.echo(f"{channel_id}: {error}", err=True)
        return "cannot be opened"
    return "sealed again"


def _key(table: sa.Table) -> sa.Column[Any]:
    (key,) = table.primary_key.columns
    return key


def _rotate_value(table: sa.Table, name: str, row_id: uuid.UUID | str) -> str:
    """Encrypt the value in column `name` of one row with the newest key, in a separate transaction.

    Return "sealed again", "up to date" or "cannot be opened".
    """
    keyring, column = runtime().keyring, table.c[name]
    place: dict[str, Any] = {"table": table.name, "column": name, "row_id": row_id}
    try:
        with transaction() as session:
            sealed = session.execute(sa.select(column).where(_key(table) == row_id).with_for_update()).scalar_one_or_none()
            if sealed is None or not keyring.needs_rotation(sealed):
                return "up to date"
            again = keyring.encrypt(keyring.decrypt(sealed, **place), **place)
            session.execute(sa.update(table).where(_key(table) == row_id).values({name: again}))
            audit(
                session, action="SecretsSealedAgain", object_type=table.name, object_id=str(row_id), now=utc_now(), actor=SYSTEM
            )
    except UnableToDecrypt as error:
        click.echo(f"{table.name} {row_id}: {error}", err=True)
        return "cannot be opened"
    return "sealed again"
