"""Pages of the viewer's API tokens: list, create, revoke. The text of a new token is shown once."""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.domain.accounts.proof import NotProven, prove_password
from app.domain.accounts.queries import find_token, get_user, list_tokens
from app.domain.accounts.tokens import create_token, revoke_token
from app.web.accounts.blueprint import bp
from app.web.accounts.forms import TokenForm
from app.web.accounts.session import current_viewer
from app.web.pages import page


@bp.get("/settings/tokens")
def tokens() -> ResponseReturnValue:
    """Show the viewer's API tokens."""
    return _page(TokenForm())


@bp.post("/settings/tokens")
def make_token() -> ResponseReturnValue:
    """Create a token and answer the POST with a page, not a redirect, because only this answer shows the token's text."""
    viewer, form, now = current_viewer(), TokenForm(request.form), utc_now()
    if not form.validate():
        return _page(form, status=422)
    try:
        prove_password(viewer, form.password.data, now=now)
    except NotProven as error:
        form.password.errors = [error.text]
        return _page(form, status=error.status)
    days = int(form.days.data)
    with transaction() as session:
        user = get_user(session, viewer.user_id)
        token, text = create_token(
            session, user, name=form.name.data, scopes=tuple(form.scopes.data), now=now, actor=viewer.actor
        )
        token.expires_at = now + timedelta(days=days) if days else None
    return _page(TokenForm(), made=text, status=201)


@bp.post("/settings/tokens/<uuid:token_id>/revocation")
def end_token(token_id: uuid.UUID) -> ResponseReturnValue:
    """Revoke one of the viewer's tokens; its next use is refused."""
    viewer = current_viewer()
    with transaction() as session:
        token = find_token(session, token_id, user_id=viewer.user_id)
        if token is None:
            abort(404)
        revoke_token(session, token, now=utc_now(), actor=viewer.actor)
    flash(_("The token no longer works."))
    return redirect(url_for("accounts.tokens"), 303)


def _page(form: TokenForm, *, made: str = "", status: int = 200) -> ResponseReturnValue:
    listed = list_tokens(db.session(), current_viewer().user_id)
    return page("accounts/tokens.html", form=form, tokens=listed, made=made, now=utc_now(), status=status)
