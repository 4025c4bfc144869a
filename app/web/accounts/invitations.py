"""Pages of invitations: invite a colleague, and let them set a password through a link that works once."""

from __future__ import annotations

import uuid

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.contract.notice_outcome import Outcome
from app.core.clock import utc_now
from app.core.db import db, let_go, transaction
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.accounts.invitations import InvitationGone, accept_invitation, get_invited, invitation_url
from app.domain.accounts.models import User
from app.domain.accounts.passwords import WeakPassword
from app.domain.accounts.queries import get_user
from app.domain.accounts.sessions import open_session
from app.domain.events.actions import Actor, audit
from app.domain.notifications.invitation_mail import invitation_mail
from app.domain.notifications.mail.compose import compose
from app.domain.notifications.senders import mail_sender
from app.web.accounts.blueprint import bp
from app.web.accounts.forms import InvitedForm
from app.web.accounts.session import remember_browser
from app.web.pages import page


def invite(viewer: Viewer, user_id: uuid.UUID) -> str:
    """Mail the person their invitation and return "".

    If the mail server does not take the mail, return the invitation link instead, for the inviter to pass on.
    """
    user, now = get_user(db.session(), user_id), utc_now()
    house = runtime().settings
    url = invitation_url(user, public_url=house.public_url, secret_key=house.secret_key, now=now)
    sender = mail_sender()
    with transaction() as session:
        audit(session, action="UserInvited", object_type="user", object_id=str(user_id), now=now, actor=viewer.actor)
    if not sender.is_set_up:
        return url
    mail = invitation_mail(user, url=url, inviter=viewer.name)
    let_go()
    answer = sender.send(compose(mail, sender=sender.sender, now=now), to=mail.to)
    return "" if answer.outcome == Outcome.ACCEPTED else url


@bp.get("/invitation/<token>")
def invited(token: str) -> ResponseReturnValue:
    """Show the form in which an invited person sets a password. Answer 410 if the invitation is no longer valid."""
    try:
        return _form(InvitedForm(), _invited(token), token)
    except InvitationGone:
        return _gone()


@bp.post("/invitation/<token>")
def accept(token: str) -> ResponseReturnValue:
    """Save the password and sign the person in."""
    form, now, ip = InvitedForm(request.form), utc_now(), request.remote_addr
    try:
        user = _invited(token)
        if not form.validate():
            return _form(form, user, token, status=422)
        let_go()
        with transaction() as session:
            secret = runtime().settings.secret_key
            user = accept_invitation(session, token, form.password.data, secret_key=secret, now=now, ip=ip)
            browser = open_session(session, user, ip=ip, user_agent=request.user_agent.string, now=now)
            audit(session, action="SignedIn", object_type="user", object_id=str(user.id), now=now, actor=Actor(user.id, ip))
    except InvitationGone:
        return _gone()
    except WeakPassword as error:
        form.password.errors = [str(error)]
        return _form(form, user, token, status=422)
    remember_browser(browser)
    return redirect(url_for("inbox.home"), 303)


def _invited(token: str) -> User:
    return get_invited(db.session(), token, secret_key=runtime().settings.secret_key, now=utc_now())


def _form(form: InvitedForm, user: User, token: str, *, status: int = 200) -> ResponseReturnValue:
    return page("accounts/invited.html", form=form, user=user, token=token, status=status)


def _gone() -> ResponseReturnValue:
    return page("accounts/invited.html", form=None, user=None, token="", status=410)
