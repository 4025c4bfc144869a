"""Pages of people (users): leads see them, administrators add and change them."""

from __future__ import annotations

import uuid
from typing import TypeVar

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.ids import new_secret
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
    end_all_sessions,
    set_password,
)
from app.domain.accounts.models import Role
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import (
    Person,
    UserMissing,
    get_user,
    list_brands,
    list_people,
    list_teams,
)
from app.domain.accounts.role_table import list_permission_groups, list_role_columns
from app.domain.contacts.actions import create_own_contact
from app.web.accounts.blueprint import bp
from app.web.accounts.forms import NewPersonForm, PersonForm, choices
from app.web.accounts.invitations import invite
from app.web.accounts.session import require
from app.web.pages import page

F = TypeVar("F", bound=PersonForm)


@bp.get("/settings/people")
def people() -> ResponseReturnValue:
    """Show all colleagues, including disabled ones."""
    require(Permission.PEOPLE_SEE)
    session = db.session()
    return page("accounts/people.html", people=list_people(session), brand_count=len(list_brands(session)))


@bp.get("/settings/roles")
def roles() -> ResponseReturnValue:
    """Show what each role may do, from the same table that every page and the API check."""
    require(Permission.PEOPLE_SEE)
    return page("accounts/roles.html", columns=list_role_columns(), groups=list_permission_groups())


@bp.get("/settings/people/new")
def new_person() -> ResponseReturnValue:
    """Show the form of a new person."""
    require(Permission.PEOPLE_MANAGE)
    return page("accounts/new_person.html", form=_with_choices(NewPersonForm()))


@bp.post("/settings/people")
def add_person() -> ResponseReturnValue:
    """Add a person and invite them. If the invitation cannot be mailed, only this response shows its link."""
    viewer, form, now = require(Permission.PEOPLE_MANAGE), _with_choices(NewPersonForm(request.form)), utc_now()
    if not form.validate():
        return page("accounts/new_person.html", form=form, status=422)
    try:
        with transaction() as session:
            check_new_user(session, email=form.email.data, password=None)
            contact = create_own_contact(session, name=form.name.data, now=now)
            new = NewUser(
                email=form.email.data,
                name=form.name.data,
                role=Role(form.role.data),
                password=None,
                contact_id=contact.id,
                brand_ids=form.brands.data,
                team_ids=form.teams.data,
            )
            user = create_user(session, new, now=now, actor=viewer.actor)
    except (BadAddress, UserExists) as error:
        known = isinstance(error, UserExists)
        form.email.errors = [_("This address is already in use.") if known else _("This is not an email address.")]
        return page("accounts/new_person.html", form=form, status=422)
    return _person_page(user.id, link=invite(viewer, user.id), status=201)


@bp.post("/settings/people/<uuid:user_id>/invitation")
def invite_again(user_id: uuid.UUID) -> ResponseReturnValue:
    """Make another invitation link for a person without a password. Answer 409 if the person has a password."""
    viewer = require(Permission.PEOPLE_MANAGE)
    if _find(user_id).user.password_hash is not None:
        abort(409)
    return _person_page(user_id, link=invite(viewer, user_id), status=201)


@bp.get("/settings/people/<uuid:user_id>")
def person(user_id: uuid.UUID) -> ResponseReturnValue:
    """Show one person: role, brands, teams, access."""
    require(Permission.PEOPLE_SEE)
    return _person_page(user_id)


@bp.post("/settings/people/<uuid:user_id>")
def save_person(user_id: uuid.UUID) -> ResponseReturnValue:
    """Change a person's role, brands and teams."""
    viewer, form = require(Permission.PEOPLE_MANAGE), _with_choices(PersonForm(request.form))
    _find(user_id)
    if not form.validate():
        return _person_page(user_id, form=form, status=422)
    try:
        with transaction() as session:
            change_standing(session, user_id, _standing(form), now=utc_now(), actor=viewer.actor)
    except LastAdmin:
        form.role.errors = [_last_admin()]
        return _person_page(user_id, form=form, status=422)
    flash(_("Saved."))
    return redirect(url_for("accounts.person", user_id=user_id), 303)


@bp.post("/settings/people/<uuid:user_id>/disabling")
def disable_person(user_id: uuid.UUID) -> ResponseReturnValue:
    """Disable a person: end their sessions and let them no longer sign in."""
    viewer = require(Permission.PEOPLE_MANAGE)
    try:
        with transaction() as session:
            disable_user(session, user_id, now=utc_now(), actor=viewer.actor)
    except UserMissing:
        abort(404)
    except LastAdmin:
        return _person_page(user_id, problem=_last_admin(), status=409)
    flash(_("This person can no longer sign in, and all their sessions have ended."))
    return redirect(url_for("accounts.person", user_id=user_id), 303)


@bp.post("/settings/people/<uuid:user_id>/enabling")
def enable_person(user_id: uuid.UUID) -> ResponseReturnValue:
    """Enable a disabled person."""
    viewer = require(Permission.PEOPLE_MANAGE)
    _find(user_id)
    with transaction() as session:
        enable_user(session, user_id, now=utc_now(), actor=viewer.actor)
    flash(_("This person can sign in again."))
    return redirect(url_for("accounts.person", user_id=user_id), 303)


@bp.post("/settings/people/<uuid:user_id>/sessions/ending")
def end_sessions_of(user_id: uuid.UUID) -> ResponseReturnValue:
    """End all sessions of a person, for example when they lost a device. Their phone then deletes the visits stored on it."""
    viewer = require(Permission.PEOPLE_MANAGE)
    _find(user_id)
    with transaction() as session:
        end_all_sessions(session, user_id, now=utc_now(), actor=viewer.actor)
    flash(
        _(
            "All sessions of this person have ended. As soon as this person's phone is online, it deletes the "
            "visits stored on it; unsent data stays on the phone, encrypted."
        )
    )
    return redirect(url_for("accounts.person", user_id=user_id), 303)


@bp.post("/settings/people/<uuid:user_id>/password")
def reset_password(user_id: uuid.UUID) -> ResponseReturnValue:
    """Give a person a new random password and end their sessions. Only this response shows the password."""
    viewer = require(Permission.PEOPLE_MANAGE)
    _find(user_id)
    password = _first_password()
    with transaction() as session:
        set_password(session, get_user(session, user_id, lock=True), password, now=utc_now(), actor=viewer.actor)
    return _person_page(user_id, password=password, status=201)


def _person_page(
    user_id: uuid.UUID,
    *,
    form: PersonForm | None = None,
    password: str = "",
    link: str | None = None,
    problem: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    """Render the page of a person.

    `link` is None if nobody was invited, "" if the invitation went by mail, otherwise the link to pass on.
    """
    found = _find(user_id)
    return page(
        "accounts/person.html",
        person=found,
        form=form or _form_of(found),
        password=password,
        link=link,
        problem=problem,
        now=utc_now(),
        status=status,
    )


def _find(user_id: uuid.UUID) -> Person:
    found = list_people(db.session(), user_id=user_id)
    if not found:
        abort(404)
    return found[0]


def _form_of(found: Person) -> PersonForm:
    form = PersonForm(
        name=found.user.name,
        role=found.user.role.value,
        brands=[b.id for b in found.brands],
        teams=[t.id for t in found.teams],
    )
    return _with_choices(form)


def _with_choices(form: F) -> F:
    session: Session = db.session()
    form.brands.choices = choices((brand.id, brand.name) for brand in list_brands(session))
    form.teams.choices = choices((team.id, team.name) for team in list_teams(session))
    return form


def _standing(form: PersonForm) -> Standing:
    return Standing(
        name=form.name.data,
        role=Role(form.role.data),
        brand_ids=frozenset(form.brands.data),
        team_ids=frozenset(form.teams.data),
    )


def _first_password() -> str:
    """Return a random password of 96 bits, in groups of four for reading aloud."""
    text = new_secret(96).replace("-", "x").replace("_", "y")
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def _last_admin() -> str:
    return str(_("This is the only administrator. Appoint another one first."))
