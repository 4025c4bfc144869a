"""Make and read the token of an unsubscribe link: the signed id of the user or recipient, short enough for a mail header."""

from __future__ import annotations

import uuid
from typing import Final

from itsdangerous import BadSignature, URLSafeSerializer

DIGEST: Final = "end the digest v1"
MAILINGS: Final = "end mailings v1"


def unsubscribe_token(row_id: uuid.UUID, secret_key: str, *, purpose: str) -> str:
    """Return the signed token. `purpose` is DIGEST or MAILINGS; a token of one is invalid for the other."""
    return str(URLSafeSerializer(secret_key, salt=purpose).dumps(row_id.hex))


def read_unsubscribe_token(token: str, secret_key: str, *, purpose: str) -> uuid.UUID | None:
    """Return the id in the token. Return None if the token is invalid."""
    try:
        return uuid.UUID(URLSafeSerializer(secret_key, salt=purpose).loads(token))
    except (BadSignature, ValueError, TypeError, AttributeError):
        return None
