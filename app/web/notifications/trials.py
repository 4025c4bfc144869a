"""Test buttons that send the user a notification in one way, and show the result."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, flash
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.contract.notice_outcome import Outcome
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.translation import told
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import TeamMember
from app.domain.accounts.views import browser_words
from app.domain.notifications.mail.compose import SystemMail, compose
from app.domain.notifications.models import Way
from app.domain.notifications.push.outcome import note_answer
from app.domain.notifications.queries import list_devices
from app.domain.notifications.senders import mail_sender, push_sender
from app.domain.notifications.teams.hooks import list_hooks
from app.domain.realtime.socket import user_room
from app.providers.web_push.sending import Address, PushMessage
from app.web.accounts.session import current_viewer
from app.web.notifications.blueprint import bp
from app.web.notifications.preferences import preferences_page
from app.web.notifications.teams import try_card


@bp.post("/settings/notifications/tests/<way>")
def try_way(way: str) -> ResponseReturnValue:
    """Send a test notification in one way."""
    viewer = current_viewer()
    trials = {Way.APP: _try_app, Way.PUSH: _try_push, Way.EMAIL: _try_mail, Way.TEAMS: _try_teams}
    if way not in trials:
        abort(404)
    return preferences_page(viewer, trial=trials[Way(way)](viewer))


def _try_app(viewer: Viewer) -> list[str]:
    emitter, words = runtime().write_only_socketio, _("Test: this is how the app notifies you.")
    if emitter is not None:
        emitter.emit("notification", {"kind": "NotificationTest", "words": words}, to=user_room(viewer.user_id))
    flash(words)
    return [_("The test notification appears for a moment on this page and every other Switchyard page you have open.")]


def _try_push(viewer: Viewer) -> list[str]:
    with transaction() as session:
        devices, sender = list_devices(session, viewer.user_id), push_sender(session)
    if not devices:
        return [_("Your browsers get no notifications yet. Switch notifications on under “Devices”.")]
    words = _("Test: this is how this browser notifies you.")
    message = PushMessage({"title": "Switchyard", "body": words, "tag": "test", "url": "/settings/notifications"}, topic="test")
    said = []
    for device in devices:
        answer = sender.send(Address(device.endpoint, device.p256dh, device.auth), message, now=utc_now())
        with transaction() as session:
            note_answer(session, device.id, answer, now=utc_now())
        said.append(f"{browser_words(device.user_agent)}: {told(answer.words)}")
        if answer.outcome == Outcome.ACCEPTED:
            said[-1] += " " + _("If nothing appears, check your computer's notification settings.")
    return said


def _try_teams(viewer: Viewer) -> list[str]:
    mine = sa.select(TeamMember.team_id).where(TeamMember.user_id == viewer.user_id)
    with transaction() as session:
        team_ids = set(session.execute(mine).scalars())
        rows = [row for row in list_hooks(session) if row.team.id in team_ids and row.hook is not None]
    if not rows:
        return [_("None of your teams has a channel in Microsoft Teams; an administrator can add one.")]
    return [f"{row.team.name}: {try_card(viewer, row.hook)}" for row in rows if row.hook is not None]


def _try_mail(viewer: Viewer) -> list[str]:
    sender, now = mail_sender(), utc_now()
    text = _("Test: this is how Switchyard emails you.") + f"\n\n{runtime().settings.public_url}/settings/notifications\n"
    mail = SystemMail(viewer.email, viewer.name, _("Test from Switchyard"), text, new_id().hex)
    answer = sender.send(compose(mail, sender=sender.sender, now=now), to=mail.to)
    return [f"{viewer.email}: {told(answer.words)}"]
