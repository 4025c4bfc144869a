"""Make new identifiers: UUID version 7, which sort by time of creation and keep indexes dense."""

from __future__ import annotations

import secrets
import uuid

from uuid_utils import compat


def new_id() -> uuid.UUID:
    """Return a fresh UUIDv7 (RFC 9562)."""
    return compat.uuid7()


def new_secret(bits: int = 256) -> str:
    """Return a URL-safe random string with at least `bits` bits of randomness."""
    return secrets.token_urlsafe(bits // 8)


def content_id_of(file_id: uuid.UUID) -> str:
    """Return the content id of a picture inside a mail of ours, without <>."""
    return f"{file_id}@inline"
