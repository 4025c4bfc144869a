"""Put conditions and triggers of automation rules into words, and read typed values of conditions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import get_locale
from sqlalchemy.orm import Session

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, Team, User
from app.domain.automation.conditions import NOBODY, NUMBERS, OPERATORS, Condition
from app.domain.automation.models import AutomationRule
from app.domain.automation.triggers import CLOCK, SILENT, TRIGGERS, UNANSWERED
from app.domain.connections.models import Channel, Medium
from app.domain.threads.models import Priority, ThreadStatus, ThreadType
from app.domain.threads.words import thread_type_words
from app.web.inbox.words import medium_words, priority_words, status_words
from app.web.orders.words import SOURCES as ORDER_SOURCES
from app.web.orders.words import STATUSES as ORDER_STATUSES

FIELDS = {
    "words": N_("Subject or text"),
    "tag": N_("Tag"),
    "channel": N_("Channel"),
    "medium": N_("Channel type"),
    "brand": N_("Brand"),
    "type": N_("Type of thread"),
    "priority": N_("Priority"),
    "status": N_("Status"),
    "assignee": N_("Assignee"),
    "team": N_("Team"),
    "contact": N_("Contact’s name or address"),
    "language": N_("Contact’s language"),
    "age_hours": N_("Age of the thread in hours"),
    "messages": N_("Number of messages"),
    "value": N_("Value after the change"),
    "order_status": N_("Status of the order"),
    "order_type": N_("Type of the order"),
    "order_priority": N_("Priority of the order"),
    "order_source": N_("Source of the order"),
    "order_total": N_("Total of the order"),
    "order_open": N_("Amount left to pay"),
}
OPS = {
    "is": N_("is"),
    "is_not": N_("is not"),
    "has": N_("contains"),
    "has_not": N_("does not contain"),
    "has_any": N_("contains one of (comma-separated)"),
    "at_least": N_("is at least"),
    "more_than": N_("is more than"),
    "less_than": N_("is less than"),
}
ANY = "value"  # what something became: a status mostly, and then said as people say it
BY_ID = ("channel", "brand", "assignee", "team")


@dataclass(frozen=True)
class Vocabulary:
    """The words for the values of condition fields: {field: {value: words}}. A value without words is shown unchanged."""

    of: dict[str, dict[str, str]]

    def words(self, field: str, value: str) -> str:
        return self.of.get(field, {}).get(value, value)

    def value(self, field: str, typed: str) -> str | None:
        """Return the value that was typed for a condition `field`, either in words or as the value itself.

        Return None if what was typed is not valid.
        """
        if field in NUMBERS:
            return typed if typed.replace(".", "", 1).isdigit() and typed.isascii() else None
        if field not in self.of:
            return typed or None
        known = self.of[field]
        same = (value for value, words in known.items() if typed.casefold() in (words.casefold(), value.casefold()))
        return next(same, (typed or None) if field == ANY else None)

    @property
    def suggestions(self) -> list[str]:
        return sorted({words for known in self.of.values() for words in known.values()}, key=str.casefold)


def read_vocabulary(session: Session, viewer: Viewer) -> Vocabulary:
    """Read the words for all values in the viewer's brands (channels, people, statuses and so on). Four queries."""
    nobody = {NOBODY: _("unassigned")}
    statuses = {status.value: status_words(status) for status in ThreadStatus}
    orders = {status.value: _(words) for status, words in ORDER_STATUSES.items()}
    of_brands = sa.select(Channel.id, Channel.name).where(Channel.brand_id.in_(viewer.brand_ids))
    return Vocabulary(
        {
            "channel": _names(session, of_brands),
            "brand": _names(session, sa.select(Brand.id, Brand.name).where(Brand.id.in_(viewer.brand_ids))),
            "assignee": nobody | _names(session, sa.select(User.id, User.name).where(User.disabled_at.is_(None))),
            "team": nobody | _names(session, sa.select(Team.id, Team.name)),
            "medium": {medium.value: medium_words(medium) for medium in Medium},
            "type": {kind.value: thread_type_words(kind) for kind in ThreadType},
            "priority": {priority.value: priority_words(priority) for priority in Priority},
            "status": statuses,
            ANY: orders | statuses,
            "order_status": orders,
            "order_priority": {priority.value: priority_words(priority) for priority in Priority},
            "order_source": {source.value: _(words) for source, words in ORDER_SOURCES.items()},
        }
    )


def _names(session: Session, query: sa.Select[uuid.UUID, str]) -> dict[str, str]:
    return {str(row[0]): row[1] for row in session.execute(query)}


def condition_words(condition: Condition, vocabulary: Vocabulary) -> str:
    value = vocabulary.words(condition.field, condition.value)
    return f"{_(FIELDS[condition.field])} {_(OPS[condition.op])} “{value}”"


def trigger_words(rule: AutomationRule) -> str:
    if rule.trigger == UNANSWERED:
        return _("No reply from us for %(hours)s h", hours=rule.after_hours)
    if rule.trigger == SILENT:
        return _("No reply from the customer for %(hours)s h", hours=rule.after_hours)
    if rule.trigger == CLOCK:
        return _("%(days)s at %(time)s", days=_days_words(rule.weekdays), time=time_words(rule.at_minute or 0))
    return _(TRIGGERS[rule.trigger])


def _days_words(weekdays: Sequence[int]) -> str:
    """Return weekdays (Monday is 0) in words, such as "Mon, Wed"; none means every day."""
    names = get_locale().days["stand-alone"]["abbreviated"]
    return ", ".join(names[day].capitalize() for day in sorted(weekdays)) or _("Every day")


def time_words(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def condition_choices() -> list[tuple[str, str]]:
    """Return every condition to choose from, as (field:op, words)."""
    return [(f"{name}:{op}", f"{_(FIELDS[name])} {_(OPS[op])}") for name in FIELDS for op in OPERATORS[name]]
