"""Put merges, splits and changed subjects into words for the timeline."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import request, url_for

from app.core.clock import utc_now
from app.domain.threads.models import MessageType
from app.domain.threads.row_moves import UNDO_FOR
from app.domain.threads.timeline import Timeline, TimelineItem
from app.mail.headers import normalise_subject, strip_reply_marks
from app.web.inbox.order_words import standing_links
from app.web.inbox.task_words import removable_tasks

UNDOABLE = frozenset({"ThreadsMerged", "ThreadSplit"})
UNDONE = frozenset({"MergeUndone", "SplitUndone"})


def undo_urls(timeline: Timeline) -> Callable[[TimelineItem], str]:
    """Return a function that takes a timeline item and returns the URL that undoes its merge, split, order link or task.

    The function returns "" if the item cannot be undone.
    """
    events = [item.event for item in timeline.items if item.event is not None]
    undone = {event.payload.get("move_id") for event in events if event.type in UNDONE}
    standing = standing_links(events)
    removable, now = removable_tasks(events), utc_now()

    def url(item: TimelineItem) -> str:
        event = item.event
        if event is not None and event.type == "TaskCreated" and event.payload["task_id"] in removable:
            return url_for("tasks.set_status", task_id=event.payload["task_id"], status="cancelled", back="timeline")
        if event is not None and event.type == "OrderLinked" and event.id in standing:
            ids = {"thread_id": event.thread_id, "order_id": event.payload["order_id"]}
            return url_for("inbox.remove_order_link", **ids, back="timeline")
        if event is None or event.type not in UNDOABLE or event.payload.get("move_id") in {None, *undone}:
            return ""
        if now - event.occurred_at > UNDO_FOR:
            return ""
        return url_for("inbox.undo_moves", batch_id=event.payload["batch_id"], view=request.args.get("view"))

    return url


def subject_changes(timeline: Timeline) -> dict[uuid.UUID, str]:
    """Return the new subjects of mails whose subject differs from that of the mail before, by message id.

    Such a change may mean that the writer began another matter. Automatic mails are left out.
    """
    changes: dict[uuid.UUID, str] = {}
    before = normalise_subject(timeline.earlier_subject)
    for item in timeline.items:
        message = item.message
        if message is None or message.medium != "email" or not message.subject.strip():
            continue
        if message.automatic is not None or message.message_type == MessageType.AUTO_RESPONSE:
            continue
        subject = normalise_subject(message.subject)
        if before and subject and subject != before:
            changes[message.id] = strip_reply_marks(message.subject)
        before = subject or before
    return changes
