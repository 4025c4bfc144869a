"""Pages of teams: create, change name and people, archive. Only administrators may open them; the page of brands lists the
teams."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.domain.accounts.models import Team, TeamMember
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_people
from app.domain.accounts.teams import TeamMissing, WrongTeamName, archive_team, change_team, create_team, restore_team
from app.web.accounts.blueprint import bp
from app.web.accounts.forms import TeamForm, choices
from app.web.accounts.session import require
from app.web.pages import page


@bp.get("/settings/teams/new")
def new_team() -> ResponseReturnValue:
    """Show the form of a new team."""
    require(Permission.PEOPLE_MANAGE)
    return page("accounts/team.html", form=_with_people(TeamForm()), team=None)


@bp.post("/settings/teams")
def add_team() -> ResponseReturnValue:
    """Add a team."""
    viewer, form = require(Permission.PEOPLE_MANAGE), _with_people(TeamForm(request.form))
    if form.validate():
        try:
            with transaction() as session:
                create_team(session, form.name.data, user_ids=form.people.data, now=utc_now(), actor=viewer.actor)
        except WrongTeamName as error:
            form.name.errors = [_(str(error))]
        else:
            flash(_("Saved."))
            return redirect(url_for("accounts.brands"), 303)
    return page("accounts/team.html", form=form, team=None, status=422)


@bp.get("/settings/teams/<uuid:team_id>")
def team(team_id: uuid.UUID) -> ResponseReturnValue:
    """Show one team: its name and people."""
    require(Permission.PEOPLE_MANAGE)
    found = _find(team_id)
    members = db.session().execute(sa.select(TeamMember.user_id).where(TeamMember.team_id == team_id)).scalars()
    return page("accounts/team.html", form=_with_people(TeamForm(name=found.name, people=list(members))), team=found)


@bp.post("/settings/teams/<uuid:team_id>")
def save_team(team_id: uuid.UUID) -> ResponseReturnValue:
    """Change a team's name and people."""
    viewer, form = require(Permission.PEOPLE_MANAGE), _with_people(TeamForm(request.form))
    found = _find(team_id)
    if form.validate():
        try:
            with transaction() as session:
                change = {"name": form.name.data, "user_ids": form.people.data}
                change_team(session, team_id, **change, now=utc_now(), actor=viewer.actor)
        except WrongTeamName as error:
            form.name.errors = [_(str(error))]
        else:
            flash(_("Saved."))
            return redirect(url_for("accounts.brands"), 303)
    return page("accounts/team.html", form=form, team=found, status=422)


@bp.post("/settings/teams/<uuid:team_id>/archiving")
def archive_a_team(team_id: uuid.UUID) -> ResponseReturnValue:
    """Archive a team and take its people out."""
    viewer = require(Permission.PEOPLE_MANAGE)
    try:
        with transaction() as session:
            archive_team(session, team_id, now=utc_now(), actor=viewer.actor)
    except TeamMissing:
        abort(404)
    flash(_("The team is archived."))
    return redirect(url_for("accounts.brands"), 303)


@bp.post("/settings/teams/<uuid:team_id>/restoring")
def restore_a_team(team_id: uuid.UUID) -> ResponseReturnValue:
    """Restore an archived team."""
    viewer = require(Permission.PEOPLE_MANAGE)
    try:
        with transaction() as session:
            restore_team(session, team_id, now=utc_now(), actor=viewer.actor)
    except TeamMissing:
        abort(404)
    return redirect(url_for("accounts.team", team_id=team_id), 303)


def _find(team_id: uuid.UUID) -> Team:
    return db.session().get(Team, team_id) or abort(404)


def _with_people(form: TeamForm) -> TeamForm:
    people = (person.user for person in list_people(db.session()))
    form.people.choices = choices((user.id, user.name) for user in people if user.disabled_at is None)
    return form
