"""Cache the HTML of thread list rows, by the values that a row shows. Most rows have not changed since the list was last
rendered."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from flask import current_app
from flask_babel import get_locale
from markupsafe import Markup

from app.domain.threads.columns import Column
from app.domain.threads.models import Priority, Thread, ThreadStatus
from app.domain.threads.queries import ThreadRow
from app.domain.threads.sorting import ListSort
from app.domain.threads.words import thread_type_words
from app.web.inbox.clock_words import clock_words, urgency
from app.web.inbox.triage_words import until_words
from app.web.inbox.words import list_time, unsent_words

ROWS_KEPT = 4096  # about 3 kB each


@dataclass(frozen=True, slots=True)
class RowLook:
    """The values on which the HTML of one list row depends, including the reader's language. Times are already formatted for
    the reader."""

    locale: str
    id: str
    href: str
    at: str
    """ISO 8601."""
    time: str
    rank: str
    """What the list is sorted by before the time."""
    due_at: str
    """ISO 8601, "" where no answer is due."""
    due: str
    urgency: str
    is_current: bool
    is_unread: bool
    is_open: bool
    who: str
    medium: str
    subject: str
    preview: str
    unsent: str
    """What did not arrive, in words; "" where all did."""
    snoozed_until: str
    waiting_for: str
    tags: tuple[str, ...]
    priority: Priority
    status: ThreadStatus
    is_spam: bool
    brand_name: str
    """Empty where the reader has one brand only."""
    brand_hue: int
    assignee_name: str
    order_number: str
    type_words: str
    """Empty where the list does not show it, as is the next."""
    channel_name: str


def rows_html(
    rows: Iterable[ThreadRow],
    *,
    url: Callable[[uuid.UUID], str],
    sort: str,
    current_id: uuid.UUID | None,
    has_brands: bool,
    more: frozenset[str] = frozenset(),
) -> Markup:
    """Return an `<li>` for each thread of a list sorted by `sort`. The thread `current_id`, open beside the list, is marked.

    `more`: the columns of `columns.ASKED_FOR` that the list shows.
    """
    locale = str(get_locale())
    return Markup("\n").join(_made(_look(row, locale, url, sort, current_id, has_brands, more)) for row in rows)


def _look(
    row: ThreadRow,
    locale: str,
    url: Callable[[uuid.UUID], str],
    sort: str,
    current_id: uuid.UUID | None,
    has_brands: bool,
    more: frozenset[str],
) -> RowLook:
    thread, is_current = row.thread, row.thread.id == current_id
    due_at = thread.response_due_at
    return RowLook(
        locale=locale,
        id=str(thread.id),
        href=url(thread.id),
        at=thread.last_message_at.isoformat(),
        time=list_time(thread.last_message_at),
        rank=_rank(thread, sort),
        due_at=due_at.isoformat() if due_at else "",
        due=clock_words(due_at) if due_at else "",
        urgency=urgency(due_at) if due_at else "",
        is_current=is_current,
        is_unread=row.unread and not is_current,
        is_open=thread.is_open,
        who=row.contact_name,
        medium=thread.medium,
        subject=thread.subject,
        preview=thread.preview,
        unsent=unsent_words(thread.unsent_medium) if thread.unsent_medium else "",
        snoozed_until=until_words(thread.snoozed_until) if thread.snoozed_until else "",
        waiting_for=(thread.waiting_for or "") if thread.is_open else "",
        tags=tuple(thread.tags),
        priority=thread.priority,
        status=thread.status,
        is_spam=thread.spam_at is not None,
        brand_name=row.brand_name if has_brands else "",
        brand_hue=row.brand_hue,
        assignee_name=row.assignee_name or "",
        order_number=row.order_number,
        type_words=thread_type_words(thread.thread_type) if Column.TYPE in more else "",
        channel_name=row.channel_name if Column.CHANNEL in more else "",
    )


def _rank(thread: Thread, sort: str) -> str:
    if sort == ListSort.DUE:
        return thread.response_due_at.isoformat() if thread.response_due_at else "~"  # sorts after every time
    return str(thread.priority_rank) if sort == ListSort.PRIORITY else ""


@lru_cache(maxsize=ROWS_KEPT)
def _made(look: RowLook) -> Markup:
    row: Markup = current_app.jinja_env.get_template("inbox/row.html").module.row(look)  # type: ignore[attr-defined]
    return row
