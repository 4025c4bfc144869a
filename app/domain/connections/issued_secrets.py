"""Issue signed secrets that a provider is told before the channel exists, so that nothing is stored."""

from __future__ import annotations

from itsdangerous import BadSignature, TimestampSigner

from app.core.ids import new_secret

VALID_SECONDS = 86_400
_SALT = "secrets issued for channels"


def issue(secret_key: str) -> str:
    """Issue a new secret that no channel has yet; it is fit for a URL."""
    return TimestampSigner(secret_key, _SALT).sign(new_secret()).decode().replace(".", "~")


def is_issued(text: str, secret_key: str) -> bool:
    """Return whether `issue` made this secret in the last day."""
    try:
        TimestampSigner(secret_key, _SALT).unsign(text.replace("~", "."), max_age=VALID_SECONDS)
    except (BadSignature, UnicodeError):
        return False
    return True
