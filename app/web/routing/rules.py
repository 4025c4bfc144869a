"""Pages of routing rules: write, dry run, switch, delete."""

from __future__ import annotations

import uuid
from collections import defaultdict
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_teams
from app.domain.connections.queries import list_channels
from app.domain.routing.models import RoutingRule, Strategy
from app.domain.routing.queries import get_rule, list_rules
from app.domain.routing.replay import Replay, replay
from app.domain.routing.rule_actions import (
    RULES_AT_MOST,
    TooManyRules,
    change_rule,
    create_rule,
    delete_rule,
    move_rule_up,
    switch_rule,
)
from app.domain.routing.words import strategy_words
from app.domain.threads.models import ThreadType
from app.domain.threads.words import thread_type_words
from app.web.accounts.session import require
from app.web.pages import page
from app.web.routing.blueprint import bp
from app.web.routing.forms import EVERYBODY, Filled, empty_rule, form_of_rule, read_rule


@bp.get("/settings/routing")
def rules() -> ResponseReturnValue:
    """Show every channel with its rules, in the order in which the rules are checked."""
    viewer, session = require(Permission.ROUTING_MANAGE), db.session()
    channels = list_channels(session, brand_ids=viewer.brand_ids)
    by_channel: defaultdict[uuid.UUID, list[RoutingRule]] = defaultdict(list)
    for rule, channel in list_rules(session, brand_ids=viewer.brand_ids):
        by_channel[channel.id].append(rule)
    teams = {str(team.id): team.name for team in list_teams(session)}
    return page("routing/list.html", channels=channels, rules=by_channel, teams=teams)


@bp.get("/settings/routing/new")
def new_rule() -> ResponseReturnValue:
    viewer = require(Permission.ROUTING_MANAGE)
    return _editor(empty_rule(request.args.get("channel", "")), viewer)


@bp.post("/settings/routing")
def add_rule() -> ResponseReturnValue:
    """Save a new rule. It is off at first."""
    viewer = require(Permission.ROUTING_MANAGE)
    form, content = _read(viewer)
    if content is not None:
        try:
            with transaction() as session:
                rule = create_rule(session, content, viewer=viewer, now=utc_now())
        except TooManyRules:
            form.errors["name"] = _("You have the maximum of %(count)s rules; delete one first.", count=RULES_AT_MOST)
        else:
            flash(_("Saved. The rule is off: check what it would do, then switch it on."))
            return redirect(url_for("routing.try_out", routing_rule_id=rule.id), 303)
    return _editor(form, viewer, status=422)


@bp.get("/settings/routing/<uuid:routing_rule_id>")
def edit_rule(routing_rule_id: uuid.UUID) -> ResponseReturnValue:
    viewer, rule = _rule(routing_rule_id)
    return _editor(form_of_rule(rule), viewer, rule=rule)


@bp.post("/settings/routing/<uuid:routing_rule_id>")
def save_rule(routing_rule_id: uuid.UUID) -> ResponseReturnValue:
    """Change the rule from now on."""
    viewer, rule = _rule(routing_rule_id)
    form, content = _read(viewer)
    if content is None:
        return _editor(form, viewer, rule=rule, status=422)
    with transaction() as session:
        change_rule(session, rule, content, viewer=viewer, now=utc_now())
    return _saved(_("Saved."))


@bp.post("/settings/routing/dry-run")
@bp.post("/settings/routing/<uuid:routing_rule_id>/dry-run", endpoint="dry_run_changed_rule")
def dry_run_new_rule(routing_rule_id: uuid.UUID | None = None) -> ResponseReturnValue:
    """Show which threads of the last 30 days the rule in the form would have assigned to somebody else.

    Nothing is saved, and the form stays filled in.
    """
    viewer, rule = _rule(routing_rule_id) if routing_rule_id else (require(Permission.ROUTING_MANAGE), None)
    form, content = _read(viewer)
    if content is None:
        return _editor(form, viewer, rule=rule, status=422)
    return _editor(form, viewer, rule=rule, run=replay(db.session(), content, rule=rule, now=utc_now()))


@bp.post("/settings/routing/<uuid:routing_rule_id>/switch")
def switch(routing_rule_id: uuid.UUID) -> ResponseReturnValue:
    """Switch the rule on (`on` 1) or off."""
    viewer, rule = _rule(routing_rule_id)
    is_on = request.form.get("on") == "1"
    with transaction() as session:
        switch_rule(session, rule, is_on=is_on, viewer=viewer, now=utc_now())
    said = _("%(name)s is on.", name=rule.name) if is_on else _("%(name)s is off.", name=rule.name)
    return _saved(said)


@bp.post("/settings/routing/<uuid:routing_rule_id>/up")
def move_up(routing_rule_id: uuid.UUID) -> ResponseReturnValue:
    """Move the rule up, so that it is checked earlier."""
    viewer, rule = _rule(routing_rule_id)
    with transaction() as session:
        move_rule_up(session, rule, viewer=viewer, now=utc_now())
    return _saved(_("Moved up."))


@bp.post("/settings/routing/<uuid:routing_rule_id>/deletion")
def remove_rule(routing_rule_id: uuid.UUID) -> ResponseReturnValue:
    """Delete the rule, after its form asked for confirmation; threads it assigned stay assigned."""
    viewer, rule = _rule(routing_rule_id)
    name = rule.name
    with transaction() as session:
        delete_rule(session, rule, viewer=viewer, now=utc_now())
    return _saved(_("%(name)s is deleted.", name=name))


def _rule(routing_rule_id: uuid.UUID) -> tuple[Viewer, RoutingRule]:
    """Return the pair (viewer, rule). Raises RuleMissing. Aborts with 403 if the viewer may not manage rules."""
    viewer = require(Permission.ROUTING_MANAGE)
    return viewer, get_rule(db.session(), routing_rule_id, brand_ids=viewer.brand_ids)


def _saved(said: str) -> Response:
    runtime().nudger.nudge()
    flash(said)
    return redirect(url_for("routing.rules"), 303)


def _read(viewer: Viewer) -> tuple[Filled, Any]:
    channels = {str(channel.id) for channel in list_channels(db.session(), brand_ids=viewer.brand_ids)}
    teams = {str(team.id) for team in list_teams(db.session())}
    return read_rule(request.form.to_dict(), channels=channels, teams=teams)


def _editor(
    form: Filled, viewer: Viewer, *, rule: RoutingRule | None = None, run: Replay | None = None, status: int = 200
) -> Response:
    teams = [(EVERYBODY, _("Everyone with access to the brand")), *((str(t.id), t.name) for t in list_teams(db.session()))]
    channels = [(str(c.id), c.name) for c in list_channels(db.session(), brand_ids=viewer.brand_ids)]
    types = [(kind.value, thread_type_words(kind)) for kind in ThreadType if kind != ThreadType.INTERNAL_TICKET]
    choices = {
        "channels": channels,
        "types": [("", _("Every type")), *types],
        "strategies": [(strategy.value, strategy_words(strategy)) for strategy in Strategy],
        "first": teams,
        "later": [("", _("No one else")), *teams],
    }
    action = url_for("routing.save_rule", routing_rule_id=rule.id) if rule else url_for("routing.add_rule")
    shown: dict[str, Any] = {"run": run, "teams": dict(teams)}
    return page("routing/edit.html", status=status, form=form, rule=rule, action=action, choices=choices, **shown)
