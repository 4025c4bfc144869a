"""Schemas of tasks in the API. The names of fields are those of the source documents."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from app.api.schemas.base import Input, ListQuery, Output, SafeText, absent
from app.api.schemas.threads import BrandKey
from app.domain.tasks.models import (
    NOTES_CHARACTERS,
    REMINDER_MINUTES,
    TITLE_CHARACTERS,
    WAITING_CHARACTERS,
    Decision,
    Recurrence,
    TaskStatus,
    TaskType,
)
from app.domain.threads.models import Priority

SortTasks = Literal["created_at", "-created_at"]
Title = Annotated[str, StringConstraints(min_length=1, max_length=TITLE_CHARACTERS, strip_whitespace=True), SafeText]
Notes = Annotated[str, StringConstraints(max_length=NOTES_CHARACTERS), SafeText]
WaitingFor = Annotated[
    str,
    StringConstraints(max_length=WAITING_CHARACTERS, strip_whitespace=True),
    SafeText,
    Field(description="What its thread waits for while the task is open, e.g. `part`; needs a `thread_id`. Empty: nothing"),
]
DEPENDS_ON = "An open task of the same brand that comes before it; none that waits for this one. null: none"
DueTime = Annotated[
    str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"), Field(description="Hours and minutes, like 14:30")
]


def _refuse_far_dates(value: date) -> date:
    if not 2000 <= value.year <= 2100:
        raise ValueError("must lie between 2000 and 2100")
    return value


DueDate = Annotated[date, AfterValidator(_refuse_far_dates), Field(description="In the time zone of the token's owner")]


class ReminderSettings(Input):
    """When the assignee of a task gets a reminder: minutes before the due time. For a task without a due time, minutes before
    09:00 of the due day."""

    minutes_before: Annotated[int, Field(ge=0, le=REMINDER_MINUTES)]


class ReminderOut(Output):
    minutes_before: int


class TaskOut(Output):
    """A task: something a person must do."""

    id: uuid.UUID
    task_title: str
    task_description: str
    task_type: TaskType
    priority: Priority
    status: TaskStatus
    brand: str = Field(description="Key of the brand, e.g. `chargecars`")
    assigned_to_contact_id: uuid.UUID | None
    created_by_contact_id: uuid.UUID | None
    thread_id: uuid.UUID | None
    order_id: uuid.UUID | None
    due_date: date | None
    due_time: str | None
    due_at: datetime | None = Field(description="The instant after which it is overdue")
    reminder_settings: ReminderOut | None
    recurrence: Recurrence | None
    waiting_for: str = Field(description="What its thread waits for while the task is open; empty: nothing")
    depends_on: uuid.UUID | None = Field(description="The task that comes before it")
    completed_at: datetime | None
    completion_notes: str
    decision: Decision | None = Field(description="Of an `approval_request` that was decided; why is in `completion_notes`")
    created_at: datetime
    updated_at: datetime


class TaskPage(Output):
    items: list[TaskOut]
    next_cursor: str | None


class TaskListQuery(ListQuery):
    status: TaskStatus | None = None
    task_type: TaskType | None = None
    priority: Priority | None = None
    brand: BrandKey | None = None
    assigned_to_contact_id: uuid.UUID | Literal["none"] | None = Field(default=None, description="`none`: unassigned")
    created_by_contact_id: uuid.UUID | None = None
    thread_id: uuid.UUID | None = None
    order_id: uuid.UUID | None = None
    due_date: date | None = None
    sort: SortTasks = "-created_at"


class TaskCreate(Input):
    """A new task. A time, a reminder and a recurrence need a `due_date`. For a task without a `due_date`, the priority decides
    when it is due."""

    task_title: Title
    task_description: Notes = ""
    task_type: TaskType = TaskType.OTHER
    priority: Priority = Priority.NORMAL
    brand: BrandKey | None = Field(default=None, description="Left out: the thread's brand, or your only one")
    thread_id: uuid.UUID | None = None
    order_id: uuid.UUID | None = Field(default=None, description="An order of the same brand")
    assigned_to_contact_id: uuid.UUID | None = None
    due_date: DueDate | None = None
    due_time: DueTime | None = None
    reminder_settings: ReminderSettings | None = None
    recurrence: Recurrence | None = None
    waiting_for: WaitingFor = ""
    depends_on: uuid.UUID | None = Field(default=None, description=DEPENDS_ON)


class TaskUpdate(Input):
    """A change of a task. A field that is left out does not change. A task without a `due_date` has no time, reminder or
    recurrence."""

    task_title: Title = absent()
    task_description: Notes = absent()
    task_type: TaskType = absent()
    priority: Priority = absent()
    status: TaskStatus = absent("Completing a recurring task makes its next one")
    completion_notes: Notes = absent("Goes with `status: completed`")
    decision: Decision = absent("Approves or refuses an open `approval_request`; a refusal needs `completion_notes`")
    thread_id: uuid.UUID | None = absent("A thread of the task's brand")
    order_id: uuid.UUID | None = absent("An order of the task's brand")
    assigned_to_contact_id: uuid.UUID | None = absent("null: nobody")
    due_date: DueDate | None = absent()
    due_time: DueTime | None = absent()
    reminder_settings: ReminderSettings | None = absent()
    recurrence: Recurrence | None = absent()
    waiting_for: WaitingFor = absent()
    depends_on: uuid.UUID | None = absent(DEPENDS_ON)
