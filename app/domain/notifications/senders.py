"""Build the senders of push, Teams cards and mail from the settings (edge)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.notifications.mail.smtp import MailSender
from app.domain.notifications.push_keys import own_key
from app.providers.teams.sending import TeamsSender
from app.providers.web_push.sending import PushSender


def push_sender(session: Session) -> PushSender:
    """Build the sender to push services, with our key."""
    settings, now = runtime().settings, utc_now()
    key = own_key(session, keyring=runtime().keyring, now=now)
    return PushSender(runtime().http, key, settings.push_hosts, settings.push_contact)


def teams_sender() -> TeamsSender:
    """Build the sender to Teams workflows."""
    return TeamsSender(runtime().http, runtime().settings.teams_hosts)


def mail_sender() -> MailSender:
    """Return the sender of mails through the installation's mail server. If there is no mail server, its `is_set_up` is False."""
    settings = runtime().settings
    return MailSender(settings.smtp_url, settings.system_mail_from, runtime().meter)
