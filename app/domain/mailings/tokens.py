"""Make and read the unsubscribe token of a mailing's recipient."""

from __future__ import annotations

import uuid

from itsdangerous import BadSignature, URLSafeSerializer


def unsubscribe_token(recipient_id: uuid.UUID, secret_key: str) -> str:
    """Return the signed unsubscribe token of a recipient, short enough for a mail header."""
    return str(_serializer(secret_key).dumps(recipient_id.hex))


def read_token(token: str, secret_key: str) -> uuid.UUID | None:
    """Return the recipient's id from an unsubscribe token. Return None if the token is invalid."""
    try:
        return uuid.UUID(_serializer(secret_key).loads(token))
    except (BadSignature, ValueError, TypeError, AttributeError):
        return None


def _serializer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="end mailings v1")
