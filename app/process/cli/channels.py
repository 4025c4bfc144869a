"""Commands for channels: `channels list | kinds | create | change | switch | pause | check`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, TypeVar

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from sqlalchemy.exc import IntegrityError

from app.contract.provider import Kind
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.accounts.models import Brand
from app.domain.connections.actions import pause_channel, switch_channel
from app.domain.connections.connecting import change_entered, form_of_channel, is_right, keep_entered, webhook_url
from app.domain.connections.connection_check import check_channel
from app.domain.connections.entry import ConnectForm, empty_form, read_form, unknown_names
from app.domain.connections.issued_secrets import issue
from app.domain.connections.models import Channel
from app.domain.connections.queries import find_channel_by_name, list_channels
from app.domain.events.actions import SYSTEM
from app.process.cli.output import json_option, report, report_all
from app.process.cli.people import find_brand_ids
from app.providers.registry import KINDS, find_kind

F = TypeVar("F", bound=Callable[..., Any])
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


@group.command("kinds")
@json_option
def list_kinds(as_json: bool) -> None:
    """List the kinds of channels and what each asks for; * is required."""
    report_all([_kind_record(kind) for kind in KINDS], _kind_line, as_json=as_json)


def _kind_record(kind: Kind) -> dict[str, Any]:
    asked = [{"name": one.name, "secret": one.secret, "required": one.required, "label": one.label} for one in kind.fields]
    return {"kind": kind.key, "label": kind.label, "by_page_alone": kind.signs_in, "fields": asked}


def _kind_line(record: Mapping[str, Any]) -> str:
    names = [f"{one['name']}{'*' if one['required'] else ''}" for one in record["fields"]]
    return f"{record['kind']:22} {record['label']:28} {'on its page' if record['by_page_alone'] else ' '.join(names)}"


def _entry_options(command: F) -> F:
    file = 'A file with {"access_token": "…"}; - reads it from standard input.'
    for option in (
        click.option("--secrets", "secrets", type=click.File("r"), help=file),
        click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="One of what its kind asks for; repeat."),
    ):
        command = option(command)
    return command


@group.command("create")
@click.argument("kind")
@click.argument("name")
@click.option("--brand", "brand_key", required=True, help="Key of the brand.")
@click.option("--address", required=True, help="What the provider knows it by: the mailbox, the id of the number.")
@_entry_options
@json_option
def create(kind: str, name: str, brand_key: str, address: str, as_json: bool, **entered: Any) -> None:
    """Connect a channel: its provider is asked, and nothing is kept where it says no. `channels kinds` lists the kinds."""
    found = find_kind(kind)
    if found is None or found.signs_in:
        raise click.ClickException(f"KIND is one of {', '.join(one.key for one in KINDS if not one.signs_in)}")
    with transaction() as session:
        brand_id = find_brand_ids(session, [brand_key])[0]
    given, form = _given(found, **entered), empty_form(found, brand_ids=[brand_id])
    defaults = {field: value for field, value in form.values.items() if value}
    own = {"name": name, "brand_id": str(brand_id), "address": address}
    read_form(form, {**defaults, **given, **own}, brand_ids=[brand_id])
    if found.issued:
        form.typed[found.issued] = given.get(found.issued) or issue(runtime().settings.secret_key)
    _ask(form)
    with _named(), transaction() as session:
        channel = keep_entered(session, form, actor=SYSTEM, now=utc_now())
        told = {"webhook_url": webhook_url(channel, form.secrets)}
        told |= {found.issued: form.typed[found.issued]} if found.issued else {}
        record = {**_record(channel, brand_key), **told}
    runtime().nudger.nudge()
    report(
        record, "\n".join([_line(record), *(f"  {field}: {value}" for field, value in told.items() if value)]), as_json=as_json
    )


@group.command("change")
@click.argument("name")
@click.option("--name", "new_name", help="Its new name.")
@_entry_options
@json_option
def change(name: str, new_name: str | None, as_json: bool, **entered: Any) -> None:
    """Change a channel: what an option names, once its provider agrees; the rest stays."""
    with transaction() as session:
        channel = _one(name, find_channel_by_name(session, name))
        form = form_of_channel(session, channel.id, brand_ids=[channel.brand_id])
        key = session.execute(sa.select(Brand.key).where(Brand.id == channel.brand_id)).scalar_one()
        session.expunge_all()
    sent = {**form.values, **_given(form.kind, **entered), "name": new_name or name}
    read_form(form, sent, brand_ids=[channel.brand_id])
    _ask(form)
    with _named(), transaction() as session:
        record = _record(change_entered(session, form, channel.id, actor=SYSTEM, now=utc_now()), key)
    report(record, _line(record), as_json=as_json)


@group.command("switch")
@click.argument("name")
@click.argument("state", type=click.Choice(["on", "off"]))
def switch(name: str, state: str) -> None:
    """Switch a channel on or off. Off it neither receives nor sends; what it has stays."""
    with transaction() as session:
        channel = _one(name, find_channel_by_name(session, name))
        switch_channel(session, channel, active=state == "on", now=utc_now(), actor=SYSTEM)


@group.command("pause")
@click.argument("name")
@click.argument("state", type=click.Choice(["on", "off"]))
def pause(name: str, state: str) -> None:
    """Pause a channel's sending (on) or resume it (off); a channel receives in either case."""
    with transaction() as session:
        channel = _one(name, find_channel_by_name(session, name))
        pause_channel(session, channel, paused=state == "on", now=utc_now(), actor=SYSTEM)
    runtime().nudger.nudge()


def _given(kind: Kind, settings: tuple[str, ...], secrets: IO[str] | None) -> dict[str, str]:
    """Return the entered settings and secrets as a dict by the names of the kind's fields. Raises ClickException."""
    plain = dict(one.partition("=")[::2] for one in settings)
    try:
        sealed = json.load(secrets) if secrets else {}
    except ValueError as error:
        raise click.ClickException(f"--secrets is no JSON: {error}") from error
    if not isinstance(sealed, dict) or not all(isinstance(value, str) for value in sealed.values()):
        raise click.ClickException('--secrets is an object of texts, such as {"access_token": "…"}')
    known = {name: text for name, text in plain.items() if name != "display_address"}
    if wrong := unknown_names(kind, known, sealed):
        raise click.ClickException(f"{wrong[0].partition('.')[2]}: {kind.key} has no such field; see `channels kinds`")
    return {**plain, **sealed}


def _ask(form: ConnectForm) -> None:
    """Check the fields of the form, and test the connection with the provider. Raises ClickException with every wrong field, or
    with the provider's answer."""
    if not is_right(form):
        raise click.ClickException(form.problem or "; ".join(f"{name}: {text}" for name, text in form.errors.items()))


@contextmanager
def _named() -> Iterator[None]:
    """Raise ClickException if another channel has taken the name in the meantime."""
    try:
        yield
    except IntegrityError as error:
        raise click.ClickException("another channel has this name") from error


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
