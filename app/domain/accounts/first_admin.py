"""Set up an empty installation: a person with the printed set-up code creates the first administrator, once.

The code is computed from SECRET_KEY, so every process knows it and it is not stored. `users setup-link` prints it. As soon
as there is a user, the code no longer works.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.domain.accounts.models import User

_LOCK = "first administrator"


class AlreadySetUp(Exception):
    """Raised when the installation has a user already."""


class WrongCode(Exception):
    """Raised when the set-up code is not the code that `users setup-link` prints."""


def setup_code(secret_key: str) -> str:
    """Return the set-up code: 16 letters and digits in groups of four with hyphens (80 bits)."""
    digest = hmac.digest(secret_key.encode(), b"first administrator v1", hashlib.sha256)
    text = base64.b32encode(digest[:10]).decode().lower()
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def is_empty(session: Session) -> bool:
    """Return whether there is no user yet."""
    return session.execute(sa.select(User.id).limit(1)).first() is None


def claim_setup(session: Session, code: str, *, secret_key: str) -> None:
    """Check the set-up code and lock the set-up until the transaction ends, so that nobody else becomes the first
    administrator.

    Raises `AlreadySetUp` or `WrongCode`.
    """
    advisory_xact_lock(session, _LOCK)
    if not is_empty(session):
        raise AlreadySetUp
    if not hmac.compare_digest("".join(code.split()).lower().encode(), setup_code(secret_key).encode()):
        raise WrongCode
