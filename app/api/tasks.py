"""Serve /tasks: list, read, create and change tasks."""

from __future__ import annotations

import uuid
from datetime import date, time
from functools import partial
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer, check_if_match, show, version_tag
from app.api.authorize import current_viewer
from app.api.brand import choose_brand_id
from app.api.idempotency import write
from app.api.references import named_thread, named_user_id
from app.api.registry import Routes
from app.api.schemas.base import IdPath
from app.api.schemas.tasks import ReminderOut, TaskCreate, TaskListQuery, TaskOut, TaskPage, TaskUpdate
from app.core.clock import utc_now
from app.core.db import db
from app.core.keyset import Sort
from app.core.problems import invalid
from app.domain.accounts.access import Viewer
from app.domain.orders.queries import OrderMissing
from app.domain.orders.queries import get_order as find_order
from app.domain.tasks.actions import (
    NothingToDecide,
    TaskContent,
    WhyRefused,
    create_task,
    decide_task,
    edit_task,
    lock_task,
    set_task_status,
)
from app.domain.tasks.api_queries import TaskConditions, TaskRecord, get_task_record, list_task_records
from app.domain.tasks.models import Task
from app.domain.tasks.queries import may_wait_for

routes = Routes("Tasks")
CREATE = {
    "task_title": "Call back about the fuse box",
    "task_type": "callback",
    "priority": "high",
    "brand": "chargecars",
    "due_date": "2026-12-01",
    "due_time": "14:30",
    "reminder_settings": {"minutes_before": 15},
}
CONTENT = {
    "task_title": "title",
    "task_description": "notes",
    "task_type": "task_type",
    "priority": "priority",
    "due_date": "due_date",
    "recurrence": "recurrence",
}
NEEDS_DATE = "needs a due_date"
_assignee = partial(named_user_id, field="assigned_to_contact_id", given="tasks")


@routes.add("get", "/tasks", scope="tasks:read", answers=TaskPage)
def list_tasks(query: TaskListQuery) -> Response:
    """List tasks.

    Limited to the brands the token's owner may see. Completed and cancelled ones are included unless `status` says otherwise.
    """
    page = list_task_records(
        db.session(),
        viewer=current_viewer(),
        conditions=TaskConditions(**query.model_dump(exclude={"limit", "cursor", "sort"})),
        sort=Sort.parse(query.sort),
        cursor=query.cursor,
        limit=query.limit,
    )
    return answer(TaskPage(items=[_task_out(r) for r in page.items], next_cursor=page.next_cursor)).response()


@routes.add("get", "/tasks/<uuid:id>", scope="tasks:read", answers=TaskOut, refuses=(404,))
def get_task(path: IdPath) -> Response:
    """Show one task."""
    record = get_task_record(db.session(), viewer=current_viewer(), task_id=path.id)
    return show(_task_out(record), etag=version_tag(record.task))


@routes.add("post", "/tasks", scope="tasks:write", answers=TaskOut, status=201, refuses=(409,), example=CREATE)
def create_a_task(body: TaskCreate) -> Response:
    """Add a task."""
    return write(lambda session: _create(session, current_viewer(), body))


@routes.change(
    "/tasks/<uuid:id>",
    scope="tasks:write",
    answers=TaskOut,
    example={"status": "completed"},
    example_of_put={"priority": "urgent"},
)
def update_a_task(path: IdPath, body: TaskUpdate) -> Response:
    """Change a task.

    PUT and PATCH do the same: a field that is left out does not change.
    """
    return write(lambda session: _update(session, current_viewer(), path.id, body))


def _create(session: Session, viewer: Viewer, body: TaskCreate) -> Answer:
    thread = named_thread(session, viewer, body.thread_id)
    owner = thread.brand_id if thread else None
    brand_id = choose_brand_id(session, viewer=viewer, key=body.brand, owner=owner, owner_name="thread")
    dates = _dates(body.due_date, body.due_time, body.reminder_settings, body.recurrence)
    content = TaskContent(
        brand_id=brand_id,
        title=" ".join(body.task_title.split()),
        notes=body.task_description,
        task_type=body.task_type,
        priority=body.priority,
        assignee_user_id=_assignee(session, body.assigned_to_contact_id, brand_id),
        thread_id=thread.id if thread else None,
        order_id=_order_id(session, viewer, body.order_id, brand_id),
        recurrence=body.recurrence,
        waiting_for=_waiting_for(body.waiting_for, thread.id if thread else None),
        depends_on_id=_before(session, viewer, body.depends_on, brand_id),
        zone=viewer.timezone,
        **dates,
    )
    task = create_task(session, content, now=utc_now(), actor=viewer.actor)
    return _answer(session, viewer, task.id, 201)


def _update(session: Session, viewer: Viewer, task_id: uuid.UUID, body: TaskUpdate) -> Answer:
    get_task_record(session, viewer=viewer, task_id=task_id)
    thread = named_thread(session, viewer, body.thread_id)
    task, now = lock_task(session, task_id, thread.id if thread else None), utc_now()
    check_if_match(version_tag(task))
    content = _changed(session, viewer, task, body)
    if content != _content(task):
        edit_task(session, task_id, content, now=now, actor=viewer.actor)
    if "decision" in body.model_fields_set:
        _decide(session, viewer, task_id, body)
    elif "status" in body.model_fields_set:
        notes = body.completion_notes if "completion_notes" in body.model_fields_set else None
        set_task_status(session, task_id, body.status, now=now, actor=viewer.actor, completion_notes=notes)
    elif "completion_notes" in body.model_fields_set:
        raise invalid("completion_notes", "go with a status: completed")
    return _answer(session, viewer, task_id, 200)


def _content(task: Task) -> TaskContent:
    names = ("brand_id", "title", "notes", "task_type", "priority", "assignee_user_id", "due_date", "due_time")
    more = ("reminder_minutes", "recurrence", "thread_id", "zone", "waiting_for", "depends_on_id", "order_id")
    return TaskContent(**{name: getattr(task, name) for name in (*names, *more)})


def _changed(session: Session, viewer: Viewer, task: Task, body: TaskUpdate) -> TaskContent:
    """Return the task's content, changed by the fields that the client sent. Raises `Problem` if a sent field is invalid."""
    sent, values = body.model_fields_set, vars(_content(task)).copy()
    values |= {column: getattr(body, name) for name, column in CONTENT.items() if name in sent}
    values["title"] = " ".join(values["title"].split())
    if "thread_id" in sent:
        thread = named_thread(session, viewer, body.thread_id)
        if thread is not None and thread.brand_id != task.brand_id:
            raise invalid("thread_id", "is a thread of another brand")
        values["thread_id"] = thread.id if thread else None
    if "order_id" in sent:
        values["order_id"] = _order_id(session, viewer, body.order_id, task.brand_id)
    values |= _waits(session, viewer, task, body, values["thread_id"])
    if "assigned_to_contact_id" in sent:
        values["assignee_user_id"] = _assignee(session, body.assigned_to_contact_id, task.brand_id)
    return TaskContent(**_when(viewer, body, values))


def _when(viewer: Viewer, body: TaskUpdate, values: dict[str, Any]) -> dict[str, Any]:
    """Return `values` with the due time, reminder and recurrence to store. If there is no due date, all three are None.

    Raises `Problem` if the client sent one of them and there is no due date.
    """
    sent, without_date = body.model_fields_set, values["due_date"] is None
    for name, column in (("due_time", "due_time"), ("reminder_settings", "reminder_minutes"), ("recurrence", "recurrence")):
        if without_date and getattr(body, name) is not None:
            raise invalid(name, NEEDS_DATE)
        if without_date:
            values[column] = None
    if not without_date and "due_time" in sent:
        values["due_time"] = time.fromisoformat(body.due_time) if body.due_time else None
    if not without_date and "reminder_settings" in sent:
        values["reminder_minutes"] = body.reminder_settings.minutes_before if body.reminder_settings else None
    if {"due_date", "due_time"} & sent:
        values["zone"] = viewer.timezone
    return values


def _waits(
    session: Session, viewer: Viewer, task: Task, body: TaskUpdate, thread_id: uuid.UUID | None
) -> dict[str, str | uuid.UUID | None]:
    """Return {"waiting_for": what the task's thread waits for, "depends_on_id": id of the task for which this task waits, or
    None}.

    If that other task is done by now, its id stays. Raises `Problem` if the client sent a task that this one may not wait
    for.
    """
    sent = body.model_fields_set
    words = _waiting_for(body.waiting_for, thread_id) if "waiting_for" in sent else task.waiting_for
    before_id = task.depends_on_id
    if "depends_on" in sent and body.depends_on != before_id:
        before_id = _before(session, viewer, body.depends_on, task.brand_id, task.id)
    return {"waiting_for": words if thread_id else "", "depends_on_id": before_id}


def _order_id(session: Session, viewer: Viewer, order_id: uuid.UUID | None, brand_id: uuid.UUID) -> uuid.UUID | None:
    if order_id is None:
        return None
    try:
        order = find_order(session, viewer=viewer, order_id=order_id).order
    except OrderMissing as error:
        raise invalid("order_id", "there is no such order") from error
    if order.brand_id != brand_id:
        raise invalid("order_id", "is an order of another brand")
    return order.id


def _decide(session: Session, viewer: Viewer, task_id: uuid.UUID, body: TaskUpdate) -> None:
    sent = body.model_fields_set
    if "status" in sent:
        raise invalid("status", "follows from the decision: leave it out")
    reason = body.completion_notes if "completion_notes" in sent else ""
    try:
        decide_task(session, task_id, body.decision, reason=reason, now=utc_now(), actor=viewer.actor)
    except NothingToDecide as error:
        raise invalid("decision", "is for an open task of type approval_request") from error
    except WhyRefused as error:
        raise invalid("completion_notes", "say why it is refused") from error


def _dates(due_date: date | None, due_time: str | None, reminder: Any, recurrence: Any) -> dict[str, Any]:
    for name, value in (("due_time", due_time), ("reminder_settings", reminder), ("recurrence", recurrence)):
        if value is not None and due_date is None:
            raise invalid(name, NEEDS_DATE)
    return {
        "due_date": due_date,
        "due_time": time.fromisoformat(due_time) if due_time else None,
        "reminder_minutes": reminder.minutes_before if reminder else None,
    }


def _waiting_for(words: str, thread_id: uuid.UUID | None) -> str:
    if words and thread_id is None:
        raise invalid("waiting_for", "needs a thread_id: it is what the thread waits for")
    return " ".join(words.split())


def _before(
    session: Session, viewer: Viewer, before_id: uuid.UUID | None, brand_id: uuid.UUID, task_id: uuid.UUID | None = None
) -> uuid.UUID | None:
    if before_id is None:
        return None
    if not may_wait_for(session, viewer=viewer, brand_id=brand_id, before_id=before_id, task_id=task_id):
        raise invalid("depends_on", "is not an open task of this brand that does not wait for this one")
    return before_id


def _answer(session: Session, viewer: Viewer, task_id: uuid.UUID, status: int) -> Answer:
    session.flush()
    record = get_task_record(session, viewer=viewer, task_id=task_id)
    location = f"/api/v1/tasks/{task_id}" if status == 201 else None
    return answer(_task_out(record), status, etag=version_tag(record.task), location=location)


def _task_out(record: TaskRecord) -> TaskOut:
    task = record.task
    return TaskOut(
        id=task.id,
        task_title=task.title,
        task_description=task.notes,
        task_type=task.task_type,
        priority=task.priority,
        status=task.status,
        brand=record.brand_key,
        assigned_to_contact_id=record.assigned_to_contact_id,
        created_by_contact_id=record.created_by_contact_id,
        thread_id=task.thread_id,
        order_id=task.order_id,
        decision=task.decision,
        due_date=task.due_date,
        due_time=f"{task.due_time:%H:%M}" if task.due_time else None,
        due_at=task.due_at,
        reminder_settings=ReminderOut(minutes_before=task.reminder_minutes) if task.reminder_minutes is not None else None,
        recurrence=task.recurrence,
        waiting_for=task.waiting_for,
        depends_on=task.depends_on_id,
        completed_at=task.completed_at,
        completion_notes=task.completion_notes,
        created_at=task.created_at,
        updated_at=task.updated_at,
    )
