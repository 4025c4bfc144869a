"""Make the token in a survey's link, and hash it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


def survey_token(invitation_id: uuid.UUID, secret_key: str) -> str:
    """Return the token of a survey link: 22 characters, short enough for a text message. Question and reminder have the same
    token."""
    made = hmac.digest(secret_key.encode(), b"survey v1" + invitation_id.bytes, hashlib.sha256)
    return base64.urlsafe_b64encode(made[:16]).decode().rstrip("=")


def hash_of(token: str) -> str:
    """Return the hash under which a token is stored. Return "" if the token is malformed."""
    return hashlib.sha256(token.encode()).hexdigest() if _TOKEN.fullmatch(token) else ""
