"""Put macros into words: their steps, failures, and what an undo could not take back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.core.translation import ngettext
from app.domain.accounts.models import Team, User
from app.domain.contacts.models import Contact
from app.domain.reply_templates.models import ReplyTemplate
from app.domain.threads.macros import ME, NOBODY, ONLY_OPEN, MacroSteps
from app.domain.threads.words import thread_type_words
from app.web.inbox.triage_words import CALLS, SNOOZES
from app.web.inbox.words import priority_words, status_words

NOTE_SHOWN = 60
# The types of task a step can make, by their names in app/domain/tasks.
TASK_KINDS = {
    "follow_up": N_("Follow up"),
    "callback": N_("Call back"),
    "documentation": N_("Documentation"),
    "approval_request": N_("Approval"),
    "escalate": N_("Escalate"),
    "other": N_("Other"),
}
STEPS = {
    "brand_id": N_("Brand"),
    "team_id": N_("Team"),
    "assignee": N_("Assignee"),
    "add_tags": N_("Tags"),
    "template_id": N_("Reply"),
    "customer_id": N_("Customer"),
    "partner_id": N_("Partner"),
    "order": N_("Order"),
}


@dataclass(frozen=True)
class Names:
    """The names of the users, teams, templates and contacts that appear in macro steps, by id. A deleted one has no name here."""

    of: Mapping[uuid.UUID, str]

    def get(self, thing: uuid.UUID) -> str:
        return self.of.get(thing, "?")


def names_in(session: Session, all_steps: list[MacroSteps]) -> Names:
    """Return the names of the users, teams, templates and contacts to whose ids the steps of these macros refer. One query."""
    users = {uuid.UUID(steps.assignee) for steps in all_steps if steps.assignee and steps.assignee not in (ME, NOBODY)}
    teams = {steps.team_id for steps in all_steps if steps.team_id}
    templates = {steps.template_id for steps in all_steps if steps.template_id}
    people = {who for steps in all_steps for who in (steps.customer_id, steps.partner_id) if who}
    if not (users or teams or templates or people):
        return Names({})
    found = sa.union_all(
        sa.select(User.id, User.name).where(User.id.in_(users)),
        sa.select(Team.id, Team.name).where(Team.id.in_(teams)),
        sa.select(ReplyTemplate.id, ReplyTemplate.name).where(ReplyTemplate.id.in_(templates)),
        sa.select(Contact.id, Contact.name).where(Contact.id.in_(people)),
    )
    return Names({row.id: row.name for row in session.execute(found)})


def step_words(steps: MacroSteps, names: Names) -> list[str]:
    """Return each step in words, in the order they are taken."""
    said = []
    if steps.team_id is not None:
        said.append(_("hand to %(team)s", team=names.get(steps.team_id)))
    if steps.assignee is not None:
        said.append(_assignee_words(steps.assignee, names))
    if steps.priority is not None:
        said.append(_("priority %(priority)s", priority=priority_words(steps.priority).lower()))
    if steps.thread_type is not None:
        said.append(_("type %(kind)s", kind=thread_type_words(steps.thread_type)))
    said += [*_about_words(steps, names), *_tag_words(steps)]
    if steps.note:
        first = " ".join(steps.note.split())
        said.append(_("note: %(text)s", text=first if len(first) <= NOTE_SHOWN else f"{first[:NOTE_SHOWN]}…"))
    if steps.task is not None:
        said.append(_("task: %(title)s", title=steps.task.title))
    said += [_("%(what)s “%(target)s”", what=_(CALLS[call.kind]), target=call.target) for call in steps.calls]
    if steps.template_id is not None:
        template = names.get(steps.template_id)
        said.append(
            _("send the template “%(name)s”", name=template)
            if steps.sends
            else _("insert the template “%(name)s”", name=template)
        )
    if steps.status is not None:
        said.append(_("status %(status)s", status=status_words(steps.status).lower()))
    if steps.snooze is not None:
        said.append(_("snooze: %(time)s", time=_(SNOOZES[steps.snooze]).lower()))
    return said


def _about_words(steps: MacroSteps, names: Names) -> list[str]:
    said = [_("subject “%(subject)s”", subject=steps.subject)] if steps.subject is not None else []
    said += [_("customer %(name)s", name=names.get(steps.customer_id))] if steps.customer_id is not None else []
    said += [_("partner %(name)s", name=names.get(steps.partner_id))] if steps.partner_id is not None else []
    if steps.order == ONLY_OPEN:
        return [*said, _("link the customer’s only open order")]
    return [*said, _("link order %(number)s", number=steps.order)] if steps.order is not None else said


def _tag_words(steps: MacroSteps) -> list[str]:
    added = [_("tag %(tags)s", tags=", ".join(steps.add_tags))] if steps.add_tags else []
    removed = [_("remove the tag %(tags)s", tags=", ".join(steps.remove_tags))] if steps.remove_tags else []
    return added + removed


def _assignee_words(assignee: str, names: Names) -> str:
    if assignee == ME:
        return _("assign to me")
    return _("unassign") if assignee == NOBODY else _("assign to %(name)s", name=names.get(uuid.UUID(assignee)))


def failed_words(step: str, why: str) -> str:
    """Return as one line which step failed and why."""
    return _("%(step)s: %(why)s. Nothing was changed.", step=_(STEPS[step]), why=why.rstrip("."))


def staying_words(*, reply: bool, note: bool, tasks: int, calls: int) -> str:
    """Return sentences about what an undo of a macro could not take back, or "" if it took back everything.

    `reply` and `note` say if one stays; `tasks` and `calls` say how many stay.
    """
    parts = [_("The macro’s reply was already sent.")] if reply else []
    if tasks:
        parts.append(
            ngettext(
                "The macro’s task stays: a colleague changed it.", "The macro’s tasks stay: a colleague changed them.", tasks
            )
        )
    if calls:
        parts.append(
            ngettext(
                "%(num)s external message has already been sent.", "%(num)s external messages have already been sent.", calls
            )
        )
    if note:
        parts.append(_("The macro’s note stays."))
    return " ".join(parts)
