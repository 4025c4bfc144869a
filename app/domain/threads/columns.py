"""List the columns of a thread's row that a saved view can hide. Contact, time and subject cannot be hidden."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Column(StrEnum):
    """The columns, in the order of the form. static/css/features/inbox/columns.css hides each where a list's `data-hides`
    names it."""

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
    """Return all columns except the named ones."""
    named = set(shown)
    return tuple(column for column in Column if column.value not in named)
