"""Describe the condition of a channel in words: findings, the worst first, each with what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from flask_babel import format_time

from app.core.translation import gettext as _
from app.core.translation import ngettext, told
from app.domain.connections.alerts import days_left
from app.domain.connections.gate import OPENS_AFTER, Look
from app.domain.connections.models import Channel
from app.domain.connections.traffic import Flow

LATE_IN, LATE_OUT = timedelta(minutes=5), timedelta(minutes=15)
SOON_DAYS, WEEK = 30, 7
UNCHECKED = 50  # rank of a finding that the channel's state shows already
MANY_PERCENT, FEW = 10, 5  # so large a share of at least so many messages
Looks = tuple[Look | None, Look | None]  # of sending and of reading; None where nobody can say
NO_LOOKS: Looks = (None, None)


@dataclass(frozen=True)
class Finding:
    """One fact about the condition of a channel.

    `rank`: the lower, the worse. `tone`: the tone of the banner that shows it. `step`: what to do about it. `title`: the
    meaning, if `text` is in the provider's words.
    """

    rank: int
    tone: str
    text: str
    step: str = ""
    title: str = ""


def findings(
    channel: Channel, flow: Flow, *, now: datetime, expires: date | None = None, looks: Looks = NO_LOOKS
) -> list[Finding]:
    """Return the findings about a channel, the worst first. The list always has at least one.

    `expires` is the day on which the channel's first credential expires. `looks` says whether sending and reading are paused
    after failures, as the gate (`app/domain/connections/gate.py`) has it.
    """
    if not channel.is_active:
        step = _("The channel receives and sends nothing until an administrator switches it on.")
        return [Finding(90, "warning", _("This channel is off"), step)]
    found = [
        *_of_health(channel),
        *_of_calendar(channel),
        *_of_flow(channel, flow, now),
        *_of_expiry(expires, now),
        *_of_gates(looks),
    ]
    return sorted(found, key=lambda one: one.rank) or [Finding(80, "done", _("Everything works."))]


def _of_health(channel: Channel) -> list[Finding]:
    if channel.health == "down":
        words = told(channel.health_detail) or _("The provider refuses access.")
        step = _("Choose “Change” and check the credentials, then check the connection.")
        return [Finding(0, "error", words, step, _("The connection does not work"))]
    if channel.health == "degraded":
        step = _("We retry automatically; if the problem persists, check the connection.")
        words = told(channel.health_detail) or _("Some requests fail.")
        return [Finding(30, "warning", words, step, _("The connection is failing at the moment"))]
    if channel.health == "unknown":
        return [Finding(UNCHECKED, "warning", _("The connection has not been checked yet."), _("Check the connection."))]
    return []


def _of_calendar(channel: Channel) -> list[Finding]:
    if channel.settings.get("calendar") != "on" or not channel.calendar_problem:
        return []
    return [Finding(25, "warning", told(channel.calendar_problem), title=_("We cannot read the calendar of this mailbox"))]


def _of_gates(looks: Looks) -> list[Finding]:
    send, read = looks
    found = []
    if send is not None and send.rests_seconds > 0:
        seconds = int(send.rests_seconds) + 1
        words = ngettext(
            "Sending is paused for another %(num)s second.", "Sending is paused for another %(num)s seconds.", seconds
        )
        found.append(_of_rest(words, send, _("After the pause, we send one message as a test, then the rest.")))
    if read is not None and read.rests_seconds > 0:
        seconds = int(read.rests_seconds) + 1
        words = ngettext(
            "Fetching is paused for another %(num)s second.", "Fetching is paused for another %(num)s seconds.", seconds
        )
        found.append(
            _of_rest(
                words,
                read,
                _(
                    "After the pause, we try one request; if it succeeds, we fetch everything that is waiting, without "
                    "duplicates."
                ),
            )
        )
    return found


def _of_rest(words: str, look: Look, then: str) -> Finding:
    if look.failures < OPENS_AFTER:
        return Finding(32, "warning", words, _("The channel resumes automatically. To resume it sooner, check the connection."))
    first = _("The first failure was at %(time)s.", time=format_time(datetime.fromtimestamp(look.since, UTC), "medium"))
    why = ngettext("Failed requests in a row: %(num)s.", "Failed requests in a row: %(num)s.", look.failures)
    return Finding(12, "error", words, f"{why} {first} {then}")


def _of_expiry(expires: date | None, now: datetime) -> list[Finding]:
    left = days_left(expires, now=now) if expires else SOON_DAYS + 1
    if left > SOON_DAYS:
        return []
    step = _("Create a new credential at the provider, then choose “Change” and enter it.")
    if left < 0:
        return [Finding(5, "error", _("A credential has expired."), step)]
    words = ngettext("A credential expires in %(num)s day.", "A credential expires in %(num)s days.", left)
    return [Finding(18, "error", words, step) if left <= WEEK else Finding(35, "warning", words, step)]


def _of_flow(channel: Channel, flow: Flow, now: datetime) -> list[Finding]:
    found = []
    if flow.waiting_in_since and now - flow.waiting_in_since > LATE_IN:
        step = _("Ask the operator of this installation to check whether the background processes are running.")
        found.append(Finding(10, "error", _("Incoming events have been waiting for over 5 minutes."), step))
    if channel.paused_at is not None:
        words = ngettext("Paused; %(num)s message is waiting.", "Paused; %(num)s messages are waiting.", flow.waiting_out)
        found.append(
            Finding(
                40,
                "warning",
                words,
                _("The channel still receives messages. When you resume it, each waiting message is sent once."),
            )
        )
    elif flow.waiting_out_since and now - flow.waiting_out_since > LATE_OUT:
        words = ngettext("%(num)s message is waiting to be sent.", "%(num)s messages are waiting to be sent.", flow.waiting_out)
        found.append(
            Finding(
                15,
                "error",
                words,
                _(
                    "We will send the messages as soon as the provider accepts them; “Undelivered messages” shows why "
                    "they are waiting."
                ),
            )
        )
    if flow.tried >= FEW and flow.failed * 100 >= flow.tried * MANY_PERCENT:
        words = _("%(failed)s of %(tried)s messages failed in the last 24 hours.", failed=flow.failed, tried=flow.tried)
        found.append(Finding(20, "error", words, _("See “Undelivered messages” for the reasons.")))
    return found
