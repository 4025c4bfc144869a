"""What the rows of the made company are called, and when it is."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

BRANDS = 5
NOW = datetime.now(UTC).replace(microsecond=0)


def row_id(kind: int, number: int) -> uuid.UUID:
    """A stable id whose order is that of `number`, in the shape of a version 7 UUID."""
    return uuid.UUID(int=(number << 80) | (0x7 << 76) | (kind << 64) | (0b10 << 62) | number & ((1 << 62) - 1))
