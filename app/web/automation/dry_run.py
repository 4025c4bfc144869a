"""Pages of an automation rule's dry run and log."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.core.translation import told
from app.domain.automation.dry_run import Foreseen, dry_run
from app.domain.automation.models import AutomationRun
from app.domain.automation.queries import RUNS_SHOWN, list_runs
from app.domain.automation.run_one import CHANGED, FAILED, LOOP, UNCHANGED
from app.domain.contacts.models import Contact
from app.domain.orders.models import Order
from app.domain.routing.queries import ThreadName, list_threads_named
from app.web.automation.blueprint import bp
from app.web.automation.condition_words import Vocabulary, read_vocabulary, trigger_words
from app.web.automation.rules import changeable, names_of, words_of
from app.web.inbox.triage_words import CALLS, until_words
from app.web.pages import page

SHOWN = 200
OUTCOMES = {
    CHANGED: N_("Changed"),
    UNCHANGED: N_("Nothing to change"),
    FAILED: N_("Not possible"),
    LOOP: N_("Stopped: the rule would loop endlessly"),
}
TONES = {CHANGED: "done", FAILED: "overdue", LOOP: "due"}
EFFECTS = {"note": N_("a note"), "task": N_("a task"), "reply": N_("a reply")}
STATE = {
    "status": N_("Status"),
    "priority": N_("Priority"),
    "type": N_("Type"),
    "subject": N_("Subject"),
    "customer": N_("Customer"),
    "partner": N_("Partner"),
    "assignee": N_("Assignee"),
    "team": N_("Team"),
}


@dataclass(frozen=True)
class Row:
    """One occasion on which a rule ran or would run: its thread, its time, the outcome and the changes."""

    thread: ThreadName | None
    at: datetime
    outcome: str
    tone: str
    changes: tuple[str, ...]


@bp.get("/settings/automation/<uuid:automation_rule_id>/dry-run")
def show_dry_run(automation_rule_id: uuid.UUID) -> ResponseReturnValue:
    """Show what the rule would have done in the last 30 days. Nothing is changed."""
    viewer, rule = changeable(automation_rule_id)
    session, now = db.session(), utc_now()
    found = dry_run(session, rule, brand_ids=viewer.brand_ids, now=now)
    vocabulary, names = read_vocabulary(session, viewer), names_of(session, [rule])
    rows = [row for row in found.foreseen if row.outcome != UNCHANGED]
    context: dict[str, Any] = {
        "looked_at": found.looked_at,
        "changed": len({row.thread_id for row in found.changed}),
        "already": sum(row.outcome == UNCHANGED for row in found.foreseen),
        "rows": _foreseen_rows(session, rows[:SHOWN], vocabulary),
        "is_cut": len(rows) > SHOWN,
        "trigger": trigger_words(rule),
        "parts": words_of(rule, vocabulary, names),
    }
    return page("automation/dry_run.html", rule=rule, **context)


@bp.get("/settings/automation/<uuid:automation_rule_id>/log")
def show_log(automation_rule_id: uuid.UUID) -> ResponseReturnValue:
    """Show when the rule ran, on which thread, and with which outcome."""
    viewer, rule = changeable(automation_rule_id)
    session = db.session()
    runs = list_runs(session, rule, brand_ids=viewer.brand_ids)
    rows = _run_rows(session, runs, read_vocabulary(session, viewer))
    return page("automation/log.html", rule=rule, rows=rows, trigger=trigger_words(rule), is_cut=len(rows) == RUNS_SHOWN)


def _foreseen_rows(session: Session, rows: list[Foreseen], vocabulary: Vocabulary) -> list[Row]:
    names = list_threads_named(session, [row.thread_id for row in rows if row.thread_id])
    known = _with_people_and_orders(session, [vars(row) for row in rows], vocabulary)
    return [
        _row(names.get(row.thread_id) if row.thread_id else None, row.at, row.outcome, _changes(vars(row), known)) for row in rows
    ]


def _run_rows(session: Session, runs: list[AutomationRun], vocabulary: Vocabulary) -> list[Row]:
    names = list_threads_named(session, [run.thread_id for run in runs if run.thread_id])
    known = _with_people_and_orders(session, [run.detail for run in runs], vocabulary)
    return [
        _row(names.get(run.thread_id) if run.thread_id else None, run.run_at, run.outcome, _changes(run.detail, known))
        for run in runs
    ]


def _with_people_and_orders(session: Session, details: list[dict[str, Any]], vocabulary: Vocabulary) -> Vocabulary:
    """Return the vocabulary with the names of the customers, partners and orders in these runs. At most two queries."""
    states = [state for detail in details for state in (detail.get("before") or {}, detail.get("after") or {})]
    people = {uuid.UUID(state[who]) for state in states for who in ("customer", "partner") if state.get(who)}
    orders = {uuid.UUID(order_id) for state in states for order_id in state.get("orders", ())}
    contacts = dict(session.execute(sa.select(Contact.id, Contact.name).where(Contact.id.in_(people))).all()) if people else {}
    numbers = dict(session.execute(sa.select(Order.id, Order.order_number).where(Order.id.in_(orders))).all()) if orders else {}
    named = {str(contact_id): name or _("Unknown") for contact_id, name in contacts.items()} | {"nobody": _("unassigned")}
    numbered = {str(order_id): number for order_id, number in numbers.items()}
    return Vocabulary({**vocabulary.of, "customer": named, "partner": named, "order": numbered})


def _row(thread: ThreadName | None, at: datetime, outcome: str, changes: tuple[str, ...]) -> Row:
    return Row(thread, at, _(OUTCOMES[outcome]), TONES.get(outcome, ""), changes)


def _changes(detail: dict[str, Any], vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return in words what a run changed on the thread, or why it could change nothing."""
    if detail.get("why"):
        return (told(detail["why"]),)
    before, after = detail.get("before") or {}, detail.get("after") or {}
    said = [
        _(
            "%(what)s: %(before)s → %(after)s",
            what=_(words),
            before=_value(name, before, vocabulary),
            after=_value(name, after, vocabulary),
        )
        for name, words in STATE.items()
        if before.get(name) != after.get(name)
    ]
    linked = set(after.get("orders", ())) - set(before.get("orders", ()))
    said += [_("linked to order %(number)s", number=vocabulary.words("order", order_id)) for order_id in sorted(linked)]
    said += [f"+ {tag}" for tag in after.get("tags", ()) if tag not in before.get("tags", ())]
    said += [f"− {tag}" for tag in before.get("tags", ()) if tag not in after.get("tags", ())]
    if after.get("snoozed_until") and before.get("snoozed_until") != after["snoozed_until"]:
        said.append(_("snoozed until %(time)s", time=until_words(datetime.fromisoformat(after["snoozed_until"]))))
    said += [_effect(what) for what in detail.get("did") or ()]
    return (*said, *(_("not sent: %(why)s", why=told(why)) for why in detail.get("untold") or ()))


def _value(name: str, state: dict[str, Any], vocabulary: Vocabulary) -> str:
    return vocabulary.words(name, state.get(name) or "nobody")


def _effect(what: str) -> str:
    kind, _colon, call = what.partition(":")
    return _(CALLS[call]) if kind == "call" else _(EFFECTS[kind])
