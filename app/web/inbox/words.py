"""Put parts of the inbox into words: times in the reader's time zone, states, events, quoted text. No database."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import g
from flask_babel import format_datetime, get_locale, get_timezone
from jinja2.utils import urlize
from markupsafe import Markup, escape

from app.core.clock import utc_now
from app.core.translation import date_words, ngettext, number_words
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.routing.words import given_words
from app.domain.threads.mentions import highlighted
from app.domain.threads.models import Message, MessageType, Priority, ThreadStatus, ThreadType
from app.domain.threads.sorting import ListSort
from app.domain.threads.timeline import TASK_EVENTS, TimelineItem
from app.domain.threads.unsent import UNSENT as UNSENT_REASON
from app.domain.threads.words import STATUSES, thread_type_words
from app.mail.quoting import Section, split_quoted
from app.web.inbox.about_words import PEOPLE_EVENTS, people_event_words
from app.web.inbox.appointment_words import APPOINTMENT_EVENTS, appointment_event_words
from app.web.inbox.ledger_words import failure_words
from app.web.inbox.order_words import ORDER_EVENTS, order_event_words
from app.web.inbox.task_words import WAIT_EVENTS, task_event_words
from app.web.inbox.triage_words import TRIAGE_EVENTS, triage_words, until_words
from app.web.surveys.words import SURVEY_EVENTS, survey_event_words

BLOCK_TAG = re.compile(r"<(?:p|div|br|tr|li|h[1-6]|blockquote|hr|pre)\b")
CLOCK = "%H:%M"
REMEMBERED_CHARACTERS = 20_000  # longest text whose split is cached: an open thread is drawn again with every change
LINK_MARK = re.compile(r"https?://|www\.|@|\.(?:com|net|org)", re.IGNORECASE)
OUR_MARKS = ("<em>", "<code>", "<blockquote>")  # further marks that the composer makes
HTML_MARKS = ("<table", "<img", "<ul", "<ol", "<h1", "<h2", "<h3", "data-remote-src", "<b>", "<strong", "<a ", *OUR_MARKS)


PRIORITIES = {
    Priority.LOW: N_("Low"),
    Priority.NORMAL: N_("Normal"),
    Priority.HIGH: N_("High"),
    Priority.URGENT: N_("Urgent"),
    Priority.CRITICAL: N_("Critical"),
}
MEDIA = {"email": N_("Email"), "whatsapp": "WhatsApp", "sms": "SMS", "phone": N_("Phone"), "internal": N_("Internal")}


def status_words(status: str) -> str:
    """Return a thread's status in words."""
    return _(STATUSES[ThreadStatus(status)])


def priority_words(priority: str) -> str:
    return _(PRIORITIES[Priority(priority)])


SORTS = {
    ListSort.NEWEST: N_("Newest first"),
    ListSort.OLDEST: N_("Longest waiting first"),
    ListSort.PRIORITY: N_("Most urgent first"),
    ListSort.DUE: N_("Due soonest first"),
}


DUE = {"overdue": N_("Overdue"), "today": N_("Due today"), "week": N_("Due within a week")}


def due_filter_words(due: str) -> str:
    return _(DUE[due])


def sort_words(sort: str) -> str:
    return _(SORTS[ListSort(sort)])


def medium_words(medium: str) -> str:
    return _(MEDIA.get(medium, medium))


UNSENT = {
    "email": N_("Email not sent"),
    "whatsapp": N_("WhatsApp message not sent"),
    "sms": N_("SMS not sent"),
}


def unsent_words(medium: str) -> str:
    """Return what a row shows for a message of ours that did not arrive."""
    return _(UNSENT.get(medium, N_("Not sent")))


MOVES = {
    "ThreadsMerged": N_("%(who)s merged thread #%(number)s into this one"),
    "MergeUndone": N_("%(who)s undid the merge of #%(number)s"),
    "ThreadSplit": N_("%(who)s split the later messages off into #%(number)s"),
    "ThreadSplitOff": N_("%(who)s split this off from #%(number)s"),
    "TicketOpened": N_("%(who)s opened internal ticket #%(number)s about this"),
    "SplitUndone": N_("%(who)s moved the messages of #%(number)s back here"),
}
MEDIUM_ICONS = {
    "email": "mail",
    "whatsapp": "message-circle",
    "sms": "message-square",
    "phone": "phone",
    "internal": "sticky-note",
}
STATUS_TONES = {
    "escalated": "overdue",
    "resolved": "done",
    "closed": "",
    "open": "info",
    "in_progress": "accent",
    "waiting_internal": "due",
}
PRIORITY_TONES = {"critical": "overdue", "urgent": "overdue", "high": "due"}


@dataclass(frozen=True)
class DeliveryWords:
    """The delivery state shown under an outgoing message: an icon's name, a text, and the text's colour (`tone`)."""

    icon: str
    text: str
    tone: str


DELIVERY_STATES = {
    "pending": DeliveryWords("clock", N_("Sending"), ""),
    "accepted": DeliveryWords("check", N_("Handed to the provider"), ""),
    "sent": DeliveryWords("check", N_("Sent"), ""),
    "delivered": DeliveryWords("check-check", N_("Delivered"), ""),
    "read": DeliveryWords("check-check", N_("Read"), "read"),
    "failed": DeliveryWords("circle-alert", N_("Not sent"), "failed"),
    "bounced": DeliveryWords("circle-alert", N_("Bounced"), "failed"),
    "expired": DeliveryWords("circle-alert", N_("Expired"), "failed"),
    "unknown": DeliveryWords("triangle-alert", N_("Not confirmed yet"), "unknown"),
}


WAITING = DeliveryWords("hourglass", N_("Waiting"), "waiting")


def delivery_words(message: Message) -> DeliveryWords | None:
    """Return the delivery state of an outgoing message in words; None for any other message."""
    status = message.delivery_status
    if status is None or message.message_type not in (MessageType.OUTGOING, MessageType.AUTO_RESPONSE):
        return None
    state = WAITING if status == "pending" and message.delivery_reason else DELIVERY_STATES[status]
    if status == "read" and message.read_at:
        return replace(state, text=_("Read %(time)s", time=clock(message.read_at)))
    return replace(state, text=_(state.text))


def list_time(at: datetime) -> str:
    """Return a time for a list row: the time of day for today, weekday and time in the last days, otherwise the date."""
    local, day = local_time(at), today()
    if local.date() == day:
        return str(local.strftime(CLOCK))
    if day - local.date() < timedelta(days=6):
        return f"{get_locale().days['format']['abbreviated'][local.weekday()]} {local.strftime(CLOCK)}"
    return date_words(local.date(), "d MMM" if local.year == day.year else "d MMM y")


def local_time(at: datetime) -> datetime:
    """Return `at` in the reader's time zone. The zone is looked up only once per request, as a page has about a hundred times."""
    zone = getattr(g, "zone", None)
    if zone is None:
        zone = g.zone = ZoneInfo(str(get_timezone()))
    local: datetime = at.astimezone(zone)
    return local


def today() -> date:
    """Return today's date in the reader's time zone, calculated once per request."""
    if "today" not in g:
        g.today = local_time(utc_now()).date()
    day: date = g.today
    return day


def hour_now() -> int:
    """Return the present hour of the reader's day."""
    return local_time(utc_now()).hour


def clock(at: datetime) -> str:
    """Return the time of day in the reader's time zone. A timeline shows the date separately, above the items of a day."""
    return str(local_time(at).strftime(CLOCK))


def day_words(at: datetime) -> str:
    local, now = local_time(at).date(), today()
    if local == now:
        return _("Today")
    if local == now - timedelta(days=1):
        return _("Yesterday")
    return date_words(local, "EEEE d MMMM" if local.year == now.year else "EEEE d MMMM y")


def local_date(at: datetime) -> str:
    """Return the date of the instant `at` in the reader's time zone, in the form 2026-11-21."""
    return str(local_time(at).date().isoformat())


def exact_time(at: datetime) -> str:
    return str(format_datetime(at, "EEEE d MMMM y HH:mm"))


def left_words(until: datetime | None) -> str:
    """Return how long the reply window stays open, such as "Reply window: 23 h left", or that it is closed.

    Return "" for None.
    """
    if until is None:
        return ""
    minutes = int((until - utc_now()).total_seconds() // 60)
    if minutes <= 0:
        return _("Reply window closed")
    hours = minutes // 60
    return _("Reply window: %(hours)s h left", hours=hours) if hours else _("Reply window: %(minutes)s min left", minutes=minutes)


def _type_words(_event_type: str, who: str, payload: dict[str, Any]) -> str:
    """Return one line in words about a change of the thread's type. If the type was guessed automatically, the line names the
    words that led to it."""
    kind, found = thread_type_words(ThreadType(payload["to"])), ", ".join(f"“{word}”" for word in payload.get("because", ()))
    if found:
        return _("%(who)s set the type to %(kind)s: the message says %(words)s", who=who, kind=kind, words=found)
    return _("%(who)s set the type to %(kind)s", who=who, kind=kind)


def event_words(item: TimelineItem, user_names: dict[str, str]) -> str:
    """Return one line in words about an event in a timeline. `user_names`: the names of users by id."""
    event = item.event
    assert event is not None
    payload: dict[str, Any] = event.payload
    by = payload.get("by") or {}
    who = item.author_name or (_("The rule %(name)s", name=by["name"]) if by else _("Switchyard"))
    if event.type == "ThreadAssigned":
        return _assigned_words(who, user_names.get(payload.get("to") or "", ""), payload)
    if event.type == "ThreadStatusChanged":
        return _status_changed_words(who, payload)
    if event.type == "ThreadPriorityChanged":
        return _("%(who)s set the priority to %(priority)s", who=who, priority=priority_words(payload["to"]).lower())
    if event.type in TRIAGE_EVENTS:
        return triage_words(event.type, who, payload)
    if event.type == "ThreadHandedOver":
        if not payload.get("to"):
            return _("%(who)s removed the team", who=who)
        return _("%(who)s handed this to the team %(team)s", who=who, team=payload["team"])
    if event.type in WAIT_EVENTS:
        return _(WAIT_EVENTS[event.type], who=who, what=payload["for"])
    for types, words in _OF_OTHERS:
        if event.type in types:
            return words(event.type, who, payload)
    return _(MOVES[event.type], who=who, number=payload.get("number", ""))


def _status_changed_words(who: str, payload: dict[str, Any]) -> str:
    if payload.get("because") == UNSENT_REASON:
        return _("Open again: the message was not delivered")
    return _("%(who)s set the status to %(status)s", who=who, status=status_words(payload["to"]).lower())


_OF_OTHERS = (
    (frozenset(TASK_EVENTS), task_event_words),
    (frozenset(APPOINTMENT_EVENTS), appointment_event_words),
    (ORDER_EVENTS, order_event_words),
    (SURVEY_EVENTS, survey_event_words),
    (PEOPLE_EVENTS, people_event_words),
    (frozenset({"ThreadTypeChanged"}), _type_words),
)


def _assigned_words(who: str, name: str, payload: dict[str, Any]) -> str:
    if payload.get("by", {}).get("kind") == "routing":
        return given_words(name or "?", payload["by"])
    if not payload.get("to"):
        return _("%(who)s removed the assignee", who=who)
    return _("%(who)s took this thread", who=who) if name == who else _("%(who)s assigned this to %(name)s", who=who, name=name)


def sections_of(message: Message) -> list[Section]:
    """Return the text of a mail in sections: what the sender wrote, and what they quoted. Together the sections are the whole
    text.

    Return [] for a note or a message that is not a mail.
    """
    if message.medium != "email" or message.message_type == MessageType.INTERNAL_NOTE:
        return []
    return _split(message.text) if len(message.text) <= REMEMBERED_CHARACTERS else split_quoted(message.text)


@lru_cache(maxsize=1000)
def _split(text: str) -> list[Section]:
    return split_quoted(text)


def linked(text: str) -> Markup:
    """Return the text as HTML with its addresses as links."""
    if not LINK_MARK.search(text):
        return escape(text)
    return Markup(urlize(text, rel="noopener noreferrer nofollow", target="_blank"))  # noqa: S704  urlize escapes


def quoted_lines(text: str) -> str:
    count = len(text.strip().splitlines())
    return ngettext("%(num)s quoted line", "%(num)s quoted lines", count)


def is_rich(message: Message) -> bool:
    """Return True if the message's HTML shows something that its plain text does not, such as formatting or pictures."""
    return any(mark in message.html for mark in HTML_MARKS)


def frame_height(message: Message) -> int:
    """Return the estimated height, in pixels, of the frame that shows the message's HTML.

    No script may run in that frame to measure it. If the estimate is too low, the frame scrolls.
    """
    blocks = len(BLOCK_TAG.findall(message.html))
    pictures = message.html.count("<img")
    return max(140, min(760, 70 + 32 * blocks + 24 * (len(message.text) // 80) + 60 * pictures))


def size_words(size_bytes: int | None) -> str:
    if size_bytes is None:
        return ""
    if size_bytes < 1024 * 1024:
        return _("%(size)s kB", size=max(1, size_bytes // 1024))
    return _("%(size)s MB", size=number_words(size_bytes / 1024 / 1024, "#,##0.0"))


def capped(count: int, cap: int = 1000) -> str:
    """Return a count as the rail shows it: "" for 0, and "999+" (for the default `cap`) if it is `cap` or more."""
    return "" if count == 0 else f"{cap - 1}+" if count >= cap else str(count)


WRITTEN_HERE = N_("The message was written in Switchyard.")
EVIDENCE = {
    "plus_address": N_("The message was sent to our unique reply address for this thread."),
    "signed_message_id": N_("The message answers a message we sent from this thread."),
    "message_id": N_("The message refers to a message in this thread."),
    "conversation": N_("The mailbox groups the message with a message in this thread, and the two messages share a participant."),
    "subject_token": N_("The subject contains the number of this thread, and the sender takes part in the thread."),
    "quoted_message": N_("The message quotes a message in this thread."),
    "same_chat": N_("The message continues the current chat with this contact."),
    "new": N_("The message matched no earlier thread, so it started this thread."),
}


def evidence_words(message: Message) -> str:
    """Return in words why the message is in its thread."""
    return _(EVIDENCE.get(str(message.evidence.get("by", "")), WRITTEN_HERE))


FILTERS = {
    "status_words": status_words,
    "priority_words": priority_words,
    "sort_words": sort_words,
    "due_filter_words": due_filter_words,
    "medium_words": medium_words,
    "list_time": list_time,
    "until_words": until_words,
    "day_words": day_words,
    "clock": clock,
    "exact_time": exact_time,
    "local_date": local_date,
    "left_words": left_words,
    "quoted_lines": quoted_lines,
    "size_words": size_words,
    "capped": capped,
    "delivery_words": delivery_words,
    "linked": linked,
    "highlighted": highlighted,
    "sections_of": sections_of,
    "is_rich": is_rich,
    "frame_height": frame_height,
    "evidence_words": evidence_words,
    "failure_words": failure_words,
}
