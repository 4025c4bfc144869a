"""Issue secrets for a provider before the channel exists. They are signed, so that they need not be stored."""

from __future__ import annotations

from itsdangerous import BadSignature, TimestampSigner

from app.core.ids import new_secret

VALID_SECONDS = 86_400
_SALT = "secrets issued for channels"


def issue(secret_key: str) -> str:
    """Return a new signed secret, in characters that are allowed in a URL."""
    return TimestampSigner(secret_key, _SALT).sign(new_secret()).decode().replace(".", "~")


def is_issued(text: str, secret_key: str) -> bool:
    """Return whether `issue` made this secret in the last day."""
    try:
        TimestampSigner(secret_key, _SALT).unsign(text.replace("~", "."), max_age=VALID_SECONDS)
    except (BadSignature, UnicodeError):
        return False
    return True
