"""Commands for brands and teams: `brands create | list | change | archive | restore`, and the same for `teams`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.accounts.models import Brand, Team, TeamMember, User
from app.domain.accounts.queries import find_user_by_email
from app.domain.accounts.teams import WrongTeamName, archive_team, change_team, create_team, restore_team
from app.domain.brands.actions import (
    HUES,
    LANGUAGES,
    BrandInUse,
    WrongBrand,
    archive_brand,
    change_brand,
    create_brand,
    restore_brand,
)
from app.domain.brands.queries import BrandContent, BrandRow, list_brand_rows
from app.domain.orders.settings import WrongSettings, set_money, settings_of
from app.domain.orders.taxes import CODES
from app.process.cli.output import json_option, report, report_all
from app.process.cli.people import find_brand_ids

brands = AppGroup("brands", help="Names under which the company talks to people.")
teams = AppGroup("teams", help="People who share work.")
F = TypeVar("F", bound=Callable[..., Any])


def _content_options(command: F) -> F:
    for option in (
        click.option("--signature", "email_signature", help="The lines under an email."),
        click.option("--country", help="Whose holidays count, such as NL; an empty text: none."),
        click.option("--timezone", help="Such as Europe/Amsterdam."),
        click.option("--language", "languages", multiple=True, type=click.Choice(LANGUAGES), help="Of its customers."),
        click.option("--colour", "hue", type=click.IntRange(0, HUES - 1), help="0 to 5."),
        click.option("--order-prefix", help="What order numbers begin with, such as CC; made from the name if left out."),
    ):
        command = option(command)
    return command


@brands.command("create")
@click.argument("name")
@_content_options
@json_option
def create_a_brand(name: str, as_json: bool, **given: Any) -> None:
    """Add a brand."""
    with _told(), transaction() as session:
        brand_id = create_brand(session, replace(BrandContent(name), **_given(given)), now=utc_now()).id
        _report_brand(session, brand_id, as_json=as_json)


@brands.command("change")
@click.argument("key")
@click.option("--name")
@_content_options
@json_option
def change_a_brand(key: str, as_json: bool, **given: Any) -> None:
    """Change a brand: what an option names; the rest stays."""
    with _told(), transaction() as session:
        row = list_brand_rows(session, [_brand_id(session, key)])[0]
        change_brand(session, row.brand.id, replace(row.content, **_given(given)), now=utc_now())
        _report_brand(session, row.brand.id, as_json=as_json)


@brands.command("money")
@click.argument("key")
@click.option("--currency", help="Three capitals, such as EUR or CAD.")
@click.option("--tax-code", help=f"One of {', '.join(CODES)}.")
@click.option("--with-tax/--without-tax", "prices_include_tax", default=None, help="How prices are written.")
@json_option
def set_money_of_a_brand(key: str, as_json: bool, **given: Any) -> None:
    """Show or change currency and tax of a brand's new orders."""
    with _told(), transaction() as session:
        brand_id = _brand_id(session, key)
        kept = settings_of(session, brand_id)
        values = {name: getattr(kept, name) for name in ("currency", "tax_code", "prices_include_tax")} | _given(given)
        if _given(given):
            set_money(session, brand_id, **values)
        words = "prices with tax" if values["prices_include_tax"] else "prices without tax"
        report({"key": key, **values}, f"{key}  {values['currency']}  {values['tax_code']}  {words}", as_json=as_json)


@brands.command("archive")
@click.argument("key")
@json_option
def archive_a_brand(key: str, as_json: bool) -> None:
    """Archive a brand, so that nothing new is made under it. What it has stays; its channels must be off."""
    with _told(), transaction() as session:
        _report_brand(session, archive_brand(session, _brand_id(session, key), now=utc_now()).id, as_json=as_json)


@brands.command("restore")
@click.argument("key")
@json_option
def restore_a_brand(key: str, as_json: bool) -> None:
    """Use an archived brand again."""
    with _told(), transaction() as session:
        _report_brand(session, restore_brand(session, _brand_id(session, key), now=utc_now()).id, as_json=as_json)


@brands.command("list")
@json_option
def show_brands(as_json: bool) -> None:
    """List all brands, the archived ones last."""
    with transaction() as session:
        rows = list_brand_rows(session, session.execute(sa.select(Brand.id)).scalars().all())
        report_all([_brand_record(row) for row in rows], _brand_line, as_json=as_json)


@teams.command("create")
@click.argument("name")
@click.option("--member", "emails", multiple=True, help="Email address of somebody in it; repeat for several.")
@json_option
def create_a_team(name: str, emails: tuple[str, ...], as_json: bool) -> None:
    """Add a team."""
    with _told(), transaction() as session:
        _report_team(session, create_team(session, name, user_ids=_user_ids(session, emails), now=utc_now()), as_json=as_json)


@teams.command("change")
@click.argument("name")
@click.option("--name", "new_name", help="Its new name.")
@click.option("--member", "emails", multiple=True, help="Who is in it from now on; repeat for several.")
@json_option
def change_a_team(name: str, new_name: str | None, emails: tuple[str, ...], as_json: bool) -> None:
    """Rename a team, or replace its people."""
    with _told(), transaction() as session:
        people = _user_ids(session, emails) if emails else None
        team = change_team(session, _team_id(session, name), name=new_name, user_ids=people, now=utc_now())
        _report_team(session, team, as_json=as_json)


@teams.command("archive")
@click.argument("name")
@json_option
def archive_a_team(name: str, as_json: bool) -> None:
    """Archive a team: it gets no more work, and loses its people."""
    with _told(), transaction() as session:
        _report_team(session, archive_team(session, _team_id(session, name), now=utc_now()), as_json=as_json)


@teams.command("restore")
@click.argument("name")
@json_option
def restore_a_team(name: str, as_json: bool) -> None:
    """Use an archived team again."""
    with _told(), transaction() as session:
        _report_team(session, restore_team(session, _team_id(session, name), now=utc_now()), as_json=as_json)


@teams.command("list")
@json_option
def show_teams(as_json: bool) -> None:
    """List all teams by name."""
    with transaction() as session:
        found = session.execute(sa.select(Team).order_by(Team.name)).scalars().all()
        report_all([_team_record(session, team) for team in found], _team_line, as_json=as_json)


@contextmanager
def _told() -> Iterator[None]:
    """Turn the refusals of the actions inside this context into error messages of one line. Raises ClickException."""
    try:
        yield
    except WrongBrand as error:
        raise click.ClickException(f"{error.field}: {error}") from error
    except WrongSettings as error:
        raise click.ClickException(f"{error}: see `brands money --help` for what it may be") from error
    except BrandInUse as error:
        raise click.ClickException(f"these channels are in use, switch them off first: {error}") from error
    except WrongTeamName as error:
        raise click.ClickException(str(error)) from error


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value not in (None, ())}


def _brand_id(session: Session, key: str) -> uuid.UUID:
    return find_brand_ids(session, [key])[0]


def _team_id(session: Session, name: str) -> uuid.UUID:
    found = session.execute(sa.select(Team.id).where(sa.func.lower(Team.name) == name.lower())).scalar_one_or_none()
    if found is None:
        raise click.ClickException(f"there is no team {name!r}")
    return found


def _user_ids(session: Session, emails: tuple[str, ...]) -> list[uuid.UUID]:
    found = {email: find_user_by_email(session, email) for email in emails}
    if nobody := [email for email, user in found.items() if user is None]:
        raise click.ClickException(f"nobody has the address {nobody[0]}")
    return [user.id for user in found.values() if user]


def _report_brand(session: Session, brand_id: uuid.UUID, *, as_json: bool) -> None:
    record = _brand_record(list_brand_rows(session, [brand_id])[0])
    report(record, _brand_line(record), as_json=as_json)


def _brand_record(row: BrandRow) -> dict[str, Any]:
    return {"id": row.brand.id, "key": row.brand.key, **vars(row.content), "archived_at": row.brand.archived_at}


def _brand_line(record: Any) -> str:
    return "  ".join([record["key"], record["name"], record["order_prefix"], *(["archived"] if record["archived_at"] else [])])


def _report_team(session: Session, team: Team, *, as_json: bool) -> None:
    record = _team_record(session, team)
    report(record, _team_line(record), as_json=as_json)


def _team_record(session: Session, team: Team) -> dict[str, Any]:
    members = sa.select(User.email).join(TeamMember, TeamMember.user_id == User.id).where(TeamMember.team_id == team.id)
    emails = session.execute(members.order_by(User.email)).scalars().all()
    return {"id": team.id, "name": team.name, "members": emails, "archived_at": team.archived_at}


def _team_line(record: Any) -> str:
    return "  ".join([record["name"], *(["archived"] if record["archived_at"] else record["members"])])
