"""The way to push services as this installation is set up; for edges."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.notifications.push.keys import own_key
from app.notifications.push.sending import PushSender


def push_sender(session: Session) -> PushSender:
    """The way to push services, with our key."""
    settings, now = runtime().settings, utc_now()
    key = own_key(session, keyring=runtime().keyring, now=now)
    return PushSender(runtime().http, key, settings.push_hosts, settings.push_contact)
