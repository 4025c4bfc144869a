"""Ask signed-in users for their password again, before a change that outlives the session."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from app.core.caller import caller_address
from app.core.db import transaction
from app.domain.accounts.access import Viewer
from app.domain.accounts.actions import authenticate
from app.domain.accounts.throttle import TooManyTries, count_try


class NotProven(Exception):
    """Raised when the password was wrong, or another attempt is not allowed yet. `text` says which, `status` is the HTTP status
    of the response."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


def prove_password(viewer: Viewer, password: str, *, now: datetime) -> None:
    """Raise `NotProven` unless `password` is the viewer's password. Attempts are limited as at sign-in. Opens its own
    transactions."""
    try:
        with transaction() as session:
            count_try(session, email=viewer.email, address=caller_address(), now=now)
    except TooManyTries as error:
        raise NotProven(_("Too many tries. Wait %(seconds)s seconds, then try again.", seconds=error.seconds), 429) from error
    with transaction() as session:
        counted_as = caller_address()
        user = authenticate(session, email=viewer.email, password=password, address=viewer.ip, now=now, counted_as=counted_as)
    if user is None:
        raise NotProven(_("Wrong password."), 422)
