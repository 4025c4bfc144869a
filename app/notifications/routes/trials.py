"""The test buttons: tell the user something now, in one way, and say plainly what came of it."""

from __future__ import annotations

from flask import abort
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.access import Viewer
from app.accounts.session import current_viewer
from app.accounts.views import browser_words
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.notifications.models import Outcome, Way
from app.notifications.push.outcome import note_answer
from app.notifications.push.sending import Address, PushMessage
from app.notifications.push.service import push_sender
from app.notifications.queries import list_devices
from app.notifications.routes.blueprint import bp
from app.notifications.routes.preferences import preferences_page
from app.realtime.socket import user_room
from app.translation import told


@bp.post("/settings/notifications/tests/<way>")
def try_way(way: str) -> ResponseReturnValue:
    """Try one way."""
    viewer = current_viewer()
    trials = {Way.APP: _try_app, Way.PUSH: _try_push}
    if way not in trials:
        abort(404)
    return preferences_page(viewer, trial=trials[Way(way)](viewer))


def _try_app(viewer: Viewer) -> list[str]:
    emitter, words = runtime().write_only_socketio, _("This is a test: so you are told in the app.")
    if emitter is not None:
        emitter.emit("notification", {"kind": "NotificationTest", "words": words}, to=user_room(viewer.user_id))
    return [_("Sent to every page of Switchyard you have open. Each shows it for a moment.")]


def _try_push(viewer: Viewer) -> list[str]:
    with transaction() as session:
        devices, sender = list_devices(session, viewer.user_id), push_sender(session)
    if not devices:
        return [_("No browser of yours is told yet. Switch it on under Devices first.")]
    words = _("This is a test: so this browser tells you.")
    message = PushMessage({"title": "Switchyard", "body": words, "tag": "test", "url": "/settings/notifications"}, topic="test")
    said = []
    for device in devices:
        answer = sender.send(Address(device.endpoint, device.p256dh, device.auth), message, now=utc_now())
        with transaction() as session:
            note_answer(session, device.id, answer, now=utc_now())
        said.append(f"{browser_words(device.user_agent)}: {told(answer.words)}")
        if answer.outcome == Outcome.ACCEPTED:
            said[-1] += " " + _("If nothing appears, look at the notification settings of the computer.")
    return said
