"""Put the columns of a thread's row into words, for the form of a saved view."""

from __future__ import annotations

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.threads.columns import Column

COLUMNS = {
    Column.PREVIEW: N_("Beginning of the last message"),
    Column.TAGS: N_("Tags"),
    Column.PRIORITY: N_("Priority"),
    Column.STATUS: N_("Status"),
    Column.DUE: N_("Answer due"),
    Column.SNOOZE: N_("Snoozed until"),
    Column.WAITING: N_("Waiting for"),
    Column.BRAND: N_("Brand"),
    Column.ASSIGNEE: N_("Assignee"),
    Column.ORDER: N_("Order"),
    Column.TYPE: N_("Type"),
    Column.CHANNEL: N_("Channel account"),
}


def column_choices() -> list[tuple[str, str]]:
    """Return the columns as (value, words), in the order of the form."""
    return [(column.value, _(words)) for column, words in COLUMNS.items()]
