"""Read the filters of a thread list (address, saved view), and turn them into a query for one viewer."""

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
    """A view of the rail, narrowed. "mine" and "mentions" are those of whoever looks: a view for many
    shows each their own threads.

    `tasks`: the reader's own ("mine") or everybody's ("all") stand among the threads, which are in the order of what is due then.
    `assignee` and `channel`: whose threads, and of which channel account; whose goes before the view's own.
    `due`: only what is due by now, by the end of the reader's day, or of the six days after it.
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
        """By when something must be due to be in the list; None: any."""
        due = "overdue" if self.view == "overdue" else self.due
        if due in (None, "overdue"):
            return now if due else None
        days = {"today": 1, "week": 7}[due]
        zone = ZoneInfo(viewer.timezone)
        return datetime.combine(now.astimezone(zone).date() + timedelta(days=days), time(), zone).astimezone(UTC)


def thread_filter(filters: ViewFilters, viewer: Viewer, now: datetime) -> ThreadFilter:
    """Return the filter for this viewer now; a status is looked for among all threads of an open view."""
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
