"""Commands for partners: `partners create | list | key`."""

from __future__ import annotations

import uuid
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.accounts.models import Brand
from app.domain.events.actions import SYSTEM
from app.domain.partners.actions import EVERY_SCOPE, PartnerContent, WrongPartner, create_key, create_partner, suggest_slug
from app.domain.partners.models import Environment, Partner, Protocol
from app.domain.partners.queries import find_partner, list_partners
from app.process.cli.output import json_option, report, report_all
from app.process.cli.people import find_brand_ids

group = AppGroup("partners", help="Companies that send orders.")


@group.command("create")
@click.argument("name")
@click.option("--brand", "brand_key", required=True, help="Key of the brand whose orders they are.")
@click.option("--slug", help="What stands in addresses; made from the name if left out.")
@click.option("--protocol", type=click.Choice([one.value for one in Protocol]), default=Protocol.API.value)
@click.option("--network", "networks", multiple=True, help="From where its keys may be used; repeat for several.")
@json_option
def create_a_partner(
    name: str, brand_key: str, slug: str | None, protocol: str, networks: tuple[str, ...], as_json: bool
) -> None:
    """Add a partner, and an organization with its name among the contacts."""
    with transaction() as session:
        content = PartnerContent(
            name=name,
            slug=slug or suggest_slug(name),
            brand_id=find_brand_ids(session, [brand_key])[0],
            protocol=Protocol(protocol),
            allowed_networks=networks,
        )
        try:
            partner = create_partner(session, content, now=utc_now(), actor=SYSTEM)
        except WrongPartner as error:
            raise click.ClickException(f"{error.field}: {error}") from error
        record = _record(partner)
    report(record, _line(record), as_json=as_json)


@group.command("list")
@json_option
def show_partners(as_json: bool) -> None:
    """List all partners by name."""
    with transaction() as session:
        brand_ids: list[uuid.UUID] = list(session.execute(sa.select(Brand.id)).scalars())
        rows = list_partners(session, brand_ids=brand_ids, now=utc_now())
        report_all([_record(row.partner) for row in rows], _line, as_json=as_json)


@group.command("key")
@click.argument("name")
@click.option("--live", is_flag=True, help="For real orders; without it, a key of the sandbox.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(EVERY_SCOPE), help="What it may do; everything if left out.")
@click.option("--signed", is_flag=True, help="Take signed requests alone.")
@click.option("--for", "purpose", default="", help="What it is for.")
@json_option
def make_a_key(name: str, live: bool, scopes: tuple[str, ...], signed: bool, purpose: str, as_json: bool) -> None:
    """Make a key for a partner (slug or id) and print it with its signing secret, this once."""
    with transaction() as session:
        new = create_key(
            session,
            _find(session, name),
            environment=Environment.LIVE if live else Environment.SANDBOX,
            name=purpose,
            scopes=scopes or EVERY_SCOPE,
            requires_signature=signed,
            keyring=runtime().keyring,
            now=utc_now(),
            actor=SYSTEM,
        )
        record = {"api_key": new.text, "signing_secret": new.signing_secret, "environment": new.row.environment.value}
    report(record, f"{new.text}\n{new.signing_secret}", as_json=as_json)


def _find(session: Session, name: str) -> Partner:
    partner = find_partner(session, name)
    if partner is None:
        raise click.ClickException(f"there is no partner {name!r}")
    return partner


def _record(partner: Partner) -> dict[str, Any]:
    return {"id": partner.id, "slug": partner.slug, "name": partner.name, "is_active": partner.is_active}


def _line(record: Any) -> str:
    return "  ".join([record["slug"], record["name"], *([] if record["is_active"] else ["off"])])
