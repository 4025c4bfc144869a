"""Create, change, copy, move and delete saved views and searches. The caller owns the transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.events.actions import Subject, record
from app.domain.threads.columns import ASKED_FOR, Column
from app.domain.threads.list_filters import ViewFilters
from app.domain.threads.saved_views import ViewMissing, get_view, list_own_teams, visible_to
from app.domain.threads.sorting import ListSort
from app.domain.threads.view_models import SavedView, ViewScope

NAME_CHARACTERS = 60
VIEWS_PER_USER = 100
ROOM = 1024  # between the places of two views, for those that are put between them
FURTHEST = 2**30
MOVING = 0x76696577  # the lock under which views change places, one at a time


class NotForYou(Exception):
    """Raised when the viewer may not create a view for this audience, or may not change this view."""


class TooManyViews(Exception):
    """The owner has VIEWS_PER_USER views already."""


@dataclass(frozen=True)
class ViewContent:
    """The content of a saved view as people enter it. `team_id` is set only with the scope TEAM."""

    name: str
    scope: ViewScope
    team_id: uuid.UUID | None
    filters: ViewFilters
    sort: ListSort
    search: str | None = None
    hidden_columns: tuple[Column, ...] = ASKED_FOR


def create_view(session: Session, content: ViewContent, *, viewer: Viewer, now: datetime) -> SavedView:
    """Add a view as the last one. Raises NotForYou, TooManyViews."""
    _check_audience(session, content, viewer=viewer, former=None)
    last, own = session.execute(
        sa.select(
            sa.func.coalesce(sa.func.max(SavedView.position), 0),
            sa.func.count().filter(SavedView.owner_user_id == viewer.user_id),
        ).where(visible_to(viewer))
    ).one()
    if own >= VIEWS_PER_USER:
        raise TooManyViews(str(viewer.user_id))
    view = SavedView(id=new_id(), owner_user_id=viewer.user_id, position=last + ROOM, created_at=now, updated_at=now)
    _fill(view, content)
    session.add(view)
    session.flush()
    _note(session, "SavedViewCreated", view.id, viewer=viewer, now=now)
    return view


def change_view(session: Session, view_id: uuid.UUID, content: ViewContent, *, viewer: Viewer, now: datetime) -> SavedView:
    """Change a view's name, audience, filters or order. Raises NotForYou, ViewMissing."""
    view = _lock(session, view_id, viewer=viewer)
    _check_audience(session, content, viewer=viewer, former=view)
    _fill(view, content)
    view.updated_at = now
    session.flush()
    _note(session, "SavedViewChanged", view.id, viewer=viewer, now=now)
    return view


def copy_view(session: Session, view_id: uuid.UUID, *, name: str, viewer: Viewer, now: datetime) -> SavedView:
    """Make a private copy with the same filters. Raises TooManyViews, ViewMissing."""
    view = get_view(session, viewer=viewer, view_id=view_id)
    kept = (view.filters, view.sort, view.search, view.hidden_columns)
    content = ViewContent(name[:NAME_CHARACTERS], ViewScope.PRIVATE, None, *kept)
    return create_view(session, content, viewer=viewer, now=now)


def move_view(session: Session, view_id: uuid.UUID, *, before_id: uuid.UUID | None, viewer: Viewer, now: datetime) -> None:
    """Move a view directly before the view `before_id` in the viewer's list, or to the end if `before_id` is None.

    All views have one common order, and each reader sees a part of it. Others who have this view see it move, too; nothing
    else changes for them. Raises NotForYou, or ViewMissing (also for `before_id`). Then nothing is moved.
    """
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(MOVING)))
    view = _lock(session, view_id, viewer=viewer)
    if _follower(session, view, viewer=viewer) == before_id or before_id == view_id:
        return
    place = _find_place(session, view, before_id, viewer=viewer)
    if place is None:
        _spread(session)
        place = _find_place(session, view, before_id, viewer=viewer)
    if place is None:
        raise RuntimeError("views that were just spread leave room for one more")
    view.position = place
    session.flush()
    _note(session, "SavedViewChanged", view.id, viewer=viewer, now=now)


def _list_places(session: Session, viewer: Viewer) -> list[tuple[uuid.UUID, int]]:
    query = sa.select(SavedView.id, SavedView.position).where(visible_to(viewer))
    query = query.order_by(SavedView.position, SavedView.name, SavedView.id)
    return [(row.id, row.position) for row in session.execute(query)]


def _follower(session: Session, view: SavedView, *, viewer: Viewer) -> uuid.UUID | None:
    """Return the id of the view after this one in the viewer's list, or None if it is the last."""
    ids = [view_id for view_id, _place in _list_places(session, viewer)]
    return next(iter(ids[ids.index(view.id) + 1 :]), None)


def _find_place(session: Session, view: SavedView, before_id: uuid.UUID | None, *, viewer: Viewer) -> int | None:
    """Return a free position directly before the view `before_id`, or at the end if `before_id` is None.

    Return None if no number is free there. Raises `ViewMissing` if the viewer's list does not have `before_id`.
    """
    rows = [row for row in _list_places(session, viewer) if row[0] != view.id]
    ids, places = [row[0] for row in rows], [row[1] for row in rows]
    if before_id is not None and before_id not in ids:
        raise ViewMissing(str(before_id))
    index = len(ids) if before_id is None else ids.index(before_id)
    return _between(places[index - 1] if index else None, places[index] if index < len(places) else None)


def _between(before: int | None, after: int | None) -> int | None:
    low = after - 2 * ROOM if before is None and after is not None else before or 0
    high = low + 2 * ROOM if after is None else after
    place = (low + high) // 2
    return place if low < place < high and abs(place) < FURTHEST else None


def _spread(session: Session) -> None:
    """Renumber all views, leaving free numbers between them. Their order stays the same."""
    order = sa.func.row_number().over(order_by=(SavedView.position, SavedView.name, SavedView.id)).label("place")
    ranked = sa.select(SavedView.id, order).subquery()
    spread = sa.update(SavedView).where(SavedView.id == ranked.c.id).values(position=ranked.c.place * ROOM)
    session.execute(spread.execution_options(synchronize_session=False))


def delete_view(session: Session, view_id: uuid.UUID, *, viewer: Viewer, now: datetime) -> None:
    """Delete a view. Raises NotForYou, ViewMissing."""
    session.delete(_lock(session, view_id, viewer=viewer))
    session.flush()
    _note(session, "SavedViewDeleted", view_id, viewer=viewer, now=now)


def _lock(session: Session, view_id: uuid.UUID, *, viewer: Viewer) -> SavedView:
    query = sa.select(SavedView).where(SavedView.id == view_id, visible_to(viewer)).with_for_update()
    view = session.execute(query).scalar_one_or_none()
    if view is None:
        raise ViewMissing(str(view_id))
    if view.owner_user_id != viewer.user_id and not (viewer.may(Permission.VIEWS_SHARE) and view.scope != ViewScope.PRIVATE):
        raise NotForYou(str(view_id))
    return view


def _check_audience(session: Session, content: ViewContent, *, viewer: Viewer, former: SavedView | None) -> None:
    if content.scope == ViewScope.EVERYONE and not viewer.may(Permission.VIEWS_SHARE):
        raise NotForYou(content.scope)
    if content.scope != ViewScope.TEAM or (former is not None and former.team_id == content.team_id):
        return
    if content.team_id not in dict(list_own_teams(session, viewer=viewer)):
        raise NotForYou(str(content.team_id))


def _fill(view: SavedView, content: ViewContent) -> None:
    view.name, view.scope = content.name, content.scope
    view.team_id = content.team_id if content.scope == ViewScope.TEAM else None
    view.search, view.hidden_columns = content.search, [column.value for column in content.hidden_columns]
    view.filters, view.sort = content.filters.model_dump(mode="json", exclude_none=True), content.sort


def _note(session: Session, event_type: str, view_id: uuid.UUID, *, viewer: Viewer, now: datetime) -> None:
    about = ("saved_view", view_id)
    record(session, event_type, subject=Subject(), now=now, actor=viewer.actor, payload={"id": str(view_id)}, about=about)
