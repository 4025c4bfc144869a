"""Form of a macro (`MacroForm`)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from app.core.db import db
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.accounts.queries import list_brands, list_teams
from app.domain.integrations.queries import list_scenarios
from app.domain.notifications.teams.hooks import find_hook_named, list_hooks
from app.domain.reply_templates.queries import list_templates
from app.domain.reply_templates.variables import list_problems
from app.domain.reply_templates.views import problem_words
from app.domain.threads.macro_models import Macro
from app.domain.threads.macros import (
    CALLS_PER_MACRO,
    ME,
    NAME_CHARACTERS,
    NOBODY,
    NOTE_CHARACTERS,
    TAGS_PER_STEP,
    TARGET_CHARACTERS,
    TITLE_CHARACTERS,
    WORDS_CHARACTERS,
    MacroSteps,
    OutsideCall,
    TaskStep,
    steps_of,
)
from app.domain.threads.models import CLOSED_STATUSES, Priority, ThreadStatus, ThreadType
from app.domain.threads.tags import BadTag, clean_tag
from app.domain.threads.timeline import list_assignable_users
from app.domain.threads.words import thread_type_words
from app.domain.webhooks.models import RULE_CALLED
from app.domain.webhooks.queries import find_called, list_called
from app.web.accounts.session import current_viewer
from app.web.inbox.about_form import about_choices, about_values, read_about
from app.web.inbox.blueprint import parse_uuid
from app.web.inbox.macro_words import TASK_KINDS
from app.web.inbox.triage_words import CALLS as CALL_KINDS
from app.web.inbox.triage_words import SNOOZES
from app.web.inbox.words import priority_words, status_words

DAYS_AT_MOST = 365
CALLS = tuple(range(1, CALLS_PER_MACRO + 1))
FIELDS = (
    "name",
    "brand",
    "team",
    "assignee",
    "priority",
    "thread_type",
    "subject",
    "customer",
    "partner",
    "order",
    "order_number",
    "add_tags",
    "remove_tags",
    "note",
    "task_title",
    "task_kind",
    "task_days",
    *(f"call_kind_{number}" for number in CALLS),
    *(f"call_target_{number}" for number in CALLS),
    *(f"call_words_{number}" for number in CALLS),
    "template",
    "sends",
    "status",
    "snooze",
)


@dataclass
class MacroForm:
    """A macro as typed into its form. `values` and `errors` are by field; `brand_id` and `steps` are what the values mean."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    brand_id: uuid.UUID | None = None
    steps: MacroSteps = field(default_factory=MacroSteps)


def empty_form() -> MacroForm:
    return MacroForm(dict.fromkeys(FIELDS, ""))


def form_of(macro: Macro) -> MacroForm:
    """Return the form filled with this macro's values."""
    steps = steps_of(macro)
    values = {"name": macro.name, "brand": str(macro.brand_id or ""), **values_of(steps)}
    return MacroForm(values, {}, macro.brand_id, steps)


def values_of(steps: MacroSteps) -> dict[str, str]:
    """Return the values of the form for these steps."""
    calls = zip(CALLS, steps.calls, strict=False)
    task = steps.task
    return {
        **dict.fromkeys(FIELDS[2:], ""),
        **{f"call_{name}_{number}": value for number, call in calls for name, value in call.model_dump().items()},
        "task_title": task.title if task else "",
        "task_kind": task.kind if task else "",
        "task_days": str(task.due_days) if task and task.due_days is not None else "",
        "team": str(steps.team_id or ""),
        "assignee": steps.assignee or "",
        "priority": steps.priority or "",
        "thread_type": steps.thread_type or "",
        **about_values(steps),
        "add_tags": ", ".join(steps.add_tags),
        "remove_tags": ", ".join(steps.remove_tags),
        "note": steps.note,
        "template": str(steps.template_id or ""),
        "sends": "yes" if steps.sends else "",
        "status": steps.status or "",
        "snooze": steps.snooze or "",
    }


def read_form(viewer: Viewer) -> MacroForm:
    """Return the posted form. Its `errors` is empty if the values are valid."""
    form = MacroForm({name: storable(request.form.get(name, "")).strip() for name in FIELDS})
    values, errors = form.values, form.errors
    values["name"] = " ".join(values["name"].split())
    if not values["name"]:
        errors["name"] = _("Enter a name.")
    elif len(values["name"]) > NAME_CHARACTERS:
        errors["name"] = _("Use at most %(count)s characters.", count=NAME_CHARACTERS)
    form.brand_id = parse_uuid(values["brand"])
    if values["brand"] and form.brand_id not in viewer.brand_ids:
        errors["brand"] = _("Choose one of your brands.")
    read_steps(form)
    if not errors and form.steps.is_empty:
        errors["team"] = _("Choose at least one step.")
    return form


def read_steps(form: MacroForm) -> None:
    """Set `form.steps` from the form's values, and add an error to `form.errors` for each invalid field."""
    values, errors = form.values, form.errors
    values["note"] = values["note"].replace("\r\n", "\n")
    if len(values["note"]) > NOTE_CHARACTERS:
        errors["note"] = _("Use at most %(count)s characters.", count=NOTE_CHARACTERS)
    add, remove = _tags(form, "add_tags"), _tags(form, "remove_tags")
    task, calls, about = _task(form), _calls(form), read_about(values, errors)
    if errors:
        return
    try:
        form.steps = _steps(values, add, remove).model_copy(update={"task": task, "calls": calls, **about})
    except ValueError:
        errors["status"] = _("This choice does not exist; reload the page and try again.")
        return
    if form.steps.snooze and form.steps.status in CLOSED_STATUSES:
        errors["snooze"] = _("A resolved or closed thread cannot be snoozed: choose either the status or the snooze.")


def _task(form: MacroForm) -> TaskStep | None:
    title, days = " ".join(form.values["task_title"].split()), form.values["task_days"]
    if len(title) > TITLE_CHARACTERS:
        form.errors["task_title"] = _("Use at most %(count)s characters.", count=TITLE_CHARACTERS)
    if days and not (days.isascii() and days.isdigit() and int(days) <= DAYS_AT_MOST):
        form.errors["task_days"] = _("Enter a whole number from 0 to %(most)s.", most=DAYS_AT_MOST)
    elif days and not title:
        form.errors["task_title"] = _("Enter what must be done.")
    if form.errors or not title:
        return None
    kind = form.values["task_kind"] if form.values["task_kind"] in TASK_KINDS else "follow_up"
    return TaskStep.model_validate({"title": title, "kind": kind, "due_days": int(days) if days else None})


def _calls(form: MacroForm) -> tuple[OutsideCall, ...]:
    found = []
    for number in CALLS:
        kind, target = form.values[f"call_kind_{number}"], form.values[f"call_target_{number}"]
        words = " ".join(form.values[f"call_words_{number}"].split())
        if not kind and not target and not words:
            continue
        if kind not in CALL_KINDS:
            form.errors[f"call_kind_{number}"] = _("Choose where to send the notification.")
        elif not target or len(target) > TARGET_CHARACTERS:
            form.errors[f"call_target_{number}"] = _(
                "Enter the name of the webhook, scenario, team or template, in at most %(count)s characters.",
                count=TARGET_CHARACTERS,
            )
        elif kind == "webhook" and find_called(db.session(), target, brand_ids=current_viewer().brand_ids) is None:
            form.errors[f"call_target_{number}"] = _(
                "There is no webhook “%(name)s” that receives the event %(event)s. Check the name, or choose that "
                "event on the page of the webhook.",
                name=target,
                event=RULE_CALLED,
            )
        elif kind == "teams" and find_hook_named(db.session(), target) is None:
            form.errors[f"call_target_{number}"] = _("No team “%(name)s” has an address for Microsoft Teams cards.", name=target)
        elif words and kind not in ("teams", "whatsapp_template"):
            form.errors[f"call_words_{number}"] = _("Leave this empty: only Teams cards and WhatsApp templates have text.")
        elif kind == "whatsapp_template" and (problems := list_problems(words)):
            form.errors[f"call_words_{number}"] = problem_words(problems[0])
        elif len(words) > WORDS_CHARACTERS:
            form.errors[f"call_words_{number}"] = _("Use at most %(count)s characters.", count=WORDS_CHARACTERS)
        else:
            found.append(OutsideCall.model_validate({"kind": kind, "target": target, "words": words}))
    return tuple(found)


def _steps(values: dict[str, str], add: tuple[str, ...], remove: tuple[str, ...]) -> MacroSteps:
    assignee = values["assignee"]
    known = assignee in ("", ME, NOBODY) or parse_uuid(assignee) is not None
    template_id = parse_uuid(values["template"])
    return MacroSteps.model_validate(
        {
            "team_id": parse_uuid(values["team"]),
            "assignee": (assignee or None) if known else None,
            "priority": values["priority"] or None,
            "thread_type": values["thread_type"] or None,
            "add_tags": add,
            "remove_tags": remove,
            "note": values["note"],
            "template_id": template_id,
            "sends": template_id is not None and values["sends"] == "yes",
            "status": values["status"] or None,
            "snooze": values["snooze"] or None,
        }
    )


def _tags(form: MacroForm, name: str) -> tuple[str, ...]:
    """Return the tags typed into the field `name`, separated by commas. If a tag is invalid, add an error to the form and
    return ()."""
    try:
        found = tuple(dict.fromkeys(clean_tag(text) for text in form.values[name].split(",") if text.strip()))
    except BadTag:
        form.errors[name] = _("A tag is one to fifty characters long.")
        return ()
    if len(found) > TAGS_PER_STEP:
        form.errors[name] = _("Use at most %(count)s tags.", count=TAGS_PER_STEP)
    return found


def choices(session: Session, viewer: Viewer, form: MacroForm) -> dict[str, Any]:
    """Return the options of every select field, by name, as lists of pairs (value, label). In the fields of steps, the first
    pair leaves the thread unchanged.

    A chosen value that was deleted stays in its list. `scenarios`, `told_teams` (names of teams with a Teams workflow) and
    `webhooks` (names of webhooks that a step can call) are plain lists.
    """
    same = ("", _("Unchanged"))
    # Nothing takes a "sync", so only a step that is stored has it.
    offered = {kind: words for kind, words in CALL_KINDS.items() if kind != "sync" or kind in form.values.values()}
    people = dict(pair for brand_id in viewer.brand_ids for pair in list_assignable_users(session, brand_id))
    named = sorted(((str(user_id), name) for user_id, name in people.items()), key=lambda pair: pair[1])
    brands = [(str(brand.id), brand.name) for brand in list_brands(session) if brand.id in viewer.brand_ids]
    templates = [(str(row.template.id), row.template.name) for row in list_templates(session, viewer=viewer)]
    lists = {
        "brands": [("", _("Every brand")), *brands],
        "teams": [same, *((str(team.id), team.name) for team in list_teams(session, brand_ids=viewer.brand_ids))],
        "people": [same, (ME, _("The person who runs the macro")), (NOBODY, _("Unassigned")), *named],
        "priorities": [same, *((priority.value, priority_words(priority)) for priority in Priority)],
        "types": [same, *((kind.value, thread_type_words(kind)) for kind in ThreadType if kind != ThreadType.INTERNAL_TICKET)],
        **about_choices(session, viewer, form.values),
        "templates": [("", _("None")), *templates],
        "statuses": [same, *((status.value, status_words(status)) for status in ThreadStatus)],
        "task_kinds": [(kind, _(words)) for kind, words in TASK_KINDS.items()],
        "calls": [("", _("Nothing")), *((kind, _(words)) for kind, words in offered.items())],
        "snoozes": [("", _("Do not snooze")), *((key, _(words)) for key, words in SNOOZES.items())],
    }
    chosen = {"teams": "team", "people": "assignee", "templates": "template", "brands": "brand", "partners": "partner"}
    for options, name in chosen.items():  # a deleted choice stays chosen until somebody chooses another
        value = form.values[name]
        if value and value not in dict(lists[options]):
            lists[options].append((value, _("No longer exists")))
    return {
        **lists,
        "scenarios": list_scenarios(session, brand_ids=viewer.brand_ids),
        "told_teams": [row.team.name for row in list_hooks(session) if row.hook],
        "webhooks": list(dict.fromkeys(one.name for one in list_called(session, brand_ids=viewer.brand_ids))),
    }
