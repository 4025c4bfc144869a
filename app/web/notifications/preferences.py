"""Page of notification preferences: kinds of notification, ways to be notified, quiet hours, digest."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.domain.accounts.access import Viewer
from app.domain.notifications.actions import Wishes, set_preferences
from app.domain.notifications.models import NotificationKind, Way, is_offered
from app.domain.notifications.queries import Preferences, get_preferences, list_devices
from app.domain.notifications.quiet import NO_QUIET, Week, leaves_time
from app.domain.notifications.senders import mail_sender
from app.domain.notifications.teams.hooks import has_channel, list_hooks
from app.web.accounts.session import current_viewer
from app.web.notifications.blueprint import bp
from app.web.pages import page

Pair = tuple[NotificationKind, Way]


@dataclass
class PreferencesForm:
    """The notification preferences as typed into the form.

    `wanted`: the ticked pairs (kind, way). `times`: begin and end of the quiet hours, for each day of the week. `errors`: by
    field.
    """

    wanted: frozenset[Pair]
    times: list[tuple[str, str]]
    shows_content: bool
    digest_hour: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    week: Week = NO_QUIET


@bp.get("/settings/notifications")
def preferences() -> ResponseReturnValue:
    """Show the table of kinds and ways, quiet hours and devices."""
    return preferences_page(current_viewer())


def preferences_page(viewer: Viewer, *, trial: list[str] | None = None) -> ResponseReturnValue:
    """Render the page with the saved preferences; `trial`: the results of a test button."""
    return _page(viewer, _form_of(get_preferences(db.session(), viewer.user_id)), trial=trial or [])


@bp.post("/settings/notifications")
def save_preferences() -> ResponseReturnValue:
    """Save the user's preferences."""
    viewer, form = current_viewer(), _read()
    if form.errors:
        return _page(viewer, form, status=422)
    kept = get_preferences(db.session(), viewer.user_id)
    # A way that is not offered now is not on the page; what was chosen for it stays.
    unseen = frozenset(pair for pair in kept.wanted if pair[1] not in _ways())
    wishes = Wishes(form.wanted | unseen, form.week, form.shows_content, int(form.digest_hour) if form.digest_hour else None)
    with transaction() as session:
        set_preferences(session, wishes, user_id=viewer.user_id, now=utc_now(), actor=viewer.actor)
    flash(_("Saved."))
    return redirect(url_for("notifications.preferences"), 303)


def _ways() -> dict[Way, str]:
    """Return the available ways to be notified, with their labels. Mail needs a mail server; Teams needs a team with a Teams
    channel."""
    ways = {Way.APP: _("In the app"), Way.PUSH: _("In the browser")}
    if mail_sender().is_set_up:
        ways[Way.EMAIL] = _("By email")
    if any(row.hook for row in list_hooks(db.session())):
        ways[Way.TEAMS] = _("In Teams")
    return ways


def _form_of(kept: Preferences) -> PreferencesForm:
    return PreferencesForm(
        kept.wanted, [_typed(span) for span in kept.quiet], kept.shows_content, _hour(kept.digest_hour), week=kept.quiet
    )


def _hour(hour: int | None) -> str:
    return "" if hour is None else str(hour)


def _typed(span: tuple[int, int] | None) -> tuple[str, str]:
    return ("", "") if span is None else (_clock(span[0]), _clock(span[1]))


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _read() -> PreferencesForm:
    pairs = ((kind, way) for kind in NotificationKind for way in _ways() if is_offered(kind, way))
    wanted = frozenset((kind, way) for kind, way in pairs if f"{kind.value} {way.value}" in request.form.getlist("wanted"))
    typed = [
        (request.form.get(f"quiet_{day}_from", "").strip(), request.form.get(f"quiet_{day}_to", "").strip()) for day in range(7)
    ]
    form = PreferencesForm(wanted, typed, request.form.get("shows_content") == "yes", request.form.get("digest_hour", ""))
    if form.digest_hour not in dict(_hours()):
        form.errors["digest_hour"] = _("Choose one from the list.")
    form.week = tuple(_span(form, day) for day in range(7))
    if not form.errors and not leaves_time(form.week):
        form.errors["quiet_0_from"] = _("Leave at least one hour a week outside your quiet hours.")
    return form


def _span(form: PreferencesForm, day: int) -> tuple[int, int] | None:
    begin, end = form.times[day]
    if not begin and not end:
        return None
    first, last = _minutes(begin), _minutes(end)
    if first is None or last is None:
        wrong = "from" if first is None else "to"
        form.errors[f"quiet_{day}_{wrong}"] = _("Enter a time such as 22:00, or leave both fields for that day empty.")
        return None
    return first, last


def _minutes(text: str) -> int | None:
    hours, colon, minutes = text.partition(":")
    is_time = colon and hours.isascii() and hours.isdigit() and minutes.isascii() and minutes.isdigit() and len(minutes) == 2
    if not is_time or len(hours) > 2 or int(hours) > 23 or int(minutes) > 59:
        return None
    return int(hours) * 60 + int(minutes)


def _page(viewer: Viewer, form: PreferencesForm, *, status: int = 200, trial: list[str] | None = None) -> ResponseReturnValue:
    return page(
        "notifications/preferences.html",
        form=form,
        kinds=_kinds(),
        ways=_ways(),
        is_offered=is_offered,
        days=_days(),
        hours=_hours(),
        has_mail=mail_sender().is_set_up,
        has_channel=has_channel(db.session(), viewer.user_id),
        devices=list_devices(db.session(), viewer.user_id),
        trial=trial,
        status=status,
    )


def _hours() -> list[tuple[str, str]]:
    return [("", _("No daily email")), *((str(hour), _("Each day at %(time)s", time=f"{hour:02}:00")) for hour in range(24))]


def _days() -> list[str]:
    names = get_locale().days["stand-alone"]["wide"]
    return [str(names[day]) for day in range(7)]


def _kinds() -> list[tuple[NotificationKind, str, str]]:
    rule = (NotificationKind.RULE, _("A rule or macro notifies my team"), _("As a card in the team's channel."))
    of_teams = [rule] if Way.TEAMS in _ways() else []
    return [
        (NotificationKind.MENTION, _("I am mentioned"), _("With @ and my name in a note.")),
        (NotificationKind.ASSIGNMENT, _("A thread is assigned to me"), _("Not when I take it myself.")),
        (NotificationKind.TEAM, _("A thread is assigned to my team"), _("The thread has no assignee until one of us takes it.")),
        (
            NotificationKind.MESSAGE,
            _("A message comes in"),
            _("On threads assigned to me, and on those I watch. One notification per thread."),
        ),
        (
            NotificationKind.NEW_WORK,
            _("A new thread arrives unassigned"),
            _(
                "For my team, or in my brands if the thread has no team. Until I open the notification, I get at most "
                "one an hour per brand."
            ),
        ),
        (
            NotificationKind.HELD,
            _("My scheduled reply is on hold"),
            _("A new message came in before we sent the reply, or the reply cannot be sent."),
        ),
        (NotificationKind.UNSENT, _("A message is not delivered"), _("A message I wrote, or one on a thread assigned to me.")),
        (NotificationKind.CHANNEL, _("A channel does not work"), _("Also when a credential expires. For administrators only.")),
        (
            NotificationKind.ESCALATION,
            _("A deadline is near or has passed"),
            _("On threads assigned to me, and on those that are escalated to me."),
        ),
        (NotificationKind.VERDICT, _("A customer is disappointed"), _("According to their survey answer. For team leads.")),
        (
            NotificationKind.ORDER_URGENT,
            _("An order becomes urgent"),
            _("For team leads and the assignee of the order’s thread."),
        ),
        (
            NotificationKind.TECHNICIAN_ABSENT,
            _("A technician is absent on a day with appointments"),
            _("For team leads and administrators only."),
        ),
        (
            NotificationKind.VISIT,
            _("One of my visits changes"),
            _("The visit is new, moved, cancelled or reassigned, or the customer writes."),
        ),
        (
            NotificationKind.COMMITMENT,
            _("A commitment to a partner is at risk"),
            _("Once a day for each commitment. For team leads and administrators only."),
        ),
        (
            NotificationKind.SYSTEM_ERROR,
            _("Something is wrong with the system"),
            _("Also when the problem is fixed. For administrators only."),
        ),
        *of_teams,
    ]
