"""Page for a forgotten password: ask for a link by mail.

Neither the answer nor the time it takes reveals whether an account exists.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.caller import caller_address
from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.domain.accounts.invitations import VALID_FORGOTTEN, make_invitation
from app.domain.accounts.queries import find_user_by_email
from app.domain.accounts.throttle import TooManyTries, count_try
from app.domain.events.actions import Actor, audit
from app.domain.notifications.invitation_mail import forgotten_mail
from app.domain.notifications.mail.compose import compose
from app.domain.notifications.senders import mail_sender
from app.web.accounts.blueprint import bp
from app.web.accounts.forms import ForgottenForm
from app.web.pages import page

log = get_logger(__name__)


@bp.get("/forgotten-password")
def forgotten() -> ResponseReturnValue:
    """Show the form that asks for the account's address."""
    return _form(ForgottenForm())


@bp.post("/forgotten-password")
def send_link() -> ResponseReturnValue:
    """Mail a link to the account's owner, if there is an account.

    The mail is sent after the response, so that the response time does not reveal whether the account exists.
    """
    form = ForgottenForm(request.form)
    if not form.validate():
        return _form(form, status=422)
    email, now = form.email.data, utc_now()
    try:
        with transaction() as session:  # counted apart from tries to sign in, which this must not hold up
            count_try(session, email=f"forgotten {email}", address=caller_address(), now=now)
    except TooManyTries:
        return _form(form, problem=_("Too many attempts. Wait a few minutes, then try again."), status=429)
    response = page("accounts/forgotten.html", form=None, email=email, problem="")
    if send := _mail_for(email):
        response.call_on_close(send)
    return response


def _mail_for(email: str) -> Callable[[], None] | None:
    """Return the function that sends the mail with the link.

    Return None if there is no active user with this address, or no mail server is set up. A lost mail is not sent again: the
    user can ask for another.
    """
    user, sender, now = find_user_by_email(db.session(), email), mail_sender(), utc_now()
    if user is None or user.disabled_at is not None or not sender.is_set_up:
        return None
    token = make_invitation(user, secret_key=runtime().settings.secret_key, now=now, valid=VALID_FORGOTTEN)
    mail = forgotten_mail(user, url=f"{runtime().settings.public_url}{url_for('accounts.invited', token=token)}")
    actor, user_id = Actor(user.id, request.remote_addr), str(user.id)
    with transaction() as session:
        audit(session, action="PasswordLinkSent", object_type="user", object_id=user_id, now=now, actor=actor)

    def send() -> None:
        answer = sender.send(compose(mail, sender=sender.sender, now=now), to=mail.to)
        log.info("password_link_sent", user_id=user_id, outcome=answer.outcome and answer.outcome.value)

    return send


def _form(form: ForgottenForm, *, problem: str = "", status: int = 200) -> ResponseReturnValue:
    return page("accounts/forgotten.html", form=form, email="", problem=problem, status=status)
