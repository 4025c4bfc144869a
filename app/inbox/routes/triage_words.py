"""What tagging and snoozing look like in a timeline."""

from __future__ import annotations

from typing import Any

from app.translation import gettext as _

TRIAGE_EVENTS = frozenset({"ThreadTagged"})


def triage_words(event_type: str, who: str, payload: dict[str, Any]) -> str:
    """One quiet line about an event of TRIAGE_EVENTS."""
    return _tagged(who, payload)


def _tagged(who: str, payload: dict[str, Any]) -> str:
    added, removed = ", ".join(payload["added"]), ", ".join(payload["removed"])
    if added and removed:
        return _("%(who)s replaced the tag %(removed)s by %(added)s", who=who, removed=removed, added=added)
    if added:
        return _("%(who)s tagged this %(tags)s", who=who, tags=added)
    return _("%(who)s removed the tag %(tags)s", who=who, tags=removed)
