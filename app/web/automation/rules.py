"""Pages of automation rules: list and editor. Only leads and administrators may open them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.automation.actions import (
    RULES_AT_MOST,
    TooManyRules,
    change_rule,
    create_rule,
    delete_rule,
    move_rule_up,
    switch_rule,
)
from app.domain.automation.conditions import Part
from app.domain.automation.models import AutomationRule
from app.domain.automation.queries import RuleMissing, get_rule, list_rules, parts_of
from app.domain.automation.shipped import GUESSES, SHIPPED, list_shipped, take_shipped
from app.domain.automation.triggers import TRIGGERS
from app.domain.threads.macros import ME
from app.web.accounts.session import require
from app.web.automation.blueprint import bp
from app.web.automation.condition_words import (
    Vocabulary,
    condition_choices,
    condition_words,
    read_vocabulary,
    trigger_words,
)
from app.web.automation.rule_form import CONDITIONS, PREFIXES, RuleForm, empty_form, form_of, read_form
from app.web.inbox.macro_form import MacroForm, choices
from app.web.inbox.macro_words import Names, names_in, step_words
from app.web.pages import page


@dataclass(frozen=True)
class PartWords:
    """A part of a rule in words: its conditions and steps. `is_any`: one of the conditions is enough."""

    is_any: bool
    conditions: tuple[str, ...]
    steps: tuple[str, ...]


def words_of(rule: AutomationRule, vocabulary: Vocabulary, names: Names) -> list[PartWords]:
    return [_words(part, vocabulary, names) for part in parts_of(rule)]


def _words(part: Part, vocabulary: Vocabulary, names: Names) -> PartWords:
    conditions = tuple(condition_words(condition, vocabulary) for condition in part.conditions)
    return PartWords(part.match == "any", conditions, tuple(step_words(part.steps, names)))


def names_of(session: Session, rules: list[AutomationRule]) -> Names:
    return names_in(session, [part.steps for rule in rules for part in parts_of(rule)])


@bp.get("/settings/automation")
def rules() -> ResponseReturnValue:
    """Show every rule, in the order in which they are checked."""
    viewer, session = require(Permission.RULES_MANAGE), db.session()
    found = list_rules(session, viewer=viewer)
    vocabulary, names = read_vocabulary(session, viewer), names_of(session, [rule for rule, _runs in found])
    rows = [(rule, runs, trigger_words(rule), words_of(rule, vocabulary, names)) for rule, runs in found]
    return page("automation/list.html", rows=rows, shipped=list_shipped(session))


@bp.post("/settings/automation/ready-made/<name>")
def take_ready_made(name: str) -> ResponseReturnValue:
    """Add a ready-made rule. With `on=1` it is on at once. Otherwise it is off, and its dry run is shown."""
    viewer = require(Permission.RULES_MANAGE)
    shipped = next((one for one in (*SHIPPED, *GUESSES) if one.key == name), None)
    if shipped is None:
        raise RuleMissing(name)
    is_on, now = request.form.get("on") == "1", utc_now()
    try:
        with transaction() as session:
            rule = take_shipped(session, shipped, name=_(shipped.name), viewer=viewer, now=now)
            if is_on:
                switch_rule(session, rule, is_on=True, viewer=viewer, now=now)
    except TooManyRules:
        flash(_("You have the maximum of %(count)s rules; delete one first.", count=RULES_AT_MOST))
        return redirect(url_for("automation.rules"), 303)
    return _saved(_("%(name)s is on.", name=rule.name)) if is_on else _to_dry_run(rule)


@bp.get("/settings/automation/new")
def new_rule() -> ResponseReturnValue:
    viewer = require(Permission.RULES_MANAGE)
    return _editor(empty_form(), viewer, read_vocabulary(db.session(), viewer))


@bp.post("/settings/automation")
def add_rule() -> ResponseReturnValue:
    """Save a new rule, which is off at first, and show its dry run."""
    viewer = require(Permission.RULES_MANAGE)
    vocabulary = read_vocabulary(db.session(), viewer)
    form = read_form(viewer, vocabulary)
    if form.content is not None:
        try:
            with transaction() as session:
                rule = create_rule(session, form.content, viewer=viewer, now=utc_now())
        except TooManyRules:
            form.errors["name"] = _("You have the maximum of %(count)s rules; delete one first.", count=RULES_AT_MOST)
        else:
            return _to_dry_run(rule)
    return _editor(form, viewer, vocabulary, status=422)


@bp.get("/settings/automation/<uuid:automation_rule_id>")
def edit_rule(automation_rule_id: uuid.UUID) -> ResponseReturnValue:
    viewer, rule = changeable(automation_rule_id)
    vocabulary = read_vocabulary(db.session(), viewer)
    return _editor(form_of(rule, vocabulary), viewer, vocabulary, rule=rule)


@bp.post("/settings/automation/<uuid:automation_rule_id>")
def save_rule(automation_rule_id: uuid.UUID) -> ResponseReturnValue:
    """Save the changed rule, which is then off, and show its dry run."""
    viewer, rule = changeable(automation_rule_id)
    vocabulary = read_vocabulary(db.session(), viewer)
    form = read_form(viewer, vocabulary)
    if form.content is None:
        return _editor(form, viewer, vocabulary, rule=rule, status=422)
    with transaction() as session:
        change_rule(session, rule, form.content, viewer=viewer, now=utc_now())
    return _to_dry_run(rule)


@bp.post("/settings/automation/<uuid:automation_rule_id>/switch")
def switch(automation_rule_id: uuid.UUID) -> ResponseReturnValue:
    """Switch the rule on (`on=1`) or off. With `past=1` also apply the rule to the threads that the dry run showed."""
    viewer, rule = changeable(automation_rule_id)
    is_on, past = request.form.get("on") == "1", request.form.get("past") == "1"
    with transaction() as session:
        switch_rule(session, rule, is_on=is_on, viewer=viewer, now=utc_now(), past=past)
    said = _("%(name)s is on.", name=rule.name) if is_on else _("%(name)s is off.", name=rule.name)
    return _saved(said)


@bp.post("/settings/automation/<uuid:automation_rule_id>/up")
def move_up(automation_rule_id: uuid.UUID) -> ResponseReturnValue:
    """Move the rule up by one place in the order in which rules are checked."""
    viewer, rule = changeable(automation_rule_id)
    with transaction() as session:
        move_rule_up(session, rule, viewer=viewer, now=utc_now())
    return _saved(_("Moved up."))


@bp.post("/settings/automation/<uuid:automation_rule_id>/deletion")
def remove_rule(automation_rule_id: uuid.UUID) -> ResponseReturnValue:
    """Delete the rule. The form has asked for confirmation before. What the rule has changed on threads stays."""
    viewer, rule = changeable(automation_rule_id)
    name = rule.name
    with transaction() as session:
        delete_rule(session, rule, viewer=viewer, now=utc_now())
    return _saved(_("%(name)s is deleted.", name=name))


def changeable(rule_id: uuid.UUID) -> tuple[Viewer, AutomationRule]:
    """Return the viewer and the rule. Answer 403 if the viewer may not manage rules.

    Raises `RuleMissing` if the viewer cannot see such a rule.
    """
    viewer = require(Permission.RULES_MANAGE)
    return viewer, get_rule(db.session(), rule_id, viewer=viewer)


def _to_dry_run(rule: AutomationRule) -> Response:
    flash(_("Saved. The rule is off: check what it would do, then switch it on."))
    return redirect(url_for("automation.show_dry_run", automation_rule_id=rule.id), 303)


def _saved(said: str) -> Response:
    runtime().nudger.nudge()
    flash(said)
    return redirect(url_for("automation.rules"), 303)


def _editor(
    form: RuleForm, viewer: Viewer, vocabulary: Vocabulary, *, rule: AutomationRule | None = None, status: int = 200
) -> Response:
    steps = choices(db.session(), viewer, MacroForm(form.values))
    steps["people"] = [pair for pair in steps["people"] if pair[0] != ME]
    weekdays = get_locale().days["stand-alone"]["wide"]
    context: dict[str, Any] = {
        "choices": steps,
        "triggers": [(name, _(words)) for name, words in TRIGGERS.items()],
        "conditions": [("", _("No condition")), *condition_choices()],
        "numbers": CONDITIONS,
        "prefixes": PREFIXES,
        "weekdays": [(number, weekdays[number].capitalize()) for number in range(7)],
        "suggestions": vocabulary.suggestions,
    }
    action = url_for("automation.save_rule", automation_rule_id=rule.id) if rule else url_for("automation.add_rule")
    return page("automation/edit.html", status=status, form=form, rule=rule, action=action, **context)
