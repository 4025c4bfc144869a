"""Describe Teams workflows and the mail server as services for the daily check."""

from __future__ import annotations

from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.health import Health
from app.contract.service import Service
from app.core.allowed_hosts import is_allowed
from app.core.http import FAILURES, HttpFailure
from app.core.runtime import runtime
from app.core.text import mark as N_
from app.domain.notifications.models import NotificationDispatch, TeamsHook, Way
from app.domain.notifications.senders import mail_sender
from app.domain.notifications.teams.hooks import list_hooks, open_address
from app.providers.teams.sending import FORBIDDEN, LASTING, SILENT

_CARDS, _MAIL = N_("Receives this team's cards"), N_("Sends our emails: notifications, digests, invitations, reports")
_MEND_CARDS = N_(
    "Create a new workflow in Teams, paste its address on the settings page “Microsoft Teams” and "
    "send a test card. Cards wait until then."
)
_MEND_MAIL = N_("Ask the operator of this installation to check SMTP_URL. We will retry the waiting emails.")


def list_notice_services(session: Session, *, place: str) -> list[Service]:
    """List the services to check: the Teams workflow of each team that has one, and the mail server if there is one.

    `place` is the path of the page that shows the mail server.
    """
    workflows = [_workflow(row.team.name, row.hook) for row in list_hooks(session) if row.hook is not None]
    return [*workflows, *_mail_server(session, place)]


def _workflow(team: str, hook: TeamsHook) -> Service:
    key, name = f"team {hook.id}", f"Microsoft Teams · {team}"
    return Service(key, name, _CARDS, "/settings/teams-cards", _MEND_CARDS, partial(_ask_workflow, hook), bool(hook.problem))


def _ask_workflow(hook: TeamsHook) -> Health:
    """Return the health of a workflow: whether its host can be reached, and whether its last card was accepted.

    Nothing is posted, because every post is a card that people see.
    """
    url = open_address(hook, runtime().keyring)
    if not is_allowed(url, runtime().settings.teams_hosts):
        return Health(False, FORBIDDEN)
    try:
        runtime().http.reach(url)
    except HttpFailure as failure:
        return Health(False, SILENT % {"why": FAILURES[failure.kind]}, passes=failure.kind not in ("bad_url", "refused_address"))
    return Health(not hook.problem, hook.problem, passes=not hook.problem.startswith(LASTING))


def _mail_server(session: Session, place: str) -> list[Service]:
    sender = mail_sender()
    if not sender.is_set_up:
        return []
    failed = sa.and_(NotificationDispatch.way == Way.EMAIL, NotificationDispatch.error != "")
    waits = sa.select(NotificationDispatch.id).where(NotificationDispatch.state == "ready", failed).limit(1)
    is_suspect = session.execute(waits).first() is not None
    return [Service("mail", N_("Mail server of this installation"), _MAIL, place, _MEND_MAIL, sender.check, is_suspect)]
