"""Put tasks into words for the timeline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.events.models import Event
from app.domain.threads.timeline import TASK_EVENTS

WAIT_EVENTS = {
    "WaitBegan": N_("%(who)s set this thread to wait for %(what)s"),
    "WaitEnded": N_("This thread no longer waits for %(what)s"),
}


def task_event_words(event_type: str, who: str, payload: dict[str, Any]) -> str:
    """Return one line in words about a task event (a type in TASK_EVENTS). `who` is the name of the user who did it."""
    title = payload["title"]
    if event_type == "TaskCreated":
        return _("Task created because the reply promised “%(title)s”", title=title)
    if event_type == "TaskCompleted":
        return _("%(who)s completed the task “%(title)s”", who=who, title=title)
    if event_type == "TaskReopened":
        return _("%(who)s reopened the task “%(title)s”", who=who, title=title)
    return _("%(who)s removed the task “%(title)s”", who=who, title=title)


def removable_tasks(events: Iterable[Event]) -> set[str]:
    """Return the ids of the tasks in these events that are neither completed nor removed. `events` must be oldest first."""
    newest = {event.payload["task_id"]: event.type for event in events if event.type in TASK_EVENTS}
    return {task_id for task_id, event_type in newest.items() if event_type in ("TaskCreated", "TaskReopened")}
