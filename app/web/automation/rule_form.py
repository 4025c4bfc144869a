"""Form of an automation rule (`RuleForm`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import request

from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.automation.actions import RuleContent
from app.domain.automation.conditions import OPERATORS, Condition, Part
from app.domain.automation.models import AutomationRule
from app.domain.automation.queries import parts_of
from app.domain.automation.triggers import CLOCK, SILENT, TRIGGERS, UNANSWERED
from app.domain.threads.macros import ME, MacroSteps
from app.web.automation.condition_words import Vocabulary, time_words
from app.web.inbox.blueprint import parse_uuid
from app.web.inbox.macro_form import FIELDS as MACRO_FIELDS
from app.web.inbox.macro_form import MacroForm, read_steps, values_of

NAME_CHARACTERS = 80
HOURS_AT_MOST = 24 * 60
CONDITIONS = (1, 2, 3, 4)
PREFIXES = ("", "also_")
STEP_FIELDS = MACRO_FIELDS[2:]
PART_FIELDS = ("match", *(f"{name}_{n}" for n in CONDITIONS for name in ("what", "than")), *STEP_FIELDS)
OWN_FIELDS = ("name", "brand", "trigger", "after_hours", "at_time", "stops")
WEEKDAYS = tuple(range(7))


@dataclass
class RuleForm:
    """The form of an automation rule: typed values and errors, both by field.

    `content` is the rule's content, or None if there are errors.
    """

    values: dict[str, str]
    weekdays: tuple[int, ...] = ()
    errors: dict[str, str] = field(default_factory=dict)
    content: RuleContent | None = None


def empty_form() -> RuleForm:
    names = [*OWN_FIELDS, *(prefix + name for prefix in PREFIXES for name in PART_FIELDS)]
    return RuleForm({**dict.fromkeys(names, ""), "trigger": "MessageReceived", "match": "all", "also_match": "all"})


def form_of(rule: AutomationRule, vocabulary: Vocabulary) -> RuleForm:
    """Return the form filled with the values of an existing rule."""
    form = empty_form()
    form.values |= {
        "name": rule.name,
        "brand": str(rule.brand_id or ""),
        "trigger": rule.trigger,
        "after_hours": str(rule.after_hours or ""),
        "at_time": time_words(rule.at_minute) if rule.at_minute is not None else "",
        "stops": "yes" if rule.stops else "",
    }
    form.weekdays = tuple(rule.weekdays)
    for prefix, part in zip(PREFIXES, parts_of(rule), strict=False):
        form.values |= {prefix + name: value for name, value in _part_values(part, vocabulary).items()}
    return form


def _part_values(part: Part, vocabulary: Vocabulary) -> dict[str, str]:
    asked = zip(CONDITIONS, part.conditions, strict=False)
    conditions: dict[str, str] = {"match": part.match}
    for number, condition in asked:
        conditions[f"what_{number}"] = f"{condition.field}:{condition.op}"
        conditions[f"than_{number}"] = vocabulary.words(condition.field, condition.value)
    return {**conditions, **values_of(part.steps)}


def read_form(viewer: Viewer, vocabulary: Vocabulary) -> RuleForm:
    """Return the posted form. Its `content` is None if it has errors."""
    form = empty_form()
    for name in form.values:
        form.values[name] = storable(request.form.get(name, "")).strip()
    values, errors = form.values, form.errors
    values["name"] = " ".join(values["name"].split())
    form.weekdays = tuple(day for day in WEEKDAYS if str(day) in request.form.getlist("weekday"))
    if not values["name"]:
        errors["name"] = _("Enter a name.")
    elif len(values["name"]) > NAME_CHARACTERS:
        errors["name"] = _("Use at most %(count)s characters.", count=NAME_CHARACTERS)
    brand_id = parse_uuid(values["brand"])
    if values["brand"] and brand_id not in viewer.brand_ids:
        errors["brand"] = _("Choose one of your brands.")
    when = _when(form)
    parts = tuple(part for prefix in PREFIXES if (part := _part(form, prefix, vocabulary)) is not None)
    if not errors:
        form.content = RuleContent(name=values["name"], brand_id=brand_id, parts=parts, stops=values["stops"] == "yes", **when)
    return form


def _when(form: RuleForm) -> dict[str, Any]:
    trigger, errors = form.values["trigger"], form.errors
    if trigger not in TRIGGERS:
        errors["trigger"] = _("Choose one from the list.")
    found: dict[str, Any] = {"trigger": trigger}
    if trigger in (UNANSWERED, SILENT):
        hours = form.values["after_hours"]
        if not (hours.isascii() and hours.isdigit() and 0 < int(hours) <= HOURS_AT_MOST):
            errors["after_hours"] = _("Enter the number of hours: a whole number from 1 to %(most)s.", most=HOURS_AT_MOST)
        else:
            found["after_hours"] = int(hours)
    if trigger == CLOCK:
        minute = _minute(form.values["at_time"])
        if minute is None:
            errors["at_time"] = _("Enter a time like 08:30.")
        found |= {"at_minute": minute, "weekdays": form.weekdays}
    return found


def _minute(text: str) -> int | None:
    hours, colon, minutes = text.partition(":")
    if not (colon and hours.isdigit() and minutes.isdigit() and text.isascii() and int(hours) < 24 and int(minutes) < 60):
        return None
    return int(hours) * 60 + int(minutes)


def _part(form: RuleForm, prefix: str, vocabulary: Vocabulary) -> Part | None:
    """Parse one part of the rule from the form. `prefix` names the part; it is empty for the first.

    Return None if the second part is empty. Errors are added to the form.
    """
    conditions = _conditions(form, prefix, vocabulary)
    steps = MacroForm({name: form.values[prefix + name] for name in STEP_FIELDS})
    steps.values["sends"] = "yes"
    read_steps(steps)
    form.errors |= {prefix + name: text for name, text in steps.errors.items()}
    if prefix and not conditions and steps.steps.is_empty:
        return None
    if steps.steps.assignee == ME:
        form.errors[prefix + "assignee"] = _(
            "A rule runs automatically, so there is no “person who runs it”: choose a person by name."
        )
    elif steps.steps.is_empty and not steps.errors:
        form.errors[prefix + "team"] = _("Choose at least one step.")
    if form.errors:
        return None
    match = "any" if form.values[prefix + "match"] == "any" else "all"
    return Part(match=match, conditions=conditions, steps=_without_sends(steps.steps))  # type: ignore[arg-type]


def _without_sends(steps: MacroSteps) -> MacroSteps:
    return steps if steps.template_id else steps.model_copy(update={"sends": False})


def _conditions(form: RuleForm, prefix: str, vocabulary: Vocabulary) -> tuple[Condition, ...]:
    found = []
    for number in CONDITIONS:
        what, than = form.values[f"{prefix}what_{number}"], " ".join(form.values[f"{prefix}than_{number}"].split())
        if not what and not than:
            continue
        name, _colon, op = what.partition(":")
        if op not in OPERATORS.get(name, ()):
            form.errors[f"{prefix}what_{number}"] = _("Choose what this condition compares.")
            continue
        value = vocabulary.value(name, than)
        if value is None:
            form.errors[f"{prefix}than_{number}"] = _("Unknown value “%(text)s”.", text=than) if than else _("Enter a value.")
            continue
        found.append(Condition.model_validate({"field": name, "op": op, "value": value}))
    return tuple(found)
