"""Set the managers of teams and brands, and the executive. They are notified by SLA escalations.

The caller owns the transaction. Being a manager here gives no permission: permissions follow from role and brands.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand, Team, User
from app.domain.accounts.permissions import Permission, users_with
from app.domain.events.actions import Actor, audit


@dataclass(frozen=True)
class Managers:
    """The user ids of managers: `teams` by team id, `brands` by brand id, and of the executive. None means that nobody is set."""

    teams: Mapping[uuid.UUID, uuid.UUID | None] = field(default_factory=dict)
    brands: Mapping[uuid.UUID, uuid.UUID | None] = field(default_factory=dict)
    executive: uuid.UUID | None = None


def get_managers(session: Session) -> Managers:
    """Return the managers of all teams and brands, and the executive."""
    teams = {row.id: row.manager_user_id for row in session.execute(sa.select(Team.id, Team.manager_user_id))}
    brands = {row.id: row.manager_user_id for row in session.execute(sa.select(Brand.id, Brand.manager_user_id))}
    executive = session.execute(sa.select(User.id).where(User.is_executive)).scalar_one_or_none()
    return Managers(teams, brands, executive)


def list_possible_managers(session: Session) -> list[User]:
    """List the active users who may receive escalations, by name."""
    query = sa.select(User).where(User.disabled_at.is_(None), users_with(Permission.ESCALATIONS_RECEIVE))
    return list(session.execute(query.order_by(User.name, User.id)).scalars())


def set_managers(session: Session, wanted: Managers, *, now: datetime, actor: Actor) -> None:
    """Set managers and the executive. A team or brand that is missing in `wanted` keeps its manager. Each change is audited."""
    known = get_managers(session)
    for kind, table, new, old in (("team", Team, wanted.teams, known.teams), ("brand", Brand, wanted.brands, known.brands)):
        for row_id in sorted(row_id for row_id, user_id in new.items() if row_id in old and old[row_id] != user_id):
            session.execute(sa.update(table).where(table.id == row_id).values(manager_user_id=new[row_id]))
            _note(session, kind, row_id, new[row_id], now=now, actor=actor)
    if wanted.executive != known.executive:
        session.execute(sa.update(User).where(User.is_executive).values(is_executive=False))
        session.execute(sa.update(User).where(User.id == wanted.executive).values(is_executive=True))
        _note(session, "executive", wanted.executive, wanted.executive, now=now, actor=actor)


def _note(
    session: Session, kind: str, row_id: uuid.UUID | None, user_id: uuid.UUID | None, *, now: datetime, actor: Actor
) -> None:
    detail = {"user_id": str(user_id) if user_id else None}
    of = str(row_id) if row_id else ""
    audit(session, action="ManagerNamed", object_type=kind, object_id=of, now=now, actor=actor, detail=detail)
