"""Put imports into words. No database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.core.translation import told
from app.domain.imports.columns import FIELDS
from app.domain.imports.models import ImportKind, ImportPhase, ImportRow, RowOutcome
from app.domain.orders.models import OrderPriority, OrderStatus
from app.web.orders.words import order_status_words

KINDS = {ImportKind.ORDERS: N_("Orders"), ImportKind.ARTICLES: N_("Articles"), ImportKind.PRICES: N_("Prices")}
PHASES = {
    ImportPhase.READING: N_("Reading the file"),
    ImportPhase.PREVIEW: N_("Ready to import"),
    ImportPhase.UNREADABLE: N_("Cannot be read"),
    ImportPhase.IMPORTING: N_("Importing"),
    ImportPhase.DONE: N_("Imported"),
    ImportPhase.UNDOING: N_("Undoing"),
    ImportPhase.UNDONE: N_("Undone"),
}
OUTCOMES = {
    RowOutcome.NEW: N_("New"),
    RowOutcome.CHANGES: N_("Changed"),
    RowOutcome.SAME: N_("Unchanged"),
    RowOutcome.WRONG: N_("Skipped"),
    RowOutcome.MADE: N_("Created"),
    RowOutcome.CHANGED: N_("Changed"),
    RowOutcome.SKIPPED: N_("Skipped"),
    RowOutcome.TAKEN_BACK: N_("Reverted"),
    RowOutcome.LEFT: N_("Not reverted"),
}
_TONES = {ImportPhase.PREVIEW: "accent", ImportPhase.DONE: "done", ImportPhase.UNREADABLE: "overdue"}
_ROW_TONES = {
    RowOutcome.NEW: "accent", RowOutcome.MADE: "done", RowOutcome.CHANGES: "due", RowOutcome.CHANGED: "done",
    RowOutcome.WRONG: "overdue", RowOutcome.SKIPPED: "due", RowOutcome.LEFT: "due",
}  # fmt: skip
_MORE = {
    "customer": N_("Customer"), "lines": N_("Lines"), "total": N_("Total"), "valid_from": N_("Valid from"),
    "valid_until": N_("Valid before"), "is_active": N_("Switched on"),
}  # fmt: skip
_HIDDEN = {"version", "order_number", "sku"}


def kind_words(value: str) -> str:
    return _(KINDS[ImportKind(value)])


def phase_words(value: str) -> str:
    return _(PHASES[ImportPhase(value)])


def phase_tone(value: str) -> str:
    return _TONES.get(ImportPhase(value), "")


def outcome_words(value: str) -> str:
    return _(OUTCOMES[RowOutcome(value)])


def outcome_tone(value: str) -> str:
    return _ROW_TONES.get(RowOutcome(value), "")


def field_words(kind: ImportKind, key: str) -> str:
    """Return the name of a field in words, or its key if it has no name."""
    found = next((one for one in FIELDS[kind] if one.key == key), None)
    return _(found.words) if found is not None else _(_MORE[key]) if key in _MORE else key


def problem_words(problem: Mapping[str, str], kind: ImportKind, heads: Mapping[str, str]) -> str:
    """Return in words what is wrong with a row, with the name of the column in the file."""
    column = heads.get(problem["column"]) or field_words(kind, problem["column"])
    words = told(problem["text"])
    return f"{column}: {words}" if column else words


def title_of(row: ImportRow) -> str:
    """Return a title for a row: its order number, reference, article or customer, or "" if it has none of these."""
    after, first = row.after or {}, row.cells[0] if row.cells else {}
    names = ("order_number", "reference", "sku", "customer_name", "name")
    return str(after.get("order_number") or next((first[name] for name in names if first.get(name)), ""))[:200]


def values_of(row: ImportRow, kind: ImportKind) -> list[tuple[str, str, str]]:
    """Return the values that a row writes, as (field in words, former value, new value).

    The former value is "" if the row creates something new.
    """
    before, found = row.before or {}, []
    for key, value in (row.after or {}).items():
        if key in _HIDDEN or value in (None, "", []):
            continue
        former = before.get(key)
        if row.before is not None and key in before and former == value:
            continue
        found.append((field_words(kind, key), _plain(key, former) if key in before else "", _plain(key, value)))
    return found


def _plain(key: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if key == "status" and value in {one.value for one in OrderStatus}:
        return order_status_words(value)
    if key == "priority" and value in {one.value for one in OrderPriority}:
        return str(value)
    return str("–" if value is None else value)[:300]


FILTERS = {
    "import_kind_words": kind_words,
    "import_phase_words": phase_words,
    "import_phase_tone": phase_tone,
    "import_outcome_words": outcome_words,
    "import_outcome_tone": outcome_tone,
    "import_title": title_of,
}
