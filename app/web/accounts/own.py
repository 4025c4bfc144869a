"""Pages of the viewer's own settings: profile, password, sessions."""

from __future__ import annotations

import uuid
from dataclasses import fields, replace
from datetime import timedelta
from urllib.parse import urlsplit

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.domain.accounts.actions import Profile, set_password, update_profile
from app.domain.accounts.passwords import WeakPassword, check_strength
from app.domain.accounts.proof import NotProven, prove_password
from app.domain.accounts.queries import get_user, list_sessions
from app.domain.accounts.sessions import end_sessions, limits_of
from app.domain.events.actions import audit
from app.web.accounts.blueprint import bp
from app.web.accounts.forms import THEMES, PasswordForm, ProfileForm
from app.web.accounts.next_page import own_path
from app.web.accounts.session import current_viewer
from app.web.pages import page


@bp.get("/settings")
def settings() -> ResponseReturnValue:
    """Redirect to the profile, which is the viewer's first page of the settings."""
    current_viewer()
    return redirect(url_for("accounts.profile"), 303)


@bp.get("/settings/profile")
def profile() -> ResponseReturnValue:
    """Show the viewer's name, language, time zone, appearance and shortcuts."""
    return page("accounts/profile.html", form=ProfileForm(obj=current_viewer()))


@bp.post("/settings/profile")
def save_profile() -> ResponseReturnValue:
    """Save the profile."""
    viewer, form = current_viewer(), ProfileForm(request.form)
    if not form.validate():
        return page("accounts/profile.html", form=form, status=422)
    with transaction() as session:
        user = get_user(session, viewer.user_id, lock=True)
        update_profile(session, user, Profile(**form.data), now=utc_now(), actor=viewer.actor)
    flash(_("Saved."))
    return redirect(url_for("accounts.profile"), 303)


@bp.post("/settings/theme")
def set_theme() -> ResponseReturnValue:
    """Save only the theme, which the viewer chose in the account menu or the command palette."""
    viewer, theme = current_viewer(), request.form.get("theme")
    if theme not in dict(THEMES):
        abort(400)
    with transaction() as session:
        user = get_user(session, viewer.user_id, lock=True)
        kept = Profile(**{field.name: getattr(user, field.name) for field in fields(Profile)})
        update_profile(session, user, replace(kept, theme=theme), now=utc_now(), actor=viewer.actor)
    came_from = urlsplit(request.referrer or "")
    back = own_path(came_from._replace(scheme="", netloc="").geturl()) if came_from.netloc == request.host else None
    return redirect(back or url_for("accounts.profile"), 303)


@bp.get("/settings/security")
def security() -> ResponseReturnValue:
    """Show the password form and the open sessions."""
    return _security(PasswordForm())


@bp.post("/settings/password")
def save_password() -> ResponseReturnValue:
    """Set a new password; every other session ends."""
    viewer, form = current_viewer(), PasswordForm(request.form)
    if not form.validate() or not _is_strong(form):
        return _security(form, status=422)
    try:
        prove_password(viewer, form.current.data, now=utc_now())
    except NotProven as error:
        form.current.errors = [error.text]
        return _security(form, status=error.status)
    with transaction() as session:
        user = get_user(session, viewer.user_id, lock=True)
        set_password(session, user, form.new.data, now=utc_now(), actor=viewer.actor, keep=current_user.session_id)
    flash(_("Your password has been changed. All your other sessions have ended."))
    return redirect(url_for("accounts.security"), 303)


def _is_strong(form: PasswordForm) -> bool:
    try:
        check_strength(form.new.data, about=(current_user.name, current_user.email))
    except WeakPassword as error:
        form.new.errors = [str(error)]
        return False
    return True


@bp.post("/settings/sessions/<uuid:session_id>/revocation")
def revoke_session(session_id: uuid.UUID) -> ResponseReturnValue:
    """End one of the viewer's own sessions; its browser is signed out at once."""
    ended = _end(only=session_id)
    flash(_("The session has ended.") if ended else _("That session had already ended."))
    return redirect(url_for("accounts.security"), 303)


@bp.post("/settings/sessions/revocation")
def revoke_other_sessions() -> ResponseReturnValue:
    """End every session of the viewer but this one."""
    ended = _end(but=current_user.session_id if current_user.is_authenticated else None)
    flash(ngettext("%(num)s session has ended.", "%(num)s sessions have ended.", ended))
    return redirect(url_for("accounts.security"), 303)


def _end(*, only: uuid.UUID | None = None, but: uuid.UUID | None = None) -> int:
    viewer, now = current_viewer(), utc_now()
    with transaction() as session:
        ended = end_sessions(session, viewer.user_id, now=now, only=only, but=but)
        if ended:
            audit(
                session,
                action="SessionsEnded",
                object_type="user",
                object_id=str(viewer.user_id),
                now=now,
                actor=viewer.actor,
                detail={"count": ended},
            )
    return ended


def _security(form: PasswordForm, *, status: int = 200) -> ResponseReturnValue:
    viewer, now = current_viewer(), utc_now()
    limits = limits_of(viewer.role)
    sessions = list_sessions(db.session(), viewer.user_id, now=now, idle_since=now - limits.idle)
    hours, days = limits.idle // timedelta(hours=1), limits.absolute.days
    shown = {"form": form, "sessions": sessions, "own_id": current_user.session_id, "hours": hours, "days": days}
    return page("accounts/security.html", status=status, **shown)
