"""Serve the writes of /users and /teams, for administrators."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer, check_if_match, content_tag
from app.api.authorize import current_viewer, require
from app.api.directory import team_out, user_out
from app.api.directory_queries import get_team, get_user
from app.api.idempotency import write
from app.api.registry import Routes
from app.api.schemas.base import IdPath
from app.api.schemas.directory import TeamCreate, TeamOut, TeamUpdate, UserCreate, UserMade, UserOut, UserUpdate
from app.core.clock import utc_now
from app.core.problems import invalid
from app.core.runtime import runtime
from app.domain.accounts import actions, teams
from app.domain.accounts.invitations import invitation_url
from app.domain.accounts.models import Brand, Team, User
from app.domain.accounts.permissions import Permission
from app.domain.contacts.actions import create_own_contact
from app.domain.events.actions import audit

user_routes, team_routes = Routes("Users"), Routes("Teams")
NEW_USER = {"email": "sanne.visser@example.nl", "name": "Sanne Visser", "role": "agent"}


@user_routes.add("post", "/users", scope="users:write", answers=UserMade, status=201, refuses=(409,), example=NEW_USER)
def create_a_user(body: UserCreate) -> Response:
    """Add a colleague.

    For administrators.
    """
    require(Permission.PEOPLE_MANAGE)
    return write(lambda session: _create_user(session, body))


@user_routes.change(
    "/users/<uuid:id>", scope="users:write", answers=UserOut, example={"role": "lead"}, example_of_put={"name": "Sanne de Visser"}
)
def update_a_user(path: IdPath, body: UserUpdate) -> Response:
    """Change a colleague.

    For administrators. PUT and PATCH do the same: a field that is left out does not change.
    """
    return write(lambda session: _update_user(session, path.id, body))


@team_routes.add(
    "post", "/teams", scope="users:write", answers=TeamOut, status=201, refuses=(409,), example={"name": "Customer service"}
)
def create_a_team(body: TeamCreate) -> Response:
    """Add a team.

    For administrators.
    """
    require(Permission.PEOPLE_MANAGE)
    return write(lambda session: _create_team(session, body))


@team_routes.change(
    "/teams/<uuid:id>",
    scope="users:write",
    answers=TeamOut,
    example={"name": "Service desk"},
    example_of_put={"is_archived": False},
)
def update_a_team(path: IdPath, body: TeamUpdate) -> Response:
    """Change a team.

    For administrators. PUT and PATCH do the same: a field that is left out does not change.
    """
    return write(lambda session: _update_team(session, path.id, body))


def _create_user(session: Session, body: UserCreate) -> Answer:
    actions.check_new_user(session, email=body.email, password=body.password)
    now = utc_now()
    new = actions.NewUser(
        email=body.email,
        name=body.name,
        role=body.role,
        password=body.password,
        contact_id=create_own_contact(session, name=body.name, now=now).id,
        brand_ids=_brand_ids(session, body.brands),
        team_ids=_team_ids(session, body.team_ids),
    )
    user = actions.create_user(session, new, now=now, actor=current_viewer().actor)
    made = _user_answer(session, user.id, 201)
    if body.password is not None:
        return made
    house, actor = runtime().settings, current_viewer().actor
    url = invitation_url(user, public_url=house.public_url, secret_key=house.secret_key, now=now)
    audit(session, action="UserInvited", object_type="user", object_id=str(user.id), now=now, actor=actor)
    told = UserMade(**json.loads(made.text) | {"invitation_url": url})
    return replace(made, text=told.model_dump_json(), kept=made.text)


def _update_user(session: Session, user_id: uuid.UUID, body: UserUpdate) -> Answer:
    viewer, now, sent = current_viewer(), utc_now(), body.model_fields_set
    user = get_user(session, viewer=viewer, user_id=user_id)
    require(Permission.PEOPLE_MANAGE)
    check_if_match(content_tag(user_out(user)))
    if sent - {"is_active"}:
        standing = actions.Standing(
            name=body.name if "name" in sent else user.user.name,
            role=body.role if "role" in sent else user.user.role,
            brand_ids=frozenset(_brand_ids(session, body.brands if "brands" in sent else user.brand_keys)),
            team_ids=frozenset(_team_ids(session, body.team_ids) if "team_ids" in sent else user.team_ids),
        )
        actions.change_standing(session, user_id, standing, now=now, actor=viewer.actor)
    if "is_active" in sent:
        change = actions.enable_user if body.is_active else actions.disable_user
        change(session, user_id, now=now, actor=viewer.actor)
    return _user_answer(session, user_id, 200)


def _create_team(session: Session, body: TeamCreate) -> Answer:
    people = _user_ids(session, body.member_contact_ids)
    team = teams.create_team(session, body.name, user_ids=people, now=utc_now(), actor=current_viewer().actor)
    return _team_answer(session, team.id, 201)


def _update_team(session: Session, team_id: uuid.UUID, body: TeamUpdate) -> Answer:
    viewer, now, sent = current_viewer(), utc_now(), body.model_fields_set
    session.get(Team, team_id, with_for_update=True)
    team = get_team(session, viewer=viewer, team_id=team_id)
    require(Permission.PEOPLE_MANAGE)
    check_if_match(content_tag(team_out(team)))
    if "is_archived" in sent:
        move = teams.archive_team if body.is_archived else teams.restore_team
        move(session, team_id, now=now, actor=viewer.actor)
    if sent - {"is_archived"}:
        people = _user_ids(session, body.member_contact_ids) if "member_contact_ids" in sent else None
        name = body.name if "name" in sent else None
        teams.change_team(session, team_id, name=name, user_ids=people, now=now, actor=viewer.actor)
    return _team_answer(session, team_id, 200)


def _brand_ids(session: Session, keys: Collection[str]) -> list[uuid.UUID]:
    known = {row.key: row.id for row in session.execute(sa.select(Brand.key, Brand.id))}
    if not set(keys) <= set(known):
        raise invalid("brands", "there is no such brand")
    return [known[key] for key in keys]


def _team_ids(session: Session, ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    known = session.execute(sa.select(Team.id).where(Team.id.in_(ids), Team.archived_at.is_(None))).scalars().all()
    if set(ids) - set(known):
        raise invalid("team_ids", "there is no such team")
    return list(known)


def _user_ids(session: Session, contact_ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    known = {
        row.contact_id: row.id
        for row in session.execute(sa.select(User.contact_id, User.id).where(User.contact_id.in_(contact_ids)))
    }
    if set(contact_ids) - set(known):
        raise invalid("member_contact_ids", "there is no such colleague")
    return list(known.values())


def _user_answer(session: Session, user_id: uuid.UUID, status: int) -> Answer:
    session.flush()
    body = user_out(get_user(session, viewer=current_viewer(), user_id=user_id))
    return answer(body, status, etag=content_tag(body), location=f"/api/v1/users/{user_id}" if status == 201 else None)


def _team_answer(session: Session, team_id: uuid.UUID, status: int) -> Answer:
    session.flush()
    body = team_out(get_team(session, viewer=current_viewer(), team_id=team_id))
    return answer(body, status, etag=content_tag(body), location=f"/api/v1/teams/{team_id}" if status == 201 else None)
