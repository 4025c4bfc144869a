"""List the columns of a thread's row that a saved view can hide. Contact, time and subject cannot be hidden."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Column(StrEnum):
    """The columns that can be hidden, in the order of the form. A list names its hidden columns in `data-hides`, and
    static/css/features/inbox/columns.css hides them."""

    PREVIEW = "preview"
    TAGS = "tags"
    PRIORITY = "priority"
    STATUS = "status"
    DUE = "due"
    SNOOZE = "snooze"
    WAITING = "waiting"
    BRAND = "brand"
    ASSIGNEE = "assignee"
    ORDER = "order"
    TYPE = "type"
    CHANNEL = "channel"


ASKED_FOR = (Column.TYPE, Column.CHANNEL)
"""The columns hidden by default: only a view that asks for them shows them."""


def read_hidden(names: Iterable[str]) -> tuple[Column, ...]:
    """Return the stored hidden columns in the order of Column; unknown names are left out."""
    named = set(names)
    return tuple(column for column in Column if column.value in named)


def hidden_beside(shown: Iterable[str]) -> tuple[Column, ...]:
    """Return all columns except those in `shown`."""
    named = set(shown)
    return tuple(column for column in Column if column.value not in named)
