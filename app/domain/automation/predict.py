"""Predict the state of a thread after a rule's steps. Pure; tests/domain/automation/test_dry_run.py compares predictions with
real runs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.text import mark as N_
from app.domain.automation.conditions import Facts
from app.domain.threads.about import Meant
from app.domain.threads.macro_run import NO_SUCH_PERSON, NO_SUCH_TEAM, TOO_MANY_TAGS
from app.domain.threads.macros import NOBODY, MacroSteps
from app.domain.threads.models import CLOSED_STATUSES, ThreadStatus, ThreadType
from app.domain.threads.tags import TAGS_PER_THREAD

CLOSED = {status.value for status in CLOSED_STATUSES}
NOTHING_MEANT = Meant()
NO_THREAD = N_("There is no thread for this action")


@dataclass(frozen=True)
class Known:
    """The ids that predictions need: all teams, and for each brand the users to whom its threads can be assigned."""

    team_ids: frozenset[uuid.UUID]
    assignable: Mapping[uuid.UUID, frozenset[uuid.UUID]]


@dataclass(frozen=True)
class Prediction:
    """The predicted outcome of steps. `did` has the names of steps that leave no trace in `state`: "note", "task",
    "call:<kind>", "reply".

    `why`: the reason why the steps cannot be taken, or "" if they can. `untold`: the reasons why some calls would not be
    sent.
    """

    state: dict[str, Any]
    did: tuple[str, ...] = ()
    why: str = ""
    untold: tuple[str, ...] = ()


def predict(
    facts: Facts,
    steps: MacroSteps,
    *,
    known: Known,
    now: datetime,
    until: datetime | None,
    meant: Meant = NOTHING_MEANT,
    cannot_tell: str = "",
) -> Prediction:
    """Return the predicted state of the thread after these steps. If a step cannot be taken, return the present state and the
    reason.

    `meant`: the customer, partner and order that the steps refer to. `cannot_tell`: why no message can be sent to the
    customer, or "".
    """
    did = did_of(steps)
    if facts.thread_id is None:
        why = NO_THREAD if needs_thread(facts, steps) else cannot_tell
        return Prediction(facts.state, () if why else did, why)
    why = _why_not(facts, steps, known) or cannot_tell
    if why:
        return Prediction(facts.state, (), why)
    state = _about(dict(facts.state), steps, meant)
    return Prediction(_after(state, steps, now=now, until=until), did)


def needs_thread(facts: Facts, steps: MacroSteps) -> bool:
    """Return whether these steps need a thread. Outside calls need none. A message to the customer of the event's order needs
    none either."""
    told = {"calls": (), "template_id": None, "sends": False} if facts.order_id is not None else {"calls": ()}
    return steps.model_copy(update=told) != MacroSteps()


def did_of(steps: MacroSteps) -> tuple[str, ...]:
    """Return the names of the steps that leave no trace in a thread's state: "note", "task", "call:<kind>", "reply"."""
    note, task = ("note",) if steps.note else (), ("task",) if steps.task else ()
    reply = ("reply",) if steps.template_id else ()
    return (*note, *task, *(f"call:{call.kind}" for call in steps.calls), *reply)


def _why_not(facts: Facts, steps: MacroSteps, known: Known) -> str:
    if steps.team_id is not None and steps.team_id not in known.team_ids:
        return NO_SUCH_TEAM
    if steps.assignee and steps.assignee != NOBODY:
        assignable = known.assignable.get(facts.brand_id, frozenset()) if facts.brand_id else frozenset()
        if uuid.UUID(steps.assignee) not in assignable:
            return NO_SUCH_PERSON
    return TOO_MANY_TAGS if len(_tags(facts.state["tags"], steps)) > TAGS_PER_THREAD else ""


def _about(state: dict[str, Any], steps: MacroSteps, meant: Meant) -> dict[str, Any]:
    if steps.subject is not None:
        state["subject"] = steps.subject
    for name, contact_id in (("customer", meant.customer_id), ("partner", meant.partner_id)):
        if contact_id is not None:
            state[name] = str(contact_id)
    if meant.order is not None:
        state["orders"] = sorted({*state.get("orders", ()), str(meant.order.id)})
    return state


def _after(state: dict[str, Any], steps: MacroSteps, *, now: datetime, until: datetime | None) -> dict[str, Any]:
    if steps.team_id is not None and state["team"] != str(steps.team_id):
        state |= {"team": str(steps.team_id), "assignee": None}
    if steps.assignee is not None:
        state["assignee"] = None if steps.assignee == NOBODY else steps.assignee
    if steps.priority is not None:
        state["priority"] = steps.priority.value
    if steps.thread_type is not None and state.get("type") != ThreadType.INTERNAL_TICKET.value:
        state["type"] = steps.thread_type.value
    state["tags"] = _tags(state["tags"], steps)
    if steps.status is not None and state["status"] != steps.status.value:
        _set_status(state, steps.status.value, now)
    if until is not None:
        if state["status"] in CLOSED:
            _set_status(state, ThreadStatus.OPEN.value, now)
        state["snoozed_until"] = until.isoformat()
    return state


def _set_status(state: dict[str, Any], status: str, now: datetime) -> None:
    state["status"] = status
    state["resolved_at"] = (state["resolved_at"] or now.isoformat()) if status in CLOSED else None
    state["spam"] = False
    if status in CLOSED:
        state["snoozed_until"] = None


def _tags(tags: list[str], steps: MacroSteps) -> list[str]:
    gone = {tag.casefold() for tag in steps.remove_tags}
    kept = [tag for tag in tags if tag.casefold() not in gone]
    present = {tag.casefold() for tag in kept}
    return [*kept, *(tag for tag in dict.fromkeys(steps.add_tags) if tag.casefold() not in present)]
