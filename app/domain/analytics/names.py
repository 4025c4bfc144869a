"""Read the choices of a report's filters with their names: brands, channels, teams, users, and saved reports."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer, colleagues_of
from app.domain.accounts.models import Brand, Team, User
from app.domain.analytics.saved import seen_reports
from app.domain.analytics.saved_models import SavedReport
from app.domain.connections.models import MEDIUM_OF, Channel, ChannelType, Medium


@dataclass(frozen=True)
class KeptReport:
    """A saved report in a menu; `args` are its query parameters."""

    name: str
    args: dict[str, Any]
    is_shared: bool


@dataclass
class Names:
    """The names for the choices of a report's filters, by id and in alphabetical order. `media`: the medium of each channel.
    `people`: users who see one of the brands, including disabled users."""

    brands: dict[uuid.UUID, str] = field(default_factory=dict)
    channels: dict[uuid.UUID, str] = field(default_factory=dict)
    media: dict[uuid.UUID, Medium] = field(default_factory=dict)
    teams: dict[uuid.UUID, str] = field(default_factory=dict)
    people: dict[uuid.UUID, str] = field(default_factory=dict)
    reports: list[KeptReport] = field(default_factory=list)


def read_names(session: Session, viewer: Viewer) -> Names:
    """Return the names of brands, channels, teams, users and saved reports that the viewer may see. One query."""
    found = Names()
    for row in session.execute(_query(viewer)):
        if row.what == "report":
            found.reports.append(KeptReport(row.name, row.args, row.is_shared))
            continue
        getattr(found, row.what)[row.id] = row.name
        if row.what == "channels":
            found.media[row.id] = MEDIUM_OF[ChannelType(row.channel_type)]
    return found


def _query(viewer: Viewer) -> sa.Select[Any]:
    rows = sa.union_all(
        _named("brands", Brand, Brand.id.in_(viewer.brand_ids)),
        _named("channels", Channel, Channel.brand_id.in_(viewer.brand_ids), channel_type=sa.cast(Channel.channel_type, sa.Text)),
        _named("teams", Team, Team.archived_at.is_(None)),
        _named("people", User, colleagues_of(viewer.brand_ids)),
        _named("report", SavedReport, seen_reports(viewer), args=SavedReport.args, is_shared=SavedReport.is_shared),
    ).subquery()
    return sa.select(rows).order_by(sa.func.lower(rows.c.name), rows.c.id)


def _named(what: str, table: Any, which: sa.ColumnElement[bool], **more: Any) -> sa.Select[Any]:
    beside = {
        "channel_type": sa.cast(sa.null(), sa.Text),
        "args": sa.cast(sa.null(), JSONB),
        "is_shared": sa.cast(sa.null(), sa.Boolean),
    }
    columns = [column.label(name) for name, column in {**beside, **more}.items()]
    return sa.select(sa.literal(what).label("what"), table.id, table.name, *columns).where(which)
