"""Routes that unsubscribe from the digest without signing in (one-click, RFC 8058)."""

from __future__ import annotations

from flask import abort
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.csrf import csrf
from app.core.db import transaction
from app.core.runtime import runtime
from app.core.unsubscribe_tokens import DIGEST, read_unsubscribe_token
from app.domain.events.actions import SYSTEM, audit
from app.domain.notifications.digest import stop_digest
from app.web.notifications.blueprint import bp
from app.web.pages import page


@bp.get("/notifications/unsubscribe/<token>")
def ask_unsubscribe(token: str) -> ResponseReturnValue:
    """Show a page with a button that unsubscribes. Opening the link alone must not unsubscribe, as some programs open every
    link in a mail."""
    if read_unsubscribe_token(token, runtime().settings.secret_key, purpose=DIGEST) is None:
        abort(404)
    return page("notifications/unsubscribe.html", token=token, is_done=False)


@bp.post("/notifications/unsubscribe/<token>")
@csrf.exempt  # type: ignore[untyped-decorator]
def unsubscribe(token: str) -> ResponseReturnValue:
    """Unsubscribe the user from the digest; a repeat changes nothing."""
    user_id = read_unsubscribe_token(token, runtime().settings.secret_key, purpose=DIGEST)
    if user_id is None:
        abort(404)
    with transaction() as session:
        stop_digest(session, user_id)
        audit(session, action="DigestEnded", object_type="user", object_id=str(user_id), now=utc_now(), actor=SYSTEM)
    return page("notifications/unsubscribe.html", token=token, is_done=True)
