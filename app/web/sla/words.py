"""Put SLA clocks into words, in the reader's language and time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from flask_babel import format_date, format_datetime, format_time, get_locale, to_user_timezone

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.sla.calendar import Calendar, Closed
from app.domain.sla.clock import CLOSED, ClockKind, Outcome
from app.domain.sla.dry_run import Deadline, Difference
from app.domain.sla.explain import StepStory, Story
from app.domain.sla.public_holidays import name_of
from app.domain.sla.rules import Whom
from app.domain.sla.timing import Kind, Segment

DIFFERENCES_SHOWN = 50
KINDS = {
    ClockKind.FIRST_RESPONSE: N_("First response"),
    ClockKind.NEXT_RESPONSE: N_("Next response"),
    ClockKind.RESOLUTION: N_("Resolution"),
}
REASONS = {
    Closed.WEEKEND: N_("weekend"),
    Closed.DAY_OFF: N_("closed all day"),
    Closed.BREAK: N_("break"),
    Closed.NIGHT: N_("outside opening hours"),
}
PAUSES = {
    "waiting_customer": N_("waiting for the customer"),
    "waiting_internal": N_("waiting for a colleague"),
    "snoozed": N_("snoozed"),
    CLOSED: N_("thread closed"),
}
TELLS: dict[Whom, str] = {
    "assignee": N_("the assignee"),
    "team_lead": N_("the team lead"),
    "manager": N_("the manager"),
    "executive": N_("the management"),
}


def kind_words(kind: str) -> str:
    return _(KINDS[ClockKind(kind)])


def tell_words(tell: Whom) -> str:
    return _(TELLS[tell])


def span_words(seconds: int) -> str:
    """Return a length of time to the second: "3 h 30 min", "45 s"."""
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(_("%(count)s h", count=hours), hours), (_("%(count)s min", count=minutes), minutes)]
    parts += [(_("%(count)s s", count=rest), rest)]
    return " ".join(text for text, count in parts if count) or _("%(count)s s", count=0)


def line_times(line: Segment) -> str:
    """Return the begin and end of a period in words. The day is named only once if both are on the same day in the reader's
    time zone."""
    begin, end = _at(line.begin), _at(line.end)
    first, last = to_user_timezone(begin).date(), to_user_timezone(end).date()
    day = format_date(begin, "EEE d MMM")
    if first == last:
        return f"{day} {_time(begin)}–{_time(end)}"
    return f"{day} {_time(begin)} – {format_date(end, 'EEE d MMM')} {_time(end)}"


def line_words(line: Segment, story: Story) -> str:
    """Return how a period of a clock counts: counted with its length, paused with the reason, or the reason for which it is
    closed."""
    if line.kind == Kind.COUNTED:
        return _("counted %(length)s", length=span_words(line.seconds))
    if line.kind == Kind.PAUSED:
        return _("paused: %(why)s", why=pause_words(line.why))
    if line.day:
        return day_words(story.calendar, date.fromisoformat(line.day))
    return _(REASONS[Closed(line.why)])


def pause_words(why: str) -> str:
    """Return in words why a clock is paused."""
    if why.startswith("task:"):
        return _("waiting for: %(what)s", what=why.removeprefix("task:"))
    return _(PAUSES.get(why, why))


def day_words(calendar: Calendar, day: date) -> str:
    """Return the name of a holiday or own day in a sentence: "Monday is Easter Monday"."""
    rules = calendar.rules
    name = calendar.own_name(day) or name_of(rules.country, rules.region, day, locale=str(get_locale()))
    weekday = format_date(day, "EEEE")
    return _("%(weekday)s is %(name)s", weekday=weekday, name=name) if name else _("%(weekday)s is closed", weekday=weekday)


def state_words(story: Story) -> str:
    """Return the state of a clock in one sentence."""
    row = story.row
    if row.target_seconds is None:
        return _("No target set.")
    if row.outcome == Outcome.ANSWERED:
        return _("Answered too late.") if story.clock.is_late else _("Answered in time.")
    if row.outcome == Outcome.NEEDLESS:
        return _("No answer was needed.")
    if row.outcome == Outcome.CLOSED:
        return _("Closed too late.") if story.clock.is_late else _("Closed in time.")
    if row.paused_for:
        return _("Paused: %(why)s.", why=pause_words(row.paused_for))
    if row.due_at is None:
        return _("No deadline: the calendar has too few opening hours.")
    return _("Due %(time)s.", time=moment(row.due_at))


def change_words(story: Story) -> list[str]:
    """Return in words how the clock's target changed while it ran, oldest change first."""
    words = []
    for change in story.changes:
        at = _at(change.at)
        if change.promised is None:
            words.append(_("%(time)s: %(policy)s, no target", time=moment(at), policy=change.name))
        else:
            promised = span_words(change.promised)
            words.append(_("%(time)s: %(policy)s, target %(target)s", time=moment(at), policy=change.name, target=promised))
    return words


def step_words(step: StepStory) -> str:
    """Return in words when an escalation step happens, and who is notified."""
    if step.percent is not None:
        when = _("at %(percent)s%% of the target", percent=step.percent)
    else:
        when = _("%(length)s after the deadline", length=span_words((step.late_minutes or 0) * 60))
    return f"{when}: {tell_words(step.tell)}"  # type: ignore[arg-type]


def deadline_words(deadline: Deadline | None) -> str:
    """Return in words when a clock was due, and whether it was late."""
    if deadline is None:
        return _("no target")
    if deadline.due is None:
        return _("no deadline")
    due = moment(_at(deadline.due))
    return _("%(time)s, late", time=due) if deadline.is_late else due


def moved_words(found: Difference) -> str:
    """Return in words by how much a deadline would move. If it would be missed instead of kept, or the reverse, say that too."""
    was, would_be = (deadline is not None and deadline.is_late for deadline in (found.before, found.after))
    parts = [_span_of_move(found.moved_seconds)] if found.moved_seconds else []
    if was != would_be:
        parts.append(_("would be late") if would_be else _("would be in time"))
    return ", ".join(parts) or "–"


def _span_of_move(seconds: int) -> str:
    length = span_words(abs(seconds))
    return _("%(length)s later", length=length) if seconds > 0 else _("%(length)s earlier", length=length)


def moment(at: datetime) -> str:
    """Return a day and time in words. Seconds are shown only if they are not 0."""
    return str(format_datetime(at, "EEE d MMM HH:mm:ss" if at.second else "EEE d MMM HH:mm"))


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _time(at: datetime) -> str:
    return str(format_time(at, "HH:mm:ss" if at.second else "HH:mm"))


DRY_RUN_WORDS: dict[str, Any] = {
    "shown": DIFFERENCES_SHOWN,
    "kind_words": kind_words,
    "deadline_words": deadline_words,
    "moved_words": moved_words,
}
"""What `sla/policies/dry_run.html` needs beside the run."""
