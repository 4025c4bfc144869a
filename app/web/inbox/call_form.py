"""Form of a call record (`CallForm`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import request

from app.core.clock import utc_now
from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.contacts.models import ContactIdentity
from app.domain.threads.calls import Call, Callback, CallDirection, CallOutcome, next_working_day
from app.domain.threads.models import Draft
from app.web.accounts.session import current_viewer

FIELDS = ("direction", "outcome", "minutes", "number", "at", "offered_at", "callback", "callback_date")
PREFIX = "call_"
NUMBER_CHARACTERS, NOTES_CHARACTERS = 40, 20_000
MOST_MINUTES = 24 * 60
AHEAD, STILL_NOW = timedelta(minutes=5), timedelta(minutes=15)
CALLBACK_WITHIN = timedelta(days=730)

DIRECTIONS = {CallDirection.OUTGOING: N_("Outgoing"), CallDirection.INCOMING: N_("Incoming")}
OUTCOMES = {
    CallOutcome.REACHED: N_("Reached"),
    CallOutcome.NO_ANSWER: N_("Not answered"),
    CallOutcome.VOICEMAIL: N_("Voicemail"),
    CallOutcome.BUSY: N_("Busy"),
}


@dataclass
class CallForm:
    """The form of a call record: typed values and errors, both by field.

    The keys of `values` are the names of FIELDS and "notes". In the posted form, the FIELDS begin with PREFIX.
    """

    values: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return storable(self.values.get(name, "")).strip()

    def call(self, *, now: datetime, zone: ZoneInfo) -> Call:
        """Check the typed values and return the call. Do not use it if `errors` is not empty afterwards."""
        return Call(
            direction=self._direction(),
            outcome=self._outcome(),
            at=self._at(now, zone),
            minutes=self._minutes(),
            number=self._number(),
            notes=self._notes(),
        )

    def callback(self, *, name: str, today: date, zone: str) -> Callback | None:
        """Return the task to call `name` back, or None if the form asks for none or its date is not valid."""
        if not self.get("callback"):
            return None
        try:
            due = date.fromisoformat(self.get("callback_date"))
        except ValueError:
            due = None
        if due is None or not today <= due <= today + CALLBACK_WITHIN:
            self.errors["callback_date"] = _("Choose the day to call back: today or later.")
            return None
        who = name or self.get("number")
        return Callback(title=_("Call back %(name)s", name=who) if who else _("Call back"), due_date=due, zone=zone)

    def _direction(self) -> CallDirection:
        if self.get("direction") not in tuple(CallDirection):
            self.errors["direction"] = _("Choose one from the list.")
            return CallDirection.OUTGOING
        return CallDirection(self.get("direction"))

    def _outcome(self) -> CallOutcome:
        if self.get("outcome") not in OUTCOMES:
            self.errors["outcome"] = _("Choose one from the list.")
            return CallOutcome.REACHED
        return CallOutcome(self.get("outcome"))

    def _at(self, now: datetime, zone: ZoneInfo) -> datetime:
        """Return the time of the call in UTC.

        If the user has not changed the time that the form offered a moment ago, return `now`.
        """
        try:
            at = datetime.fromisoformat(self.get("at")).replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            self.errors["at"] = _("Enter the date and time of the call.")
            return now
        if at > now + AHEAD or at.year < 2000:
            self.errors["at"] = _("The time of the call must be in the past.")
        untouched = self.get("at") == self.get("offered_at") and now - at < STILL_NOW
        return now if untouched else min(at, now)

    def _minutes(self) -> int | None:
        text = self.get("minutes")
        if text and not (text.isdecimal() and len(text) < 6 and int(text) <= MOST_MINUTES):
            self.errors["minutes"] = _("Enter the length of the call in whole minutes, at most %(most)s.", most=MOST_MINUTES)
            return None
        return int(text) if text else None

    def _number(self) -> str:
        number = " ".join(self.get("number").split())
        if len(number) > NUMBER_CHARACTERS:
            self.errors["number"] = _("Use at most %(count)s characters.", count=NUMBER_CHARACTERS)
        return number

    def _notes(self) -> str:
        notes = self.get("notes").replace("\r\n", "\n")
        if len(notes) > NOTES_CHARACTERS:
            self.errors["notes"] = _("Use at most %(count)s characters.", count=NOTES_CHARACTERS)
        return notes


def form_of_request() -> CallForm:
    """Return the form with the values posted in this request."""
    return CallForm({**fields_of_request(), "notes": request.form.get("text", "")})


def fields_of_request() -> dict[str, str]:
    """Return the typed fields except the notes, as a draft stores them."""
    return {name: request.form.get(PREFIX + name, "")[:100] for name in FIELDS}


def offered_form(identities: Iterable[ContactIdentity], draft: Draft | None = None) -> CallForm:
    """Return the form to show: the draft's values, or an outgoing call to the contact's number at the present time."""
    kept: dict[str, str] = (draft.options.get("call") or {}) if draft else {}
    local = utc_now().astimezone(ZoneInfo(current_viewer().timezone))
    minute = local.strftime("%Y-%m-%dT%H:%M")
    offered = {
        "direction": CallDirection.OUTGOING.value,
        "outcome": CallOutcome.REACHED.value,
        "number": number_of(identities),
        "at": minute,
        "offered_at": minute,
        "callback_date": next_working_day(local.date()).isoformat(),
    }
    untouched = kept.get("at") == kept.get("offered_at")  # a time left as offered is now, whenever the draft was begun
    typed = {name: value for name, value in kept.items() if not (untouched and name in ("at", "offered_at"))}
    return CallForm({**offered, **typed, "notes": draft.text if draft else ""})


def number_of(identities: Iterable[ContactIdentity]) -> str:
    """Return the number to call: the contact's phone number, otherwise their WhatsApp number, or "" if none is known."""
    usable = [found for found in identities if found.kind in ("phone", "wa_id") and found.former_since is None]
    usable.sort(key=lambda found: (found.kind != "phone", not found.is_primary))
    return ("+" if usable[0].kind == "wa_id" else "") + usable[0].value if usable else ""


def call_choices() -> dict[str, list[tuple[str, str]]]:
    """Return the options of the form's lists: (value, words)."""
    return {
        "call_directions": [(kind.value, _(words)) for kind, words in DIRECTIONS.items()],
        "call_outcomes": [(kind.value, _(words)) for kind, words in OUTCOMES.items()],
    }


HEARD_OUTCOMES = {CallOutcome.FAILED: N_("Failed"), CallOutcome.ONGOING: N_("Ongoing")}


def call_words(meta: Mapping[str, Any]) -> str:
    """Return a call record as one line: "Outgoing call, 12 min, no answer". `meta` is the `meta` of the call's message."""
    known: Mapping[str, Any] = meta.get("call") or {}
    direction, outcome, minutes = known.get("direction"), known.get("outcome"), known.get("minutes")
    parts = [_("Incoming call") if direction == CallDirection.INCOMING else _("Outgoing call")]
    if known.get("seconds"):
        parts.append(_duration_words(int(known["seconds"])))
    elif minutes is not None:
        parts.append(_("%(minutes)s min", minutes=minutes))
    if known.get("missed") and outcome == CallOutcome.NO_ANSWER:
        parts.append(_("missed"))
    elif outcome in tuple(CallOutcome) and not (outcome == CallOutcome.REACHED and direction == CallDirection.INCOMING):
        parts.append(_({**OUTCOMES, **HEARD_OUTCOMES}[CallOutcome(outcome)]).lower())
    if known.get("hidden"):
        parts.append(_("hidden number"))
    return ", ".join(parts)


def _duration_words(seconds: int) -> str:
    """Return the duration of a call: "1 min 35 s"."""
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return _("%(seconds)s s", seconds=rest)
    return _("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=rest) if rest else _("%(minutes)s min", minutes=minutes)
