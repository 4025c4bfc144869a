"""Form of an SLA policy (`PolicyForm`)."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import request
from sqlalchemy.orm import Session

from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.accounts.models import User
from app.domain.accounts.permissions import Permission, users_with
from app.domain.accounts.queries import list_brands
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.sla.queries import PolicyRow, list_calendars
from app.domain.sla.rules import LONGEST_MINUTES, STEPS, PolicyRules, Step
from app.domain.threads.models import Priority, ThreadStatus, ThreadType
from app.web.inbox.words import medium_words, priority_words, status_words
from app.web.sla.words import PAUSES, TELLS

NAME_CHARACTERS, STEP_ROWS, CUSTOMERS_AT_MOST = 80, 6, 50
MEDIA = ("email", "whatsapp", "sms", "phone")
NUMBERS = ("first_minutes", "next_minutes", "resolution_minutes")
SINGLE = ("name", "position", *NUMBERS, "reopen_hours", "calendar_id", "manager", "executive", "any_of", "customers")
SEVERAL = ("media", "priorities", "statuses", "brand_ids", "channel_ids", "thread_types", "pauses")
WAYS = {"app": N_("in the app"), "push": N_("in the browser"), "email": N_("by email"), "teams": N_("in Teams")}
TYPES = {
    ThreadType.CUSTOMER_SUPPORT: N_("Customer support"),
    ThreadType.PARTNER_INQUIRY: N_("Partner inquiry"),
    ThreadType.INSTALLATION_COORDINATION: N_("Installation"),
    ThreadType.TECHNICAL_ISSUE: N_("Technical issue"),
    ThreadType.SALES_INQUIRY: N_("Sales inquiry"),
    ThreadType.COMPLAINT: N_("Complaint"),
    ThreadType.PROJECT_DISCUSSION: N_("Project"),
}
WHEN = re.compile(r"(\d{1,3})\s*%|\+\s*(\d{1,5})\s*(min|h|d)")
UNITS = {"min": 1, "h": 60, "d": 1440}


@dataclass
class PolicyForm:
    """An SLA policy as typed into its form.

    `values`: by field, with a list for a field of several choices. `steps`: the rows of escalation steps. `errors`: by
    field. `rules`: the policy that they make; None if there are errors.
    """

    values: dict[str, Any]
    steps: list[dict[str, Any]] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    rules: PolicyRules | None = None

    @property
    def position(self) -> int:
        """The policy's place in the order in which policies are checked, counted from 0."""
        return int(self.values["position"]) - 1


def form_of(session: Session, row: PolicyRow | None, *, count: int) -> PolicyForm:
    """Return the form filled with this policy's values. If `row` is None, return the form of a new policy, placed after the
    `count` existing ones."""
    rules = row.rules if row else PolicyRules(name="new", first_minutes=240, next_minutes=240, steps=STEPS)
    match = rules.match
    values: dict[str, Any] = {"name": rules.name if row else "", "position": str((row.policy.position if row else count) + 1)}
    values |= {name: str(getattr(rules, name) or "") for name in NUMBERS}
    values |= {"reopen_hours": str(rules.reopen_hours), "calendar_id": str(rules.calendar_id or "")}
    values |= {"manager": str(next(iter(rules.manager_ids), "")), "executive": str(next(iter(rules.executive_ids), ""))}
    values |= {"any_of": "yes" if match.any_of else "", "customers": _customer_text(session, match.contact_ids)}
    values |= {name: [str(value) for value in getattr(match, name)] for name in SEVERAL if name != "pauses"}
    values["pauses"] = list(rules.pauses)
    return PolicyForm(values, _rows(rules.steps))


def _rows(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    rows = [
        {"when": _when(step), "tell": step.tell, "task": step.task, "through": list(step.through), "quiet": step.in_quiet_hours}
        for step in steps
    ]
    empty = {"when": "", "tell": "assignee", "task": False, "through": ["app"], "quiet": False}
    return rows + [dict(empty) for _row in range(STEP_ROWS - len(rows))]


def _when(step: Step) -> str:
    if step.percent is not None:
        return f"{step.percent}%"
    minutes = step.late_minutes or 0
    unit = next(name for name in ("d", "h", "min") if minutes % UNITS[name] == 0)
    return f"+{minutes // UNITS[unit]} {unit}"


def read_form(session: Session) -> PolicyForm:
    """Return the posted form. Its `errors` is empty if the values are valid."""
    values: dict[str, Any] = {name: storable(request.form.get(name, "")).strip() for name in SINGLE}
    values |= {name: request.form.getlist(name) for name in SEVERAL}
    form = PolicyForm(values, [_typed_step(number) for number in range(STEP_ROWS)])
    values["name"] = " ".join(values["name"].split())
    if not values["name"]:
        form.errors["name"] = _("Enter a name.")
    elif len(values["name"]) > NAME_CHARACTERS:
        form.errors["name"] = _("Use at most %(count)s characters.", count=NAME_CHARACTERS)
    numbers = {name: _number(form, name, 1, LONGEST_MINUTES) for name in NUMBERS}
    reopen_hours = _number(form, "reopen_hours", 0, 24 * 366)
    values["position"] = str(_number(form, "position", 1, 1000) or 1)
    chosen = _chosen(form, choices(session))
    customers, steps = _customers(session, form), _steps(form)
    if not form.errors:
        content = {"name": values["name"], **numbers, "reopen_hours": 168 if reopen_hours is None else reopen_hours}
        content |= {"pauses": chosen.pop("pauses"), "steps": [step.model_dump() for step in steps]}
        content |= {"match": {**chosen, "contact_ids": customers, "any_of": values["any_of"] == "yes"}}
        content |= {"calendar_id": values["calendar_id"] or None}
        content |= {f"{who}_ids": [values[who]] if values[who] else [] for who in ("manager", "executive")}
        form.rules = PolicyRules.model_validate(content)
    return form


def choices(session: Session) -> dict[str, list[tuple[str, str]]]:
    """Return the options as (value, words), by field."""
    told = sa.and_(User.disabled_at.is_(None), users_with(Permission.ESCALATIONS_RECEIVE))
    people = sa.select(User.id, User.name).where(told).order_by(User.name)
    named = [("", _("Administrators")), *((str(row.id), row.name) for row in session.execute(people))]
    calendars = [(str(row.calendar.id), row.calendar.name) for row in list_calendars(session)]
    return {
        "media": [(medium, medium_words(medium)) for medium in MEDIA],
        "priorities": [(priority.value, priority_words(priority)) for priority in Priority],
        "statuses": [(ThreadStatus.ESCALATED.value, status_words(ThreadStatus.ESCALATED))],
        "brand_ids": [(str(brand.id), brand.name) for brand in list_brands(session)],
        "channel_ids": [(str(row.id), row.name) for row in session.query(Channel).order_by(Channel.name)],
        "thread_types": [(kind.value, _(words)) for kind, words in TYPES.items()],
        "pauses": [("task", _("waiting for a task")), *((name, _(PAUSES[name])) for name in PAUSES if name != "closed")],
        "calendar_id": [("", _("Calendar of the thread’s team, channel or brand")), *calendars],
        "manager": named,
        "executive": named,
        "tell": [(name, _(words)) for name, words in TELLS.items()],
        "through": [(name, _(words)) for name, words in WAYS.items()],
    }


def _chosen(form: PolicyForm, offered: dict[str, list[tuple[str, str]]]) -> dict[str, list[str]]:
    for name in ("calendar_id", "manager", "executive"):
        if form.values[name] not in dict(offered[name]):
            form.errors[name] = _("Choose one from the list.")
    for name in SEVERAL:
        if not set(form.values[name]) <= dict(offered[name]).keys():
            form.errors[name] = _("Choose one from the list.")
    return {name: list(form.values[name]) for name in SEVERAL}


def _number(form: PolicyForm, name: str, least: int, most: int) -> int | None:
    text = str(form.values[name])
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not least <= int(text[:9]) <= most:
        form.errors[name] = _("Enter a whole number from %(least)s to %(most)s.", least=least, most=most)
        return None
    return int(text)


def _typed_step(number: int) -> dict[str, Any]:
    def at(name: str) -> str:
        return storable(request.form.get(f"step_{number}_{name}", "")).strip()

    through = request.form.getlist(f"step_{number}_through")
    return {
        "when": at("when"),
        "tell": at("tell"),
        "task": at("task") == "yes",
        "through": through,
        "quiet": at("quiet") == "yes",
    }


def _steps(form: PolicyForm) -> list[Step]:
    found: dict[str, Step] = {}
    for number, row in enumerate(form.steps):
        if not row["when"]:
            continue
        match = WHEN.fullmatch(row["when"])
        percent = int(match[1]) if match and match[1] else None
        late = int(match[2]) * UNITS[match[3]] if match and match[2] else None
        is_time = (percent is not None and 1 <= percent <= 100) or (late is not None and 1 <= late <= LONGEST_MINUTES)
        if not is_time:
            form.errors[f"step_{number}_when"] = _("Enter a percentage like 75%, or a time after the deadline like +24 h.")
        elif row["tell"] not in TELLS or not set(row["through"]) <= WAYS.keys():
            form.errors[f"step_{number}_when"] = _("Choose one from the list.")
        else:
            values = {"tell": row["tell"], "task": row["task"], "through": row["through"], "in_quiet_hours": row["quiet"]}
            step = Step.model_validate({"percent": percent, "late_minutes": late, **values})
            if step.key in found:
                form.errors[f"step_{number}_when"] = _("Two escalation steps have the same time.")
            found[step.key] = step
    return list(found.values())


def _customers(session: Session, form: PolicyForm) -> list[str]:
    """Return the ids of the contacts typed into the field `customers`, one a line, by email address or exact name.

    Sets an error if a line does not match exactly one contact.
    """
    found: dict[uuid.UUID, None] = {}
    lines = [line.strip() for line in form.values["customers"].splitlines() if line.strip()][: CUSTOMERS_AT_MOST + 1]
    if len(lines) > CUSTOMERS_AT_MOST:
        form.errors["customers"] = _("Use at most %(count)s lines.", count=CUSTOMERS_AT_MOST)
    for line in lines[:CUSTOMERS_AT_MOST]:
        ids = list(session.execute(_named(line)).scalars())
        if len(ids) != 1:
            form.errors["customers"] = _("“%(name)s” must match exactly one contact.", name=line[:80])
        found |= dict.fromkeys(ids)
    return [str(contact_id) for contact_id in found]


def _named(text: str) -> sa.Select[Any]:
    if "@" in text:
        return sa.select(ContactIdentity.contact_id).where(ContactIdentity.kind == "email", ContactIdentity.value == text.lower())
    return sa.select(Contact.id).where(Contact.name == text).limit(2)


def _customer_text(session: Session, contact_ids: tuple[uuid.UUID, ...]) -> str:
    """Return the contacts as text, one a line: the email address, or the name of a contact without one."""
    if not contact_ids:
        return ""
    address = sa.select(sa.func.min(ContactIdentity.value)).where(
        ContactIdentity.contact_id == Contact.id, ContactIdentity.kind == "email"
    )
    query = sa.select(sa.func.coalesce(address.scalar_subquery(), Contact.name)).where(Contact.id.in_(contact_ids))
    return "\n".join(session.execute(query.order_by(Contact.name)).scalars())
