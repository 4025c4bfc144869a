"""Form of a task (`TaskForm`)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from typing import TypeVar

from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.tasks.actions import TaskContent
from app.domain.tasks.models import NOTES_CHARACTERS, REMINDER_MINUTES, TITLE_CHARACTERS, WAITING_CHARACTERS, Recurrence, TaskType
from app.domain.threads.models import Priority

Kind = TypeVar("Kind", bound=StrEnum)


@dataclass
class TaskForm:
    """A task as it was typed, and the errors by field."""

    values: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def content(
        self,
        *,
        brand_id: uuid.UUID,
        thread_id: uuid.UUID | None,
        zone: str,
        assignees: set[uuid.UUID],
        before: set[uuid.UUID] | None = None,
        order_id: uuid.UUID | None = None,
    ) -> TaskContent:
        """Return the task's content from the form. Sets errors for invalid values, so check `errors` before using the result.

        `zone`: the time zone of its due time. `assignees`: the ids of the users who may get it. `before`: the ids of the
        tasks it may wait for.
        """
        due_date, due_time = self._date("due_date"), self._time("due_time")
        if due_time is not None and due_date is None:
            self.errors.setdefault("due_date", _("A due time needs a date."))
        recurrence = self._choice(Recurrence, "recurrence", None)
        if recurrence is not None and due_date is None:
            self.errors.setdefault("due_date", _("A recurring task needs a date."))
        minutes = self._minutes()
        if minutes is not None and due_date is None:
            self.errors.setdefault("due_date", _("A reminder needs a date."))
        return TaskContent(
            brand_id=brand_id,
            title=self._title(),
            notes=self._notes(),
            task_type=self._choice(TaskType, "task_type", TaskType.OTHER) or TaskType.OTHER,
            priority=self._choice(Priority, "priority", Priority.NORMAL) or Priority.NORMAL,
            assignee_user_id=self._assignee(assignees),
            due_date=due_date,
            due_time=due_time,
            reminder_minutes=minutes,
            recurrence=recurrence,
            thread_id=thread_id,
            zone=zone,
            waiting_for=self._waiting_for() if thread_id else "",
            depends_on_id=self._before(before or set()),
            order_id=order_id,
        )

    def get(self, name: str) -> str:
        return self.values.get(name, "").strip()

    def _title(self) -> str:
        title = " ".join(storable(self.get("title")).split())
        if not title:
            self.errors["title"] = _("Enter what must be done.")
        elif len(title) > TITLE_CHARACTERS:
            self.errors["title"] = _("Use at most %(count)s characters.", count=TITLE_CHARACTERS)
        return title

    def _notes(self) -> str:
        notes = storable(self.get("notes")).replace("\r\n", "\n")
        if len(notes) > NOTES_CHARACTERS:
            self.errors["notes"] = _("Use at most %(count)s characters.", count=NOTES_CHARACTERS)
        return notes

    def _date(self, name: str) -> date | None:
        try:
            found = date.fromisoformat(self.get(name)) if self.get(name) else None
        except ValueError:
            found = None
            self.errors[name] = _("Write the date as year-month-day, like 2026-12-31.")
        if found is not None and not 2000 <= found.year <= 2100:
            self.errors[name] = _("Choose a date between 2000 and 2100.")
            return None
        return found

    def _time(self, name: str) -> time | None:
        try:
            return time.fromisoformat(self.get(name)).replace(second=0, microsecond=0, tzinfo=None) if self.get(name) else None
        except ValueError:
            self.errors[name] = _("Write the time as hours and minutes, like 14:30.")
            return None

    def _minutes(self) -> int | None:
        text = self.get("reminder")
        if not text:
            return None
        if text.isdecimal() and len(text) < 7 and int(text) <= REMINDER_MINUTES:
            return int(text)
        self.errors["reminder"] = _("Choose one of the reminders.")
        return None

    def _choice(self, kind: type[Kind], name: str, default: Kind | None) -> Kind | None:
        try:
            return kind(self.get(name)) if self.get(name) else default
        except ValueError:
            self.errors[name] = _("Choose one from the list.")
            return default

    def _waiting_for(self) -> str:
        words = " ".join(storable(self.get("waiting_for")).split())
        if len(words) > WAITING_CHARACTERS:
            self.errors["waiting_for"] = _("Use at most %(count)s characters.", count=WAITING_CHARACTERS)
        return words

    def _before(self, known: set[uuid.UUID]) -> uuid.UUID | None:
        found = next((task_id for task_id in known if str(task_id) == self.get("depends_on")), None)
        if self.get("depends_on") and found is None:
            self.errors["depends_on"] = _("Choose an open task that is not waiting for this one.")
        return found

    def _assignee(self, assignees: set[uuid.UUID]) -> uuid.UUID | None:
        found = next((user_id for user_id in assignees if str(user_id) == self.get("assignee")), None)
        if self.get("assignee") and found is None:
            self.errors["assignee"] = _("This person cannot see the task's brand.")
        return found
