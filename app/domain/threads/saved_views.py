"""Read the saved views and searches a viewer has: their own, their teams' and everyone's."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Team, TeamMember
from app.domain.accounts.permissions import Permission
from app.domain.threads.columns import Column, read_hidden
from app.domain.threads.list_filters import ViewFilters, thread_filter
from app.domain.threads.queries import count_lists
from app.domain.threads.sorting import ListSort
from app.domain.threads.view_models import SavedView, ViewScope

IN_RAIL = 20
COUNTED = 8


class ViewMissing(Exception):
    """The saved view does not exist, or is not for this viewer."""


@dataclass(frozen=True)
class View:
    """A saved view as pages use it. A view with `search` opens that search; its `filters` are ignored."""

    id: uuid.UUID
    name: str
    owner_user_id: uuid.UUID
    scope: ViewScope
    team_id: uuid.UUID | None
    filters: ViewFilters
    sort: ListSort
    search: str | None = None
    hidden_columns: tuple[Column, ...] = ()

    def may_be_changed_by(self, viewer: Viewer) -> bool:
        """Return whether the viewer may change the view. Its owner may; everybody who may share views may change shared ones."""
        return viewer.user_id == self.owner_user_id or (viewer.may(Permission.VIEWS_SHARE) and self.scope != ViewScope.PRIVATE)


# A part of the query that counts for the rail, so that the rail's views cost no query of their own.
SELECT_FOR_RAIL = (
    "(SELECT coalesce(json_agg(v ORDER BY v.position, v.name, v.id), '[]') FROM"
    " (SELECT id, name, owner_user_id, scope, team_id, filters, sort, search, hidden_columns, position FROM saved_views"
    " WHERE owner_user_id = :me OR scope = 'everyone' OR team_id IN (SELECT team_id FROM team_members WHERE user_id = :me)"
    " ORDER BY position, name, id LIMIT :in_rail) v)"
)
# For whom a view may be saved stands in the head of every list.
SELECT_OWN_TEAMS = (
    "(SELECT coalesce(json_agg(json_build_object('id', id, 'name', name) ORDER BY name), '[]') FROM teams"
    " WHERE id IN (SELECT team_id FROM team_members WHERE user_id = :me))"
)


def read_rail(rows: Iterable[sa.RowMapping | Mapping[str, Any]]) -> tuple[View, ...]:
    """Convert the rows of SELECT_FOR_RAIL into views. A view whose filters cannot be read is left out."""
    return tuple(view for view in map(_read, rows) if view is not None)


def _read(row: sa.RowMapping | Mapping[str, Any]) -> View | None:
    try:
        filters = ViewFilters.model_validate(row["filters"])
    except ValidationError:
        return None
    team_id = uuid.UUID(str(row["team_id"])) if row["team_id"] else None
    scope, sort = ViewScope(row["scope"]), ListSort(row["sort"])
    view_id, owner = uuid.UUID(str(row["id"])), uuid.UUID(str(row["owner_user_id"]))
    hidden = read_hidden(row["hidden_columns"])
    return View(view_id, row["name"], owner, scope, team_id, filters, sort, row["search"], hidden)


def visible_to(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Return the SQL condition for saved views that are in this viewer's list."""
    teams = sa.select(TeamMember.team_id).where(TeamMember.user_id == viewer.user_id)
    return sa.or_(SavedView.owner_user_id == viewer.user_id, SavedView.scope == ViewScope.EVERYONE, SavedView.team_id.in_(teams))


def list_views(session: Session, *, viewer: Viewer) -> list[View]:
    """List all views the viewer has, in the order of the rail. One query."""
    query = sa.select(SavedView.__table__).where(visible_to(viewer))
    query = query.order_by(SavedView.position, SavedView.name, SavedView.id)
    return list(read_rail(session.execute(query).mappings()))


def get_view(session: Session, *, viewer: Viewer, view_id: uuid.UUID) -> View:
    """Return a view the viewer has. One query. Raises ViewMissing."""
    query = sa.select(SavedView.__table__).where(SavedView.id == view_id, visible_to(viewer))
    row = session.execute(query).mappings().one_or_none()
    view = _read(row) if row is not None else None
    if view is None:
        raise ViewMissing(str(view_id))
    return view


def count_of_views(session: Session, *, viewer: Viewer, views: Iterable[View], now: datetime) -> dict[uuid.UUID, int]:
    """Count the threads of the first COUNTED views, at most COUNT_CAP each. Return a dict from view id to count. One query.

    Saved searches are not counted, as no index limits the cost of counting them.
    """
    chosen = [view for view in views if view.search is None][:COUNTED]
    filters = [thread_filter(view.filters, viewer, now) for view in chosen]
    return dict(zip((view.id for view in chosen), count_lists(session, viewer=viewer, filters=filters), strict=True))


def list_own_teams(session: Session, *, viewer: Viewer) -> list[tuple[uuid.UUID, str]]:
    """List (id, name) of the teams the viewer belongs to, by name."""
    query = sa.select(Team.id, Team.name).join(TeamMember, TeamMember.team_id == Team.id)
    query = query.where(TeamMember.user_id == viewer.user_id).order_by(Team.name)
    return [(row.id, row.name) for row in session.execute(query)]
