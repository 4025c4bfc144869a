"""Read the filters of a thread list (URL, saved view), and convert them to a query for one viewer."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from app.domain.accounts.access import Viewer
from app.domain.threads.models import Priority, ThreadStatus, ThreadType
from app.domain.threads.queries import ThreadFilter
from app.domain.threads.tags import TAG_CHARACTERS

RailView = Literal[
    "open",
    "mine",
    "unassigned",
    "mentions",
    "overdue",
    "unsent",
    "snoozed",
    "email",
    "whatsapp",
    "sms",
    "phone",
    "internal",
    "all",
    "resolved",
    "spam",
]
NOBODY = "nobody"
Due = Literal["overdue", "today", "week"]


class ViewFilters(BaseModel):
    """A view of the rail (sidebar) with further filters.

    The views "mine" and "mentions" are about the reader: each reader of a shared view sees their own threads there.
    `tasks` adds tasks of the reader ("mine") or of everybody ("all") to the threads and sorts all of them by due time.
    `assignee` and `channel` limit to a user and a channel; `assignee` replaces the assignee that the view has.
    `due` limits to threads that are due by now ("overdue"), by the end of the reader's day ("today"), or by the end of the
    six days after it ("week").
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    view: RailView = "open"
    status: ThreadStatus | None = None
    priority: Priority | None = None
    brand: uuid.UUID | None = None
    team: uuid.UUID | None = None
    tag: Annotated[str, Field(min_length=1, max_length=TAG_CHARACTERS)] | None = None
    tasks: Literal["mine", "all"] | None = None
    type: ThreadType | None = None
    order: uuid.UUID | None = None
    assignee: uuid.UUID | Literal["nobody"] | None = None
    channel: uuid.UUID | None = None
    due: Due | None = None

    def due_until(self, viewer: Viewer, now: datetime) -> datetime | None:
        """Return the time by which a thread must be due to be listed, or None if the due time does not matter."""
        due = "overdue" if self.view == "overdue" else self.due
        if due in (None, "overdue"):
            return now if due else None
        days = {"today": 1, "week": 7}[due]
        zone = ZoneInfo(viewer.timezone)
        return datetime.combine(now.astimezone(zone).date() + timedelta(days=days), time(), zone).astimezone(UTC)


def thread_filter(filters: ViewFilters, viewer: Viewer, now: datetime) -> ThreadFilter:
    """Return the filter for this viewer at `now`. If `status` is set, resolved and snoozed threads are listed, too."""
    known = {
        "open": ThreadFilter(),
        "mine": ThreadFilter(assignee_user_id=viewer.user_id),
        "unassigned": ThreadFilter(unassigned=True),
        "mentions": ThreadFilter(mentioned_user_id=viewer.user_id),
        "overdue": ThreadFilter(),
        "unsent": ThreadFilter(view="unsent"),
        "snoozed": ThreadFilter(view="snoozed"),
        "email": ThreadFilter(medium="email"),
        "whatsapp": ThreadFilter(medium="whatsapp"),
        "sms": ThreadFilter(medium="sms"),
        "phone": ThreadFilter(medium="phone"),
        "internal": ThreadFilter(medium="internal"),
        "all": ThreadFilter(view="all"),
        "resolved": ThreadFilter(view="all", status=ThreadStatus.RESOLVED),
        "spam": ThreadFilter(view="spam"),
    }
    found = known[filters.view]
    if filters.status is not None:
        found = replace(found, view="all" if found.view == "open" else found.view, status=filters.status)
    found = replace(found, brand_id=filters.brand, team_id=filters.team, tag=filters.tag, priority=filters.priority)
    found = replace(found, thread_type=filters.type, order_id=filters.order, channel_id=filters.channel)
    if isinstance(filters.assignee, uuid.UUID):
        found = replace(found, unassigned=False, assignee_user_id=filters.assignee)
    elif filters.assignee == NOBODY:
        found = replace(found, unassigned=True, assignee_user_id=None)
    return replace(found, due_until=filters.due_until(viewer, now))
