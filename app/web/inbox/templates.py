"""Approved message templates in the composer: which can be sent, why others cannot, and the filled-in form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.connections.models import Channel
from app.domain.delivery.approved_templates import (
    FilledTemplate,
    TemplateChoice,
    fill_choice,
    is_usable,
    template_choices,
    wants_more,
)

__all__ = ["FilledTemplate", "TemplateChoice", "fill_template", "template_choices", "unusable_templates", "why_unusable"]


@dataclass(frozen=True)
class UnusableTemplate:
    """A template that cannot be sent now, and why, in the reader's words."""

    name: str
    language: str
    why: str


STATUSES = {
    "APPROVED": N_("Approved"),
    "PENDING": N_("In review at the provider"),
    "REJECTED": N_("Rejected by the provider"),
    "PAUSED": N_("Paused by the provider for low quality"),
    "DISABLED": N_("Disabled by the provider"),
    "IN_APPEAL": N_("Rejected; an appeal is being reviewed"),
    "PENDING_DELETION": N_("Being deleted"),
    "DELETED": N_("Deleted"),
    "LIMIT_EXCEEDED": N_("Too many templates at the provider"),
    "ARCHIVED": N_("Archived"),
    "LOCKED": N_("Locked by the provider"),
}


def unusable_templates(channel: Channel) -> tuple[UnusableTemplate, ...]:
    """Return the templates of a channel that cannot be sent now, each with the reason."""
    listed = [item for item in channel.settings.get("templates", []) if isinstance(item, Mapping) and not is_usable(item)]
    others = (UnusableTemplate(str(one.get("name", "")), str(one.get("language", "")), why_unusable(one)) for one in listed)
    return tuple(sorted(others, key=lambda one: (one.name, one.language)))


def why_unusable(item: Mapping[str, Any]) -> str:
    """Return why a template cannot be sent from here, or "" if it can. `item` is the template as the provider lists it."""
    status = str(item.get("status", "APPROVED")).upper()
    if status != "APPROVED":
        words = _(STATUSES.get(status, N_("Not approved at the provider")))
        return f"{words}: {reason}" if (reason := str(item.get("reason") or "")) else words
    if wants_more(item):
        return _("This template needs a location, a heading or a button value, which you cannot fill in here")
    return ""


def fill_template(channel: Channel, form: Mapping[str, str]) -> FilledTemplate | None:
    """Return the template chosen in the form, filled in with its values. Return None if no template was chosen or it no longer
    exists."""
    choice = next((c for c in template_choices(channel) if c.key == form.get("template")), None)
    if choice is None:
        return None
    return fill_choice(choice, {place: form.get(choice.field(place), "") for place in choice.places})
