"""Put tasks into words: types, states, due times, groups. No database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask_babel import to_user_timezone

from app.core.clock import utc_now
from app.core.translation import date_words
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.tasks.models import Decision, Recurrence, Task, TaskStatus, TaskType
from app.domain.tasks.queries import TaskRow
from app.web.inbox.words import today

TYPES = {
    TaskType.FOLLOW_UP: N_("Follow up"),
    TaskType.CALLBACK: N_("Call back"),
    TaskType.SEND_EMAIL: N_("Send an email"),
    TaskType.SCHEDULE_VISIT: N_("Schedule a visit"),
    TaskType.ESCALATE: N_("Escalate"),
    TaskType.RESEARCH: N_("Research"),
    TaskType.DOCUMENTATION: N_("Documentation"),
    TaskType.APPROVAL_REQUEST: N_("Approval"),
    TaskType.OTHER: N_("Other"),
}
TYPE_ICONS = {
    TaskType.FOLLOW_UP: "corner-up-left",
    TaskType.CALLBACK: "phone",
    TaskType.SEND_EMAIL: "mail",
    TaskType.SCHEDULE_VISIT: "map-pin",
    TaskType.ESCALATE: "triangle-alert",
    TaskType.RESEARCH: "search",
    TaskType.DOCUMENTATION: "file-text",
    TaskType.APPROVAL_REQUEST: "shield",
    TaskType.OTHER: "circle-check",
}
STATUSES = {
    TaskStatus.OPEN: N_("To do"),
    TaskStatus.IN_PROGRESS: N_("In progress"),
    TaskStatus.WAITING: N_("Waiting"),
    TaskStatus.COMPLETED: N_("Completed"),
    TaskStatus.CANCELLED: N_("Cancelled"),
}
RECURRENCES = {Recurrence.DAILY: N_("Every day"), Recurrence.WEEKLY: N_("Every week"), Recurrence.MONTHLY: N_("Every month")}
REMINDERS = {
    0: N_("At the due time"),
    15: N_("15 minutes before"),
    60: N_("1 hour before"),
    1440: N_("1 day before"),
}


@dataclass(frozen=True)
class Group:
    """A heading of the list and the tasks below it."""

    key: str
    title: str
    rows: tuple[TaskRow, ...]


DECISIONS = {Decision.APPROVED: N_("Approved"), Decision.REFUSED: N_("Refused")}


def decision_words(decision: Decision) -> str:
    return _(DECISIONS[decision])


def task_type_words(value: str) -> str:
    return _(TYPES[TaskType(value)])


def task_type_icon(value: str) -> str:
    return TYPE_ICONS[TaskType(value)]


def task_status_words(value: str) -> str:
    return _(STATUSES[TaskStatus(value)])


def recurrence_words(value: str) -> str:
    return _(RECURRENCES[Recurrence(value)])


def due_words(task: Task) -> str:
    """Return when a task is due, as short as is clear: "Today 14:00", "Tomorrow", "Fri 4 Dec". Return "" if it has no date."""
    if task.due_date is None:
        return ""
    day, clock = task.due_date, f" {task.due_time:%H:%M}" if task.due_time else ""
    if task.due_time is not None and task.due_at is not None:
        local = to_user_timezone(task.due_at)
        day, clock = local.date(), f" {local:%H:%M}"
    return _day_words(day, today()) + clock


def _day_words(day: date, now: date) -> str:
    near = {0: _("Today"), 1: _("Tomorrow"), -1: _("Yesterday")}
    return near.get((day - now).days) or date_words(day, "EEE d MMM" if day.year == now.year else "EEE d MMM y")


def is_overdue(row: TaskRow) -> bool:
    return row.is_overdue(utc_now())


def grouped(rows: Sequence[TaskRow], *, now: datetime, day: date) -> list[Group]:
    """Return the tasks grouped as overdue, today, tomorrow, this week, later, no date; empty groups are left out."""
    titles = {
        "overdue": _("Overdue"),
        "today": _("Today"),
        "tomorrow": _("Tomorrow"),
        "week": _("This week"),
        "later": _("Later"),
        "none": _("No date"),
    }
    held: dict[str, list[TaskRow]] = {key: [] for key in titles}
    for row in rows:
        held[_group_of(row, now, day)].append(row)
    return [Group(key, title, tuple(held[key])) for key, title in titles.items() if held[key]]


def _group_of(row: TaskRow, now: datetime, day: date) -> str:
    due = row.task.due_date
    if due is None:
        return "none"
    if row.is_overdue(now):
        return "overdue"
    if due <= day + timedelta(days=1):
        return "today" if due <= day else "tomorrow"
    return "week" if due <= day + timedelta(days=6 - day.weekday()) else "later"


# What our own titles of tasks begin with: stored in English, shown in the reader's language.
HEADINGS = frozenset({N_("Overdue answer"), N_("Overdue resolution")})


def title_words(title: str) -> str:
    """Return a task's title as it was written. A title that we made ("Overdue answer: …") gets its first part in the reader's
    language."""
    heading, _colon, rest = title.partition(": ")
    return _("%(heading)s: %(rest)s", heading=_(heading), rest=rest) if heading in HEADINGS else title


FILTERS = {
    "title_words": title_words,
    "day_of_month": lambda day: date_words(day, "d MMMM"),
    "task_type_words": task_type_words,
    "task_type_icon": task_type_icon,
    "task_status_words": task_status_words,
    "decision_words": decision_words,
    "recurrence_words": recurrence_words,
    "due_words": due_words,
    "is_overdue": is_overdue,
}
