"""Pages to sign in and out."""

from __future__ import annotations

from flask import current_app, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from app.core.caller import caller_address
from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.accounts.actions import authenticate
from app.domain.accounts.sessions import end_sessions, open_session
from app.domain.accounts.throttle import TooManyTries, count_try
from app.domain.events.actions import Actor, audit
from app.domain.notifications.push.devices import forget_devices_of
from app.domain.notifications.senders import mail_sender
from app.web.accounts.blueprint import bp
from app.web.accounts.forms import SignInForm
from app.web.accounts.next_page import own_path
from app.web.accounts.session import forget_browser, remember_browser
from app.web.pages import page


@bp.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Show the sign-in form; `next` is the page to open afterwards."""
    if current_user.is_authenticated:
        return redirect(_after_sign_in(), 303)
    return _form(SignInForm())


@bp.post("/sign-in")
def let_in() -> ResponseReturnValue:
    """Sign a user in. The answer never says whether the account exists."""
    form = SignInForm(request.form)
    if not form.validate():
        return _form(form, status=422)
    try:
        with transaction() as session:
            count_try(session, email=form.email.data, address=caller_address(), now=utc_now())
    except TooManyTries as error:
        return _wait(form, error.seconds)
    if not _let_in(form):
        return _form(form, problem=_("The email address or password is incorrect."), status=422)
    return redirect(_after_sign_in(), 303)


def _let_in(form: SignInForm) -> bool:
    address, now = request.remote_addr, utc_now()
    with transaction() as session:
        email, password = form.email.data, form.password.data
        user = authenticate(session, email=email, password=password, address=address, now=now, counted_as=caller_address())
        if user is None:
            return False
        token = open_session(session, user, ip=address, user_agent=request.user_agent.string, now=now)
        audit(session, action="SignedIn", object_type="user", object_id=str(user.id), now=now, actor=Actor(user.id, address))
    remember_browser(token)
    return True


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this browser's session."""
    if current_user.is_authenticated:
        with transaction() as session:
            end_sessions(session, current_user.user_id, now=utc_now(), only=current_user.session_id)
            forget_devices_of(session, current_user.session_id)
            actor = Actor(current_user.user_id, request.remote_addr)
            audit(session, action="SignedOut", object_type="user", object_id=str(actor.user_id), now=utc_now(), actor=actor)
    forget_browser()
    return redirect(url_for("accounts.sign_in"), 303)


def _after_sign_in() -> str:
    return own_path(request.values.get("next")) or url_for("inbox.home")


def _form(form: SignInForm, *, problem: str = "", status: int = 200) -> ResponseReturnValue:
    return page(
        "accounts/sign_in.html",
        form=form,
        problem=problem,
        next=own_path(request.values.get("next")),
        sends_mail=mail_sender().is_set_up,
        demo_people=current_app.config.get("DEMO_PEOPLE", ()),  # the demo's users to sign in as
        status=status,
    )


def _wait(form: SignInForm, seconds: int) -> ResponseReturnValue:
    text = ngettext(
        "Too many attempts. Wait %(num)s second, then try again.",
        "Too many attempts. Wait %(num)s seconds, then try again.",
        seconds,
    )
    response = make_response(_form(form, problem=text, status=429))
    response.headers["Retry-After"] = str(seconds)
    return response
