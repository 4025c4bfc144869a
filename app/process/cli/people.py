"""Commands for users and tokens: `users create | list | change | disable | enable | invite | setup-link`, `tokens create`."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import new_secret
from app.core.runtime import runtime
from app.domain.accounts.actions import (
    BadAddress,
    LastAdmin,
    NewUser,
    Standing,
    UserExists,
    change_standing,
    check_new_user,
    create_user,
    disable_user,
    enable_user,
)
from app.domain.accounts.first_admin import is_empty, setup_code
from app.domain.accounts.invitations import invitation_url
from app.domain.accounts.models import Brand, Role
from app.domain.accounts.passwords import WeakPassword
from app.domain.accounts.permissions import COLLEAGUES
from app.domain.accounts.queries import Person, find_user_by_email, list_people, list_teams
from app.domain.accounts.tokens import UnknownScope, create_token
from app.domain.contacts.actions import create_own_contact
from app.domain.events.actions import SYSTEM, audit
from app.process.cli.output import json_option, report, report_all

users = AppGroup("users", help="People who sign in.")
tokens = AppGroup("tokens", help="API tokens.")


@users.command("create")
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in COLLEAGUES]), required=True)
@click.option("--name", default="", help="Their name; made from the address if left out.")
@click.option("--brand", "brand_keys", multiple=True, help="Key of a brand they see; repeat for several. All brands if left out.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of making one.")
@json_option
def create(email: str, role: str, name: str, brand_keys: tuple[str, ...], password_stdin: bool, as_json: bool) -> None:
    """Add a user. Without --password-stdin a password is made and printed, this once."""
    given = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    password, now = given if given is not None else new_secret(96), utc_now()
    name = " ".join(name.split()) or _name_from(email)
    try:
        with transaction() as session:
            check_new_user(session, email=email, password=password)
            brand_ids = find_brand_ids(session, brand_keys) if brand_keys else None
            contact = create_own_contact(session, name=name, now=now)
            new = NewUser(email=email, name=name, role=Role(role), password=password, contact_id=contact.id, brand_ids=brand_ids)
            user = create_user(session, new, now=now)
    except (BadAddress, UserExists, WeakPassword) as error:
        raise click.ClickException(str(error)) from error
    record = {"id": user.id, "email": user.email, "name": user.name, "role": role}
    shown = {} if given is not None else {"password": password}
    report({**record, **shown}, "  ".join([user.email, role, *shown.values()]), as_json=as_json)


@users.command("list")
@json_option
def list_all(as_json: bool) -> None:
    """List all users."""
    with transaction() as session:
        report_all([_record(person) for person in list_people(session)], _line, as_json=as_json)


@users.command("change")
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in COLLEAGUES]), help="A new role ends their sessions.")
@click.option("--name", help="Their new name.")
@click.option("--brand", "brand_keys", multiple=True, help="Key of a brand they see from now on; repeat for several.")
@click.option("--team", "team_names", multiple=True, help="Name of a team they are in from now on; repeat for several.")
@json_option
def change(email: str, role: str | None, name: str | None, as_json: bool, **of: tuple[str, ...]) -> None:
    """Change a user's role, name, brands or teams: what an option names; the rest stays."""
    with _told(), transaction() as session:
        person = _find(session, email)
        brands, teams = (one.id for one in person.brands), (one.id for one in person.teams)
        standing = Standing(
            name=" ".join(name.split()) if name else person.user.name,
            role=Role(role) if role else person.user.role,
            brand_ids=frozenset(find_brand_ids(session, of["brand_keys"]) if of["brand_keys"] else brands),
            team_ids=frozenset(_team_ids(session, of["team_names"]) if of["team_names"] else teams),
        )
        change_standing(session, person.user.id, standing, now=utc_now(), actor=SYSTEM)
        _report(session, email, as_json=as_json)


@users.command("disable")
@click.argument("email")
@json_option
def disable(email: str, as_json: bool) -> None:
    """Disable a user: their sessions end and their tokens stop working."""
    with _told(), transaction() as session:
        disable_user(session, _find(session, email).user.id, now=utc_now(), actor=SYSTEM)
        _report(session, email, as_json=as_json)


@users.command("enable")
@click.argument("email")
@json_option
def enable(email: str, as_json: bool) -> None:
    """Enable a user again."""
    with _told(), transaction() as session:
        enable_user(session, _find(session, email).user.id, now=utc_now(), actor=SYSTEM)
        _report(session, email, as_json=as_json)


@users.command("invite")
@click.argument("email")
@json_option
def invite(email: str, as_json: bool) -> None:
    """Print a link by which a user chooses a password of their own, once, within three days."""
    settings, now = runtime().settings, utc_now()
    with transaction() as session:
        user = _find(session, email).user
        url = invitation_url(user, public_url=settings.public_url, secret_key=settings.secret_key, now=now)
        audit(session, action="UserInvited", object_type="user", object_id=str(user.id), now=now, actor=SYSTEM)
        report({"email": user.email, "invitation_url": url}, url, as_json=as_json)


@contextmanager
def _told() -> Iterator[None]:
    """Turn a `LastAdmin` error into a ClickException with a message of one line, as a context manager."""
    try:
        yield
    except LastAdmin as error:
        raise click.ClickException("this is the only administrator who can sign in: make another one first") from error


def _find(session: Session, email: str) -> Person:
    user = find_user_by_email(session, email)
    found = list_people(session, user_id=user.id) if user else []
    if not found:
        raise click.ClickException(f"nobody has the address {email}")
    return found[0]


def _team_ids(session: Session, names: Sequence[str]) -> list[uuid.UUID]:
    known = {team.name.lower(): team.id for team in list_teams(session)}
    if unknown := [name for name in names if name.lower() not in known]:
        raise click.ClickException(f"there is no team {unknown[0]!r}")
    return [known[name.lower()] for name in names]


def _report(session: Session, email: str, *, as_json: bool) -> None:
    session.flush()
    record = _record(_find(session, email))
    report(record, _line(record), as_json=as_json)


def _record(person: Person) -> dict[str, Any]:
    user = person.user
    named = {"id": user.id, "email": user.email, "name": user.name, "role": user.role.value}
    of = {"brands": [one.key for one in person.brands], "teams": [one.name for one in person.teams]}
    return {**named, **of, "is_active": user.disabled_at is None}


def _line(record: Mapping[str, Any]) -> str:
    return "  ".join([record["email"], record["role"], *([] if record["is_active"] else ["disabled"])])


@users.command("setup-link")
def setup_link() -> None:
    """Print the link that makes the first administrator; nothing once somebody can sign in."""
    settings = runtime().settings
    with transaction() as session:
        if is_empty(session):
            click.echo(f"set up your company: {settings.public_url}/setup?code={setup_code(settings.secret_key)}")


def find_brand_ids(session: Session, keys: Sequence[str]) -> list[uuid.UUID]:
    """Return the ids of the brands with these keys, in the order of `keys`. Raises ClickException if a key is unknown."""
    known = {row.key: row.id for row in session.execute(sa.select(Brand.key, Brand.id))}
    unknown = [key for key in keys if key not in known]
    if unknown:
        raise click.ClickException(f"there is no brand {unknown[0]!r}; there are {', '.join(sorted(known)) or 'none yet'}")
    return [known[key] for key in keys]


def _name_from(email: str) -> str:
    return email.split("@")[0].replace(".", " ").replace("_", " ").title()[:100] or email[:100]


@tokens.command("create")
@click.argument("email")
@click.option("--name", required=True, help="What it is for.")
@click.option("--scope", "scopes", multiple=True, help="What it may do; repeat for several. Everything if left out.")
@click.option("--days", type=click.IntRange(min=1), help="It stops working after so many days.")
@json_option
def create_api_token(email: str, name: str, scopes: tuple[str, ...], days: int | None, as_json: bool) -> None:
    """Make an API token for a user and print it, this once."""
    now = utc_now()
    try:
        with transaction() as session:
            user = find_user_by_email(session, email)
            if user is None:
                raise click.ClickException(f"nobody has the address {email}")
            token, text = create_token(session, user, name=name, scopes=scopes, now=now)
            token.expires_at = now + timedelta(days=days) if days else None
    except UnknownScope as error:
        raise click.ClickException(str(error)) from error
    record = {"id": token.id, "email": user.email, "name": token.name, "scopes": token.scopes, "expires_at": token.expires_at}
    report({**record, "token": text}, text, as_json=as_json)
