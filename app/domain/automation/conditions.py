"""Whether a rule fits: conditions on what is known of a thread and of what happened. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from app.domain.threads.macros import MacroSteps
from app.domain.threads.models import Priority

NOBODY = "nobody"


@dataclass(frozen=True)
class Facts:
    """A thread at one occasion. `text` is what was written then, else what the contact wrote last; `value` what the event came
    to. `state` is `state_of` of app/domain/threads/bulk.py, which is all that steps can change."""

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

    def with_state(self, state: dict[str, Any]) -> Facts:
        return replace(self, state=state)


class Condition(BaseModel):
    """One condition. `value` is text: an id, a key, a number, words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    op: Literal["is", "is_not", "has", "has_not", "at_least", "more_than", "less_than"]
    value: str

    def fits(self, facts: Facts, *, now: datetime) -> bool:
        wanted = self.value.casefold()
        if self.field in NUMBERS:
            number = NUMBERS[self.field](facts, now)
            return number > float(self.value) if self.op == "more_than" else number < float(self.value)
        if self.op == "at_least":
            return Priority(facts.state["priority"]).rank >= Priority(self.value).rank
        found = TEXTS[self.field](facts)
        if isinstance(found, str) and self.op in ("is", "is_not"):
            return (found.casefold() == wanted) == (self.op == "is")
        folded = found.casefold() if isinstance(found, str) else [word.casefold() for word in found]
        return (wanted in folded) == (self.op == "has")


class Part(BaseModel):
    """What must be so, and what is done then. No condition at all fits everything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: Literal["all", "any"] = "all"
    conditions: tuple[Condition, ...] = ()
    steps: MacroSteps

    def fits(self, facts: Facts, *, now: datetime) -> bool:
        found = (condition.fits(facts, now=now) for condition in self.conditions)
        return not self.conditions or (all(found) if self.match == "all" else any(found))


def parts_that_fit(parts: tuple[Part, ...], facts: Facts, *, now: datetime) -> tuple[MacroSteps, ...]:
    """The steps of those that fit, judged before any is taken; none where the first does not."""
    if not parts[0].fits(facts, now=now):
        return ()
    return tuple(part.steps for part in parts if part.fits(facts, now=now))


def _hours(facts: Facts, now: datetime) -> float:
    return (now - facts.created_at) / timedelta(hours=1) if facts.created_at else 0.0


NUMBERS: Mapping[str, Callable[[Facts, datetime], float]] = {
    "age_hours": _hours,
    "messages": lambda facts, _now: float(facts.message_count),
}
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
}
# What can be asked of each, as pairs for a form.
OPERATORS: Mapping[str, tuple[str, ...]] = {
    "words": ("has", "has_not"),
    "tag": ("has", "has_not"),
    "contact": ("has", "has_not"),
    "priority": ("is", "is_not", "at_least"),
    **dict.fromkeys(("medium", "channel", "brand", "type", "status", "language", "assignee", "team", "value"), ("is", "is_not")),
    **dict.fromkeys(NUMBERS, ("more_than", "less_than")),
}
