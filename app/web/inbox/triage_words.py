"""Put events about tags, snoozes, spam, consent and macros into words, and format the times of snoozes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import format_datetime, format_time, to_user_timezone

from app.core.clock import utc_now
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.core.translation import ngettext, told

SPAM_EVENTS = {
    "ThreadMarkedSpam": N_("%(who)s marked this as spam"),
    "SpamEnded": N_("%(who)s marked this as not spam"),
    "SenderBlocked": N_("%(who)s blocked this sender: new messages go to spam"),
    "BlockLifted": N_("%(who)s unblocked this sender"),
}
CONSENT_EVENTS = {
    "ContactOptedOut": N_("%(address)s opted out of texts: we cannot send SMS to this number"),
    "ContactOptedIn": N_("%(address)s accepts texts again"),
}
# The lines of the snooze menu, by the names of `snooze.snooze_times`.
SNOOZES = {"later": N_("Later today"), "tomorrow": N_("Tomorrow morning"), "week": N_("Next week")}
# What is to be told outside, by the kinds of app/domain/threads/macros.py `OutsideCall`.
CALLS = {
    "webhook": N_("Webhook"),
    "make": N_("Scenario in Make"),
    "teams": N_("Teams channel"),
    "sync": N_("Integration"),
    "whatsapp_template": N_("WhatsApp template"),
}
TRIAGE_EVENTS = frozenset(
    {"OutsideCallAsked", "ThreadTagged", "ThreadSnoozed", "SnoozeEnded", "MacroRun", "MacroUndone", *SPAM_EVENTS, *CONSENT_EVENTS}
)


def triage_words(event_type: str, who: str, payload: dict[str, Any]) -> str:
    """Return one line in words about an event (a type in TRIAGE_EVENTS). `who` is the name of the user who did it."""
    if event_type in SPAM_EVENTS:
        by_block = payload.get("because") == "sender"
        return _("Went to spam: the sender is blocked") if by_block else _(SPAM_EVENTS[event_type], who=who)
    if event_type in CONSENT_EVENTS:
        return _(CONSENT_EVENTS[event_type], address=payload["address"])
    if event_type == "OutsideCallAsked":
        return _asked(who, payload)
    if event_type == "MacroRun":
        return _("%(who)s ran the macro %(name)s", who=who, name=payload["name"])
    if event_type == "MacroUndone":
        return _("%(who)s undid the macro %(name)s", who=who, name=payload["name"])
    if event_type == "ThreadTagged":
        return _tagged(who, payload)
    if event_type == "ThreadSnoozed":
        return _("%(who)s snoozed this until %(time)s", who=who, time=until_words(datetime.fromisoformat(payload["until"])))
    if payload["because"] == "user":
        return _("%(who)s ended the snooze", who=who)
    return _("Back from snooze") if payload["because"] == "due" else _("Back from snooze: a message came in")


def _asked(who: str, payload: dict[str, Any]) -> str:
    kind, target = payload["call"]["kind"], payload["call"]["target"]
    asked = {"who": who, "what": _(CALLS[kind]), "target": target}
    if payload.get("why_not"):
        return _("Not sent (%(what)s “%(target)s”): %(why)s", why=told(payload["why_not"]), **asked)
    if payload.get("is_told") and kind == "whatsapp_template":
        return _("%(who)s sent the WhatsApp template “%(target)s”", **asked)
    if payload.get("is_told"):
        return _("%(who)s notified %(what)s “%(target)s”", **asked)
    return _("%(who)s tried to notify %(what)s “%(target)s”: not sent, because the service is not connected", **asked)


def _tagged(who: str, payload: dict[str, Any]) -> str:
    added, removed = ", ".join(payload["added"]), ", ".join(payload["removed"])
    if added and removed:
        return _("%(who)s replaced the tag %(removed)s with %(added)s", who=who, removed=removed, added=added)
    if added:
        count = len(payload["added"])
        return ngettext("%(who)s added the tag %(tags)s", "%(who)s added the tags %(tags)s", count, who=who, tags=added)
    count = len(payload["removed"])
    return ngettext("%(who)s removed the tag %(tags)s", "%(who)s removed the tags %(tags)s", count, who=who, tags=removed)


def until_words(at: datetime) -> str:
    """Return a future time, as short as is clear: the time of day for today, with the weekday within a week, otherwise with the
    date."""
    local, now = to_user_timezone(at), to_user_timezone(utc_now())
    days = (local.date() - now.date()).days
    if days == 0:
        return str(format_time(at, "HH:mm"))
    return str(format_datetime(at, "EEE HH:mm" if 0 < days < 7 else "EEE d MMM HH:mm" if days < 300 else "d MMM y HH:mm"))
