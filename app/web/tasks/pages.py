"""Pages of tasks: list, board, calendar."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue
from flask_babel import format_date

from app.core.clock import utc_now
from app.core.db import db
from app.core.links import url_for
from app.core.translation import gettext as _
from app.domain.accounts.queries import list_brands
from app.domain.appointments.queries import AppointmentRow, list_appointments_of_days
from app.domain.tasks.calendar import NO_TASKS, CalendarTask, DayOfTasks, list_by_day
from app.domain.tasks.models import OPEN_STATUSES, TaskStatus, TaskType
from app.domain.tasks.queries import LIST_LIMIT, TaskFilter, TaskRow, list_columns, list_tasks
from app.web.accounts.session import current_viewer
from app.web.inbox.words import today
from app.web.pages import page
from app.web.tasks import words
from app.web.tasks.blueprint import bp
from app.web.tasks.forms import TaskForm

BOARD = (TaskStatus.OPEN, TaskStatus.IN_PROGRESS, TaskStatus.WAITING, TaskStatus.COMPLETED)
COMPLETED_SHOWN = 10
# How many tasks are shown at first, asked for more, and at most.
LIST_STEPS = (30, 100, LIST_LIMIT)
COLUMN_STEPS = (10, 50, LIST_LIMIT)
# Of a day of the calendar; the tasks of a day are counted up to DAY_COUNTED.
DAY_SHOWN, DAY_COUNTED = 5, 25


@dataclass(frozen=True)
class First:
    """The first tasks of a list, by due time. `is_cut` is True if there are more."""

    rows: tuple[TaskRow, ...]
    is_cut: bool


@dataclass(frozen=True)
class Day:
    """A day of the calendar with its tasks and appointments. `count`: the number of its tasks, including those not shown."""

    date: date
    in_month: bool
    is_today: bool
    is_whole: bool
    """It was asked for with all its tasks."""
    tasks: tuple[CalendarTask, ...]
    count: int
    appointments: tuple[AppointmentRow, ...] = ()

    @property
    def left_out(self) -> str:
        """The number of tasks that are not shown, as text; "" if all are shown. It ends with "+" if not all were counted."""
        rest = self.count - len(self.tasks)
        is_uncounted = rest and not self.is_whole and self.count > DAY_COUNTED
        return f"{DAY_COUNTED - len(self.tasks)}+" if is_uncounted else str(rest or "")


def asked_filter() -> dict[str, Any]:
    """Return the filter in the URL: `who` (mine or all), `type`, `status`, and `more` (0 to 2: how many rows to show).

    An unknown value counts as missing.
    """
    args = request.args
    return {
        "more": {"1": 1, "2": 2}.get(args.get("more", ""), 0),
        "who": "all" if args.get("who") == "all" else "mine",
        "type": next((kind for kind in TaskType if kind.value == args.get("type")), None),
        "status": next((status for status in TaskStatus if status.value == args.get("status")), None),
    }


def filter_from(asked: dict[str, Any], **more: Any) -> TaskFilter:
    mine = current_viewer().user_id if asked["who"] == "mine" else None
    return TaskFilter(assignee_user_id=mine, task_type=asked["type"], **more)


def tasks_url(endpoint: str, asked: dict[str, Any], **changes: Any) -> str:
    """Return the URL of the page `endpoint` with the filter `asked`, in which `changes` replace some values."""
    values = {**asked, **changes}
    kept = {name: getattr(value, "value", value) for name, value in values.items() if value and value != "mine"}
    return url_for(endpoint, **kept)


def common(view: str, asked: dict[str, Any], form: TaskForm | None = None) -> dict[str, Any]:
    """Return the template context of every page of tasks. One query."""
    g.current_view = "tasks"
    viewer = current_viewer()
    endpoint = f"tasks.{view}"
    return {
        "view": view,
        "asked": asked,
        "here": lambda **changes: tasks_url(endpoint, asked, **changes),
        "views": [
            (text, tasks_url(f"tasks.{name}", asked, **({} if name == "show_list" else {"status": None})), name == view)
            for name, text in (("show_list", _("List")), ("board", _("Board")), ("show_calendar", _("Calendar")))
        ],
        "brands": [brand for brand in list_brands(db.session()) if brand.id in viewer.brand_ids],
        "types": list(TaskType),
        "statuses": list(TaskStatus),
        "form": form or TaskForm({}),
    }


def list_context(asked: dict[str, Any], form: TaskForm | None = None) -> dict[str, Any]:
    """Return the template context of the list. Two queries."""
    limit = LIST_STEPS[asked["more"]]
    filter = filter_from(asked, status=asked["status"])
    first = _first(list_tasks(db.session(), viewer=current_viewer(), filter=filter, limit=limit + 1), limit)
    ended = asked["status"] is not None and asked["status"] not in OPEN_STATUSES
    groups = (
        [words.Group("ended", words.task_status_words(asked["status"]), first.rows)] if ended and first.rows else
        words.grouped(first.rows, now=utc_now(), day=today())
    )  # fmt: skip
    return {**common("show_list", asked, form), "groups": groups, **_cut(asked, LIST_STEPS, first.is_cut)}


def _first(rows: list[TaskRow], limit: int) -> First:
    return First(tuple(rows[:limit]), len(rows) > limit)


def _cut(asked: dict[str, Any], steps: tuple[int, ...], is_cut: bool) -> dict[str, Any]:
    """Return the template context for the end of a view that may not show all tasks: what is shown, and the next step of
    "more"."""
    return {
        "is_cut": is_cut,
        "shown": steps[asked["more"]],
        "next_step": asked["more"] + 1 if asked["more"] + 1 < len(steps) else None,
    }


@bp.get("/tasks")
def show_list() -> ResponseReturnValue:
    """Show open tasks by when they are due; as a fragment: `task-list`."""
    return page("tasks/list.html", blocks=("task_list",), **list_context(asked_filter()))


@bp.get("/tasks/board")
def board() -> ResponseReturnValue:
    """Show a column for each task status; as a fragment: `task-board`."""
    asked = {**asked_filter(), "status": None}
    shown = {status: COLUMN_STEPS[asked["more"]] if status in OPEN_STATUSES else COMPLETED_SHOWN for status in BOARD}
    limits = {status: limit + 1 for status, limit in shown.items()}
    found = list_columns(db.session(), viewer=current_viewer(), filter=filter_from(asked), limits=limits)
    columns = [(status, _first(rows, shown[status])) for status, rows in found.items()]
    is_cut = any(first.is_cut for status, first in columns if status in OPEN_STATUSES)
    context = {**common("board", asked), "columns": columns, **_cut(asked, COLUMN_STEPS, is_cut)}
    return page("tasks/board.html", blocks=("task_board",), **context)


@bp.get("/tasks/calendar")
def show_calendar() -> ResponseReturnValue:
    """Show a month (`month`, such as 2026-11) with the first tasks of each day. The day `day` (such as 2026-11-21) shows all of
    its tasks.

    As a fragment: `task-calendar`.
    """
    asked, first, whole = {**asked_filter(), "status": None}, _month_asked_for(), _day_asked_for()
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    found = _tasks_of(asked, [day for week in weeks for day in week], shown=DAY_SHOWN, counted=DAY_COUNTED + 1)
    if whole in found:
        found |= _tasks_of(asked, [whole], shown=LIST_LIMIT, counted=LIST_LIMIT + 1)
    planned = _appointments_of(asked, weeks[0][0], weeks[-1][-1])
    context = {
        **common("show_calendar", asked),
        "has_tasks": bool(found or planned),
        "whole": whole if whole in found else None,
        "limit": LIST_LIMIT,
        "weeks": [
            [
                Day(
                    day,
                    day.month == first.month,
                    day == today(),
                    day == whole,
                    *found.get(day, NO_TASKS),
                    tuple(planned.get(day, ())),
                )
                for day in week
            ]
            for week in weeks
        ],
        "weekdays": [format_date(day, "EEE") for day in weeks[0]],
        "month_name": format_date(first, "MMMM y"),
        "month": f"{first:%Y-%m}",
        "earlier": f"{first - timedelta(days=1):%Y-%m}",
        "later": f"{first + timedelta(days=31):%Y-%m}",
    }
    return page("tasks/calendar.html", blocks=("task_calendar",), **context)


def _tasks_of(asked: dict[str, Any], days: list[date], *, shown: int, counted: int) -> dict[date, DayOfTasks]:
    viewer, filter = current_viewer(), filter_from(asked, statuses=(*OPEN_STATUSES, TaskStatus.COMPLETED))
    return list_by_day(db.session(), viewer=viewer, filter=filter, days=days, now=utc_now(), shown=shown, counted=counted)


def _appointments_of(asked: dict[str, Any], first: date, last: date) -> dict[date, list[AppointmentRow]]:
    """Return appointments by day, from `first` to `last`: the viewer's, or everybody's if the filter says so.

    Return {} if the filter chooses a type of task.
    """
    if asked["type"] is not None:
        return {}
    viewer = current_viewer()
    whose = viewer.user_id if asked["who"] == "mine" else None
    return list_appointments_of_days(db.session(), viewer=viewer, first=first, last=last, technician_user_id=whose)


def _day_asked_for() -> date | None:
    try:
        return date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return None


def _month_asked_for() -> date:
    try:
        found = date.fromisoformat(f"{request.args.get('month', '')}-01")
    except ValueError:
        found = today().replace(day=1)
    return found if 2000 <= found.year <= 2100 else today().replace(day=1)
