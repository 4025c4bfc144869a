"""Settings pages of SLA policies. Only administrators can use them."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.accounts.permissions import Permission
from app.domain.notifications.senders import mail_sender
from app.domain.notifications.teams.hooks import list_hooks, list_without_channel
from app.domain.sla.actions import archive_policy, change_policy, create_policy
from app.domain.sla.dry_run import DryRun, dry_run
from app.domain.sla.queries import PolicyRow, get_policy, list_policies, list_recomputes
from app.domain.sla.rules import LONGEST_MINUTES, PolicyRules
from app.domain.sla.task_due import list_task_minutes, set_task_minutes
from app.domain.threads.models import Priority
from app.web.accounts.session import require
from app.web.pages import page
from app.web.sla.blueprint import bp
from app.web.sla.policy_form import PolicyForm, choices, form_of, read_form
from app.web.sla.words import DRY_RUN_WORDS, span_words


@bp.get("/settings/policies")
def policies() -> ResponseReturnValue:
    """Show every policy, in the order in which they are checked."""
    require(Permission.SLA_MANAGE)
    return _list_page({priority.value: str(count) for priority, count in list_task_minutes(db.session()).items()}, {})


@bp.post("/settings/policies/task-times")
def save_task_times() -> ResponseReturnValue:
    """Set after how many minutes tasks without a date are due, by priority. An empty field means no due time."""
    viewer = require(Permission.SLA_MANAGE)
    typed = {priority.value: request.form.get(priority.value, "").strip() for priority in Priority}
    if wrong := {name for name, text in typed.items() if text and not _is_number(text)}:
        words = _("Enter a whole number from %(least)s to %(most)s.", least=1, most=LONGEST_MINUTES)
        return _list_page(typed, dict.fromkeys(wrong, words), status=422)
    minutes = {Priority(name): int(text) for name, text in typed.items() if text}
    with transaction() as session:
        set_task_minutes(session, minutes, now=utc_now(), actor=viewer.actor)
    flash(_("Saved."))
    return redirect(url_for("sla.policies", _anchor="task-times"), 303)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= LONGEST_MINUTES


def _list_page(times: dict[str, str], errors: dict[str, str], *, status: int = 200) -> Response:
    session = db.session()
    offered = choices(session)
    return page(
        "sla/policies/list.html",
        blocks=("recomputes",),
        rows=[(row, _match_words(row.rules, offered)) for row in list_policies(session)],
        recomputes=list_recomputes(session),
        minutes_words=minutes_words,
        times=times,
        errors=errors,
        priorities=offered["priorities"],
        status=status,
    )


@bp.get("/settings/policies/new")
def new_policy() -> ResponseReturnValue:
    require(Permission.SLA_MANAGE)
    return _editor(form_of(db.session(), None, count=len(list_policies(db.session()))))


@bp.post("/settings/policies")
def add_policy() -> ResponseReturnValue:
    """Save a new policy."""
    return _save(None)


@bp.get("/settings/policies/<uuid:policy_id>")
def edit_policy(policy_id: uuid.UUID) -> ResponseReturnValue:
    require(Permission.SLA_MANAGE)
    row = get_policy(db.session(), policy_id)
    return _editor(form_of(db.session(), row, count=0), row=row)


@bp.post("/settings/policies/<uuid:policy_id>")
def save_policy(policy_id: uuid.UUID) -> ResponseReturnValue:
    """Change the policy from now on."""
    return _save(policy_id)


@bp.post("/settings/policies/<uuid:policy_id>/deletion")
def remove_policy(policy_id: uuid.UUID) -> ResponseReturnValue:
    viewer = require(Permission.SLA_MANAGE)
    name = get_policy(db.session(), policy_id).rules.name
    with transaction() as session:
        archive_policy(session, policy_id, now=utc_now(), actor=viewer.actor)
    runtime().nudger.nudge()
    flash(_("%(name)s is deleted.", name=name))
    return redirect(url_for("sla.policies"), 303)


@bp.post("/settings/policies/dry-run")
@bp.post("/settings/policies/<uuid:policy_id>/dry-run", endpoint="dry_run_changed_policy")
def dry_run_new_policy(policy_id: uuid.UUID | None = None) -> ResponseReturnValue:
    """Show what the form would change in the deadlines of the last 30 days; nothing is saved, and the form stays filled in."""
    viewer, session = require(Permission.SLA_MANAGE), db.session()
    row = get_policy(session, policy_id) if policy_id else None
    form = read_form(session)
    if form.rules is None:
        return _editor(form, row=row, status=422)
    place: dict[str, Any] = {"policy_id": policy_id, "position": form.position}
    run = dry_run(session, form.rules, **place, brand_ids=viewer.brand_ids, now=utc_now())
    return _editor(form, row=row, run=run)


def _save(policy_id: uuid.UUID | None) -> ResponseReturnValue:
    viewer = require(Permission.SLA_MANAGE)
    row = get_policy(db.session(), policy_id) if policy_id else None
    form = read_form(db.session())
    if form.rules is None:
        return _editor(form, row=row, status=422)
    rules = _with_what_the_form_leaves_out(form.rules, row)
    with transaction() as session:
        who: dict[str, Any] = {"position": form.position, "now": utc_now(), "actor": viewer.actor}
        if policy_id is None:
            create_policy(session, rules, **who)
        else:
            change_policy(session, policy_id, rules, **who)
    runtime().nudger.nudge()
    flash(_("Saved. We recalculate current deadlines in the background."))
    return redirect(url_for("sla.policies"), 303)


def _with_what_the_form_leaves_out(rules: PolicyRules, row: PolicyRow | None) -> PolicyRules:
    return rules.model_copy(update={"task_minutes": row.rules.task_minutes}) if row else rules


def _editor(form: PolicyForm, *, row: PolicyRow | None = None, run: DryRun | None = None, status: int = 200) -> Response:
    policy, name = (row.policy, row.rules.name) if row else (None, "")
    return page(
        "sla/policies/edit.html",
        form=form,
        policy=policy,
        name=name,
        run=run,
        **DRY_RUN_WORDS,
        choices=choices(db.session()),
        has_mail=mail_sender().is_set_up,
        has_cards=any(row.hook for row in list_hooks(db.session())),
        without_cards=list_without_channel(db.session()),
        status=status,
    )


def minutes_words(minutes: int | None) -> str:
    """Return a target in words, or "–" if there is no target."""
    return span_words(minutes * 60) if minutes else "–"


def _match_words(rules: PolicyRules, offered: dict[str, list[tuple[str, str]]]) -> str:
    """Return in words which threads a policy applies to. `offered`: the form's choices, from which the labels come."""
    parts = []
    for name in ("media", "priorities", "statuses", "brand_ids", "channel_ids", "thread_types"):
        words = dict(offered[name])
        values = [words[str(value)] for value in getattr(rules.match, name) if str(value) in words]
        if values:
            parts.append(", ".join(values))
    if rules.match.contact_ids:
        parts.append(_("some customers"))
    return (_(" or ") if rules.match.any_of else " · ").join(parts) or _("Everything")
