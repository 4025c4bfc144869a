"""Test whether a rule's conditions fit a thread at one occasion. Pure."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from app.domain.threads.macros import MacroSteps
from app.domain.threads.models import Priority

NOBODY = "nobody"


@dataclass(frozen=True)
class OrderFacts:
    """The order of the event, or else the order that the thread is about. `open` is the amount left to pay, or None if the
    order has no total yet."""

    order_id: uuid.UUID
    status: str
    order_type: str
    priority: str
    source: str
    total: Decimal | None
    open: Decimal | None


@dataclass(frozen=True)
class Facts:
    """The facts of a thread at one occasion. `state` is the result of `state_of` in app/domain/threads/bulk.py: everything that
    steps can change.

    `value` is the new value of the event. `text` is the text of the occasion's message, or else of the contact's last
    message. `order` is read only if a condition needs it. `order_id` is the order of the event, or None.
    """

    thread_id: uuid.UUID | None
    brand_id: uuid.UUID | None
    state: dict[str, Any]
    value: str = ""
    channel_id: uuid.UUID | None = None
    medium: str = ""
    thread_type: str = ""
    contact: str = ""  # name and addresses
    language: str = ""
    subject: str = ""
    text: str = ""
    created_at: datetime | None = None
    message_count: int = 0
    contact_id: uuid.UUID | None = None
    is_ticket: bool = False
    order: OrderFacts | None = None
    order_id: uuid.UUID | None = None
    event_id: uuid.UUID | None = None

    def with_state(self, state: dict[str, Any]) -> Facts:
        return replace(self, state=state, subject=state.get("subject", self.subject))


class Condition(BaseModel):
    """A condition of a rule. `value` is the text of an id, a key, a number or words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    op: Literal["is", "is_not", "has", "has_not", "has_any", "at_least", "more_than", "less_than"]
    value: str

    def fits(self, facts: Facts, *, now: datetime) -> bool:
        wanted = self.value.casefold()
        if self.field in NUMBERS:
            number = NUMBERS[self.field](facts, now)
            if number is None:
                return False
            return number > Decimal(self.value) if self.op == "more_than" else number < Decimal(self.value)
        if self.op == "at_least":
            return Priority(facts.state["priority"]).rank >= Priority(self.value).rank
        if self.op == "has_any":
            return bool(self.words_found(facts))
        found = TEXTS[self.field](facts)
        if isinstance(found, str) and self.op in ("is", "is_not"):
            return (found.casefold() == wanted) == (self.op == "is")
        folded = found.casefold() if isinstance(found, str) else [word.casefold() for word in found]
        return (wanted in folded) == (self.op == "has")

    def words_found(self, facts: Facts) -> tuple[str, ...]:
        """Return the comma-separated words of the condition that occur in the text. They match whole words, without case and
        accents; "klacht*" matches the beginning of a word."""
        if self.op != "has_any":
            return ()
        text = f" {_plain(str(TEXTS[self.field](facts)))} "
        words = [word.strip() for word in self.value.split(",")]
        return tuple(word for word in words if _plain(word) and _stands(word, text))


def _stands(word: str, text: str) -> bool:
    return f" {_plain(word)}" in text if word.endswith("*") else f" {_plain(word)} " in text


def _plain(text: str) -> str:
    """Return the text in lower case without accents and punctuation, with one space between words."""
    flat = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(sign if sign.isalnum() else " " for sign in flat if not unicodedata.combining(sign))
    return " ".join(kept.split())


class Part(BaseModel):
    """A part of a rule: conditions, and the steps to take if they fit. A part without conditions always fits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: Literal["all", "any"] = "all"
    conditions: tuple[Condition, ...] = ()
    steps: MacroSteps

    def fits(self, facts: Facts, *, now: datetime) -> bool:
        found = (condition.fits(facts, now=now) for condition in self.conditions)
        return not self.conditions or (all(found) if self.match == "all" else any(found))


def parts_that_fit(parts: tuple[Part, ...], facts: Facts, *, now: datetime) -> tuple[MacroSteps, ...]:
    """Return the steps of each part that fits, or () if the first part does not fit. All parts are tested before any step is
    taken."""
    if not parts[0].fits(facts, now=now):
        return ()
    return tuple(part.steps for part in parts if part.fits(facts, now=now))


def list_found(parts: tuple[Part, ...], facts: Facts) -> list[str]:
    """List the words of the conditions that were found in the thread, each word once."""
    found = [word.rstrip("*") for part in parts for one in part.conditions for word in one.words_found(facts)]
    return list(dict.fromkeys(found))


def asks_of_orders(parts: tuple[Part, ...]) -> bool:
    """Return whether a condition of these parts is about an order."""
    return any(condition.field in OF_ORDERS for part in parts for condition in part.conditions)


def links_orders(parts: tuple[Part, ...]) -> bool:
    """Return whether a step of these parts sets the order a thread is about."""
    return any(part.steps.order is not None for part in parts)


def _hours(facts: Facts, now: datetime) -> Decimal:
    return Decimal((now - facts.created_at) // timedelta(seconds=1)) / 3600 if facts.created_at else Decimal(0)


def _of_order(name: str) -> Callable[[Facts], str]:
    return lambda facts: str(getattr(facts.order, name)) if facts.order is not None else ""


def _amount(name: str) -> Callable[[Facts, datetime], Decimal | None]:
    return lambda facts, _now: getattr(facts.order, name) if facts.order is not None else None


# None: nothing is known, and the condition is not so.
NUMBERS: Mapping[str, Callable[[Facts, datetime], Decimal | None]] = {
    "age_hours": _hours,
    "messages": lambda facts, _now: Decimal(facts.message_count),
    "order_total": _amount("total"),
    "order_open": _amount("open"),
}
OF_ORDERS = ("order_status", "order_type", "order_priority", "order_source", "order_total", "order_open")
TEXTS: Mapping[str, Callable[[Facts], Any]] = {
    "medium": lambda facts: facts.medium,
    "channel": lambda facts: str(facts.channel_id or ""),
    "brand": lambda facts: str(facts.brand_id or ""),
    "type": lambda facts: facts.thread_type,
    "status": lambda facts: facts.state.get("status", ""),
    "priority": lambda facts: facts.state.get("priority", ""),
    "tag": lambda facts: facts.state.get("tags", []),
    "words": lambda facts: f"{facts.subject}\n{facts.text}",
    "contact": lambda facts: facts.contact,
    "language": lambda facts: facts.language,
    "assignee": lambda facts: facts.state.get("assignee") or NOBODY,
    "team": lambda facts: facts.state.get("team") or NOBODY,
    "value": lambda facts: facts.value,
    "order_status": _of_order("status"),
    "order_type": _of_order("order_type"),
    "order_priority": _of_order("priority"),
    "order_source": _of_order("source"),
}
# What can be asked of each, as pairs for a form.
OPERATORS: Mapping[str, tuple[str, ...]] = {
    "words": ("has", "has_not", "has_any"),
    "tag": ("has", "has_not"),
    "contact": ("has", "has_not"),
    "priority": ("is", "is_not", "at_least"),
    **dict.fromkeys(OF_ORDERS[:4], ("is", "is_not")),
    **dict.fromkeys(("medium", "channel", "brand", "type", "status", "language", "assignee", "team", "value"), ("is", "is_not")),
    **dict.fromkeys(NUMBERS, ("more_than", "less_than")),
}
