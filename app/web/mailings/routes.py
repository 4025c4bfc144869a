"""Routes that unsubscribe from mailings without signing in (one-click, RFC 8058)."""

from __future__ import annotations

from flask import abort
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.csrf import csrf
from app.core.db import transaction
from app.core.runtime import runtime
from app.core.unsubscribe_tokens import MAILINGS, read_unsubscribe_token
from app.domain.mailings.actions import end_mailings
from app.web.mailings import pages
from app.web.mailings.blueprint import bp
from app.web.pages import page

__all__ = ["pages"]


@bp.get("/u/<mailing_token>")
def ask_unsubscribe(mailing_token: str) -> ResponseReturnValue:
    """Show a page with a button that unsubscribes. Opening the link alone must not unsubscribe, as some programs open every
    link in a mail."""
    if read_unsubscribe_token(mailing_token, runtime().settings.secret_key, purpose=MAILINGS) is None:
        abort(404)
    return page("mailings/unsubscribe.html", token=mailing_token, is_done=False)


@bp.post("/u/<mailing_token>")
@csrf.exempt  # type: ignore[untyped-decorator]
def unsubscribe(mailing_token: str) -> ResponseReturnValue:
    """Unsubscribe the recipient from mailings; a repeat changes nothing."""
    recipient_id = read_unsubscribe_token(mailing_token, runtime().settings.secret_key, purpose=MAILINGS)
    if recipient_id is None:
        abort(404)
    with transaction() as session:
        if not end_mailings(session, recipient_id, now=utc_now()):
            abort(404)
    return page("mailings/unsubscribe.html", token=mailing_token, is_done=True)


blueprints = (bp,)
