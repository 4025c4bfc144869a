"""Put changes of a thread's customer or partner into words for the timeline. No database."""

from __future__ import annotations

from typing import Any

from app.core.translation import gettext as _
from app.core.translation import mark as N_

PEOPLE_EVENTS = frozenset({"CustomerChanged", "PartnerChanged"})
_SAID = {
    "CustomerChanged": (N_("%(who)s changed the customer from %(former)s to %(name)s"), N_("%(who)s removed the customer")),
    "PartnerChanged": (N_("%(who)s set the partner to %(name)s"), N_("%(who)s removed the partner")),
}


def people_event_words(event_type: str, who: str, payload: dict[str, Any]) -> str:
    named, nobody = _SAID[event_type]
    if payload["contact_id"] is None:
        return _(nobody, who=who)
    return _(named, who=who, former=payload["from"] or _("unassigned"), name=payload["to"] or _("Unknown"))
