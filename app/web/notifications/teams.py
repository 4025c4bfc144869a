"""Settings page of each team's Microsoft Teams channel (workflow). Only administrators can use it.

A workflow's address is entered here and never shown again.
"""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.clock import utc_now
from app.core.db import db, let_go, transaction
from app.core.runtime import runtime
from app.core.translation import told
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.notifications.dispatching import hasten
from app.domain.notifications.models import TRIGGERS, NotificationKind, TeamsHook
from app.domain.notifications.senders import teams_sender
from app.domain.notifications.teams.hooks import (
    NewHook,
    Wishes,
    find_hook,
    list_hooks,
    list_people_without_channel,
    note_answer,
    open_address,
    remove_hook,
    set_content,
    set_hook,
    take_slot,
)
from app.domain.threads.models import Priority
from app.providers.teams.addresses import BadAddress, check_address
from app.providers.teams.card import Card, render
from app.web.accounts.session import require
from app.web.notifications.blueprint import bp
from app.web.pages import page


@bp.get("/settings/teams-cards")
def teams_cards() -> ResponseReturnValue:
    """Show every team, and whether it has a Teams channel."""
    require(Permission.TEAM_CARDS_MANAGE)
    return _page()


@bp.post("/settings/teams-cards/<uuid:team_id>")
def save_hook(team_id: uuid.UUID) -> ResponseReturnValue:
    """Save the address and the choices of a team's workflow. An empty address field keeps the stored address."""
    viewer, url = require(Permission.TEAM_CARDS_MANAGE), request.form.get("url", "").strip()
    hook, shows_content, wishes = _find(team_id), request.form.get("shows_content") == "yes", _wishes()
    if hook is None or url:
        try:
            new = NewHook(url, check_address(url, allowed=runtime().settings.teams_hosts), shows_content, wishes)
        except BadAddress as error:
            return _page(wrong=(team_id, str(error)), status=422)
        with transaction() as session:
            changed = set_hook(session, new, team_id=team_id, keyring=runtime().keyring, now=utc_now(), actor=viewer.actor)
            hasten(session, changed.id)
        runtime().nudger.nudge()
    else:
        with transaction() as session:
            kept, now = session.merge(hook), utc_now()
            set_content(session, kept, shows_content=shows_content, wishes=wishes, now=now, actor=viewer.actor)
    flash(_("Saved."))
    return redirect(url_for("notifications.teams_cards"), 303)


@bp.post("/settings/teams-cards/<uuid:team_id>/removal")
def forget_hook(team_id: uuid.UUID) -> ResponseReturnValue:
    """Delete a team's workflow address."""
    viewer = require(Permission.TEAM_CARDS_MANAGE)
    with transaction() as session:
        hook = find_hook(session, team_id)
        if hook is None:
            abort(404)
        remove_hook(session, hook, now=utc_now(), actor=viewer.actor)
    flash(_("The Teams address is removed; this team gets no cards."))
    return redirect(url_for("notifications.teams_cards"), 303)


@bp.post("/settings/teams-cards/<uuid:team_id>/test")
def try_hook(team_id: uuid.UUID) -> ResponseReturnValue:
    """Send a test card now, and show the answer of Teams."""
    viewer, hook = require(Permission.TEAM_CARDS_MANAGE), _find(team_id)
    if hook is None:
        abort(404)
    return _page(trial=try_card(viewer, hook))


def try_card(viewer: Viewer, hook: TeamsHook) -> str:
    """Send a test card in this user's name; return the result in words."""
    with transaction() as session:
        wait = take_slot(session, hook.id, now=utc_now())
    if wait > 0:
        return str(
            _(
                "Test not sent: the limit for Teams cards is reached. Cards already waiting go first; try again in %(count)s s.",
                count=int(wait) + 1,
            )
        )
    base, url = runtime().settings.public_url, open_address(hook, runtime().keyring)
    title = _("Test by %(name)s: this is how Switchyard cards look.", name=viewer.name)
    card = Card(title, (), (), _("Open in Switchyard"), f"{base}/inbox", "", "Switchyard")
    answer = teams_sender().send(url, render(card), now=utc_now())
    with transaction() as session:
        note_answer(session, hook.id, answer, now=utc_now())
        if answer.ok:
            hasten(session, hook.id)
    runtime().nudger.nudge()
    return str(told(answer.words))


def _wishes() -> Wishes:
    """Return the form's choices of what goes to the Teams channel. An unknown priority counts as the lowest."""
    triggers = tuple(kind for kind in TRIGGERS if kind.value in request.form.getlist("triggers"))
    least = next((one for one in Priority if one.value == request.form.get("least_priority")), Priority.LOW)
    return Wishes(triggers, least, request.form.get("mentions_assignee") == "yes")


def _find(team_id: uuid.UUID) -> TeamsHook | None:
    session = db.session()
    if not any(row.team.id == team_id for row in list_hooks(session)):
        abort(404)
    hook = find_hook(session, team_id)
    let_go()
    return hook


def _page(*, wrong: tuple[uuid.UUID, str] | None = None, trial: str = "", status: int = 200) -> ResponseReturnValue:
    rows, unreached = list_hooks(db.session()), list_people_without_channel(db.session())
    context: dict[str, Any] = {"rows": rows, "unreached": unreached, "triggers": _triggers(), "priorities": list(Priority)}
    return page("notifications/teams.html", **context, wrong=wrong, trial=trial, status=status)


def _triggers() -> list[tuple[str, str]]:
    words = {
        NotificationKind.ORDER_URGENT: _("Urgent orders"),
        NotificationKind.TECHNICIAN_ABSENT: _("Absent technicians with appointments"),
        NotificationKind.SYSTEM_ERROR: _("System errors"),
    }
    return [(kind.value, words[kind]) for kind in TRIGGERS]
