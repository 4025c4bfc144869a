"""Routes that create, edit, complete, decide and move tasks."""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask import flash, g, make_response, redirect, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.orders.models import Order
from app.domain.orders.queries import find_order_numbered, get_order
from app.domain.tasks.actions import (
    NothingToDecide,
    StatusChange,
    TaskMovedOn,
    WhyRefused,
    create_task,
    decide_task,
    edit_task,
    set_task_status,
)
from app.domain.tasks.models import NOTES_CHARACTERS, Decision, Recurrence, Task, TaskStatus, TaskType
from app.domain.tasks.queries import TaskRow, get_task, list_before
from app.domain.threads.models import Priority, Thread
from app.domain.threads.order_threads import find_order_of_thread
from app.domain.threads.queries import get_thread
from app.domain.threads.timeline import list_assignable_users
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import parse_uuid
from app.web.inbox.words import priority_words
from app.web.pages import page
from app.web.tasks import words
from app.web.tasks.blueprint import bp
from app.web.tasks.forms import TaskForm
from app.web.tasks.order import order_tasks_page
from app.web.tasks.pages import asked_filter, common, list_context
from app.web.tasks.thread import thread_tasks_page


@bp.post("/tasks")
def add_task() -> ResponseReturnValue:
    """Add a task, by default for the writer. With a thread (`thread_id`) or an order (`order_id`) the task is about it."""
    viewer, session = current_viewer(), db.session()
    form = TaskForm({"assignee": str(viewer.user_id), **request.form.to_dict()})
    thread_id = parse_uuid(form.get("thread_id"))
    thread = get_thread(session, viewer=viewer, thread_id=thread_id) if thread_id else None
    order_id = parse_uuid(form.get("order_id"))
    order = get_order(session, viewer=viewer, order_id=order_id, with_threads=False).order if order_id else None
    about = thread or order
    brand_id = about.brand_id if about else parse_uuid(form.get("brand"))
    if brand_id not in viewer.brand_ids:
        form.errors["brand"] = _("Choose one of your brands.")
        brand_id = viewer.brand_ids[0] if viewer.brand_ids else uuid.UUID(int=0)
    content = form.content(
        brand_id=brand_id,
        thread_id=thread.id if thread else None,
        zone=viewer.timezone,
        assignees=_assignees(brand_id),
        order_id=order.id if order else _order_of(form, brand_id, thread),
    )
    if form.errors:
        return _form_again(thread, order, form, status=422)
    with transaction() as writing:
        task = create_task(writing, content, now=utc_now(), actor=viewer.actor)
    runtime().nudger.nudge()
    said = _("Task added")
    if not _is_htmx():
        flash(said)
        return redirect(_where_from(task), 303)
    answer = _form_again(thread, order, TaskForm({}))
    undo = url_for("tasks.set_status", task_id=task.id, status=TaskStatus.CANCELLED.value)
    return _saying(answer, said, undo=undo, shown_in_thread=task.stands_in_thread)


@bp.get("/tasks/<uuid:task_id>")
def show_task(task_id: uuid.UUID) -> ResponseReturnValue:
    """Show one task, with the forms to change it."""
    row = get_task(db.session(), viewer=current_viewer(), task_id=task_id)
    return _editor(row, TaskForm(_values(row.task)))


@bp.post("/tasks/<uuid:task_id>")
def save_task(task_id: uuid.UUID) -> ResponseReturnValue:
    """Change a task. Answers 409 and keeps the typed text if somebody else changed the task meanwhile."""
    viewer = current_viewer()
    row = get_task(db.session(), viewer=viewer, task_id=task_id)
    form = TaskForm(request.form.to_dict())
    task, seen = row.task, form.get("version")
    content = form.content(
        brand_id=task.brand_id,
        thread_id=task.thread_id,
        zone=viewer.timezone,
        assignees=_assignees(task.brand_id),
        before={task_id for task_id, _title in _before(row)},
        order_id=_order_of(form, task.brand_id, None),
    )
    if form.errors:
        return _editor(row, form, status=422)
    try:
        with transaction() as session:
            if_version = int(seen) if seen.isdecimal() and len(seen) < 10 else None
            edit_task(session, task_id, content, now=utc_now(), actor=viewer.actor, if_version=if_version)
    except TaskMovedOn:
        return _editor(get_task(db.session(), viewer=viewer, task_id=task_id), form, moved_on=True, status=409)
    runtime().nudger.nudge()
    flash(_("Saved."))
    return redirect(url_for("tasks.show_task", task_id=task_id), 303)


@bp.post("/tasks/<uuid:task_id>/status")
def set_status(task_id: uuid.UUID) -> ResponseReturnValue:
    """Complete, reopen, cancel or move a task to `status`; `completion_notes` are saved with it."""
    viewer = current_viewer()
    row = get_task(db.session(), viewer=viewer, task_id=task_id)
    status = next((known for known in TaskStatus if known.value == request.values.get("status")), None)
    if status is None:
        return _("This choice does not exist; reload the page and try again."), 422
    notes = request.form.get("completion_notes")
    with transaction() as session:
        change = set_task_status(
            session,
            task_id,
            status,
            now=utc_now(),
            actor=viewer.actor,
            completion_notes=notes.strip()[:NOTES_CHARACTERS] if notes is not None else None,
        )
    runtime().nudger.nudge()
    said = _said(change)
    if not _is_htmx():
        flash(said)
        return redirect(_where_from(row.task), 303)
    undo = url_for("tasks.set_status", task_id=task_id, status=change.former.value) if change.former != status else ""
    return _saying(make_response("", 204), said, undo=undo, shown_in_thread=change.task.stands_in_thread)


@bp.post("/tasks/<uuid:task_id>/decision")
def decide(task_id: uuid.UUID) -> ResponseReturnValue:
    """Approve or refuse (`decision`) what an approval task asks for. A refusal needs a reason (`completion_notes`).

    Answers 422 without that reason, 409 if the task is not an open approval task.
    """
    viewer, form = current_viewer(), TaskForm(request.form.to_dict())
    row = get_task(db.session(), viewer=viewer, task_id=task_id)
    wanted = next((known for known in Decision if known.value == form.get("decision")), None)
    if wanted is None:
        return _("This choice does not exist; reload the page and try again."), 422
    reason = storable(form.get("completion_notes"))[:NOTES_CHARACTERS]
    try:
        with transaction() as session:
            decide_task(session, task_id, wanted, reason=reason, now=utc_now(), actor=viewer.actor)
    except WhyRefused:
        shown = TaskForm(_values(row.task), {"completion-notes": _("Enter your reason for refusing.")})
        return _editor(row, shown, status=422)
    except NothingToDecide:
        return _editor(row, TaskForm(_values(row.task)), moved_on=True, status=409)
    runtime().nudger.nudge()
    flash(words.decision_words(wanted))
    return redirect(url_for("tasks.show_task", task_id=task_id), 303)


@bp.get("/tasks/<uuid:task_id>/reminder")
def reminder(task_id: uuid.UUID) -> ResponseReturnValue:
    """Answer with the reminder of a task as a toast."""
    row = get_task(db.session(), viewer=current_viewer(), task_id=task_id)
    said = _("Reminder: %(title)s", title=words.title_words(row.task.title))
    due = words.due_words(row.task)
    return _saying(make_response("", 204), f"{said} ({due})" if due else said, changed=False)


def _form_again(thread: Thread | None, order: Order | None, form: TaskForm, *, status: int = 200) -> Response:
    """Render the form where it was typed: beside its thread, on its order's page, or above the list."""
    if thread is not None:
        return thread_tasks_page(thread.id, form, status=status)
    return order_tasks_page(order.id, form, status=status) if order is not None else _list_again(form, status)


def _said(change: StatusChange) -> str:
    if change.before is not None:
        return _("Completed, although “%(title)s” should have come first and is still open", title=change.before.title)
    if change.next_task is not None and change.next_task.due_date is not None:
        return _("Completed. This task recurs; it is next due %(when)s", when=words.due_words(change.next_task))
    title = words.title_words(change.task.title)
    if change.task.status == TaskStatus.COMPLETED:
        return _("Completed: %(title)s", title=title)
    return _("%(title)s: %(status)s", title=title, status=words.task_status_words(change.task.status))


def _saying(
    answer: Response, said: str, *, undo: str = "", changed: bool = True, shown_in_thread: bool = False
) -> ResponseReturnValue:
    toast = {"text": said, **({"undo_label": _("Undo"), "undo_url": undo} if undo else {})}
    heard = {"tasks-changed": changed, "thread-changed-here": shown_in_thread}
    answer.headers["HX-Trigger"] = json.dumps({"toast": toast, **{name: True for name, is_so in heard.items() if is_so}})
    return answer


def _is_htmx() -> bool:
    return bool(request.htmx)


def _where_from(task: Task) -> str:
    if request.values.get("back") in ("thread", "timeline") and task.thread_id:
        return url_for("inbox.show_thread", thread_id=task.thread_id)
    if request.values.get("back") == "order" and task.order_id:
        return url_for("orders.show_order", order_id=task.order_id)
    if request.values.get("back") == "inbox":
        return url_for("inbox.list_view", view="tasks")
    if request.form.get("back") == "task":
        return url_for("tasks.show_task", task_id=task.id)
    return url_for("tasks.board") if request.form.get("back") == "board" else url_for("tasks.show_list")


def _order_of(form: TaskForm, brand_id: uuid.UUID, thread: Thread | None) -> uuid.UUID | None:
    """Return the id of the order whose number was typed, or of the thread's order if none was typed. Return None if there is
    none.

    Sets an error if the number is unknown.
    """
    number, session = form.get("order_number").upper(), db.session()
    if not number:
        order = find_order_of_thread(session, thread.id) if thread is not None else None
        return order.id if order is not None else None
    found = find_order_numbered(session, viewer=current_viewer(), brand_id=brand_id, number=number)
    if found is None:
        form.errors["order_number"] = _("This brand has no order %(number)s.", number=number)
    return found.id if found is not None else None


def _assignees(brand_id: uuid.UUID) -> set[uuid.UUID]:
    return {user_id for user_id, _name in list_assignable_users(db.session(), brand_id)}


def _before(row: TaskRow) -> list[tuple[uuid.UUID, str]]:
    """Return pairs (id, title) of the tasks for which this task may wait, including the one for which it waits now."""
    session, task = db.session(), row.task
    known = list_before(session, viewer=current_viewer(), task=task)
    kept = session.get(Task, task.depends_on_id) if task.depends_on_id else None
    if kept is not None and kept.id not in {task_id for task_id, _title in known}:
        known.insert(0, (kept.id, kept.title))
    return known


def _list_again(form: TaskForm, status: int = 200) -> Response:
    return page("tasks/list.html", blocks=("task_add",), status=status, **list_context(asked_filter(), form))


def _number_of(task: Task) -> str:
    order = db.session.get(Order, task.order_id) if task.order_id else None
    return order.order_number if order is not None else ""


def _whom(task: Task) -> dict[str, uuid.UUID]:
    """Return URL arguments that name to whom the viewer can write about the task: the order, or the contact of its thread.

    Return {} if there is neither.
    """
    if task.order_id is not None:
        return {"order_id": task.order_id}
    thread = db.session.get(Thread, task.thread_id) if task.thread_id else None
    return {"contact_id": thread.contact_id} if thread is not None and thread.contact_id else {}


def _values(task: Task) -> dict[str, str]:
    return {
        "title": task.title,
        "notes": task.notes,
        "task_type": task.task_type.value,
        "priority": task.priority.value,
        "assignee": str(task.assignee_user_id or ""),
        "due_date": task.due_date.isoformat() if task.due_date else "",
        "due_time": f"{task.due_time:%H:%M}" if task.due_time else "",
        "reminder": str(task.reminder_minutes) if task.reminder_minutes is not None else "",
        "recurrence": task.recurrence.value if task.recurrence else "",
        "waiting_for": task.waiting_for,
        "depends_on": str(task.depends_on_id or ""),
        "order_number": _number_of(task),
    }


def _editor(row: TaskRow, form: TaskForm, *, moved_on: bool = False, status: int = 200) -> ResponseReturnValue:
    g.current_view = "tasks"
    kept = row.task.reminder_minutes
    unlisted = {kept: _("%(count)s minutes before", count=kept)} if kept else {}
    reminders = {**unlisted, **words.REMINDERS}
    people = list_assignable_users(db.session(), row.task.brand_id)
    context: dict[str, Any] = {
        **common("show_list", asked_filter(), form),
        "row": row,
        "write_to": _whom(row.task),
        "moved_on": moved_on,
        "task_options": {
            "types": [(kind.value, words.task_type_words(kind)) for kind in TaskType],
            "priorities": [(priority.value, priority_words(priority)) for priority in Priority],
            "people": [("", _("Unassigned")), *((str(user_id), name) for user_id, name in people)],
            "reminders": [("", _("None")), *((str(minutes), _(text)) for minutes, text in reminders.items())],
            "before": [("", _("Nothing")), *((str(task_id), title) for task_id, title in _before(row))],
            "recurrences": [("", _("Never")), *((kind.value, words.recurrence_words(kind)) for kind in Recurrence)],
        },
    }
    return page("tasks/task.html", status=status, **context)
