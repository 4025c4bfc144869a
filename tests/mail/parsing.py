"""Shorthands of the mail tests."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from app.contract.base import InboundMessage
from app.mail.mime import parse_mail

RECEIVED_AT = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)
OURS = frozenset({"service@laadpunt.example"})


@lru_cache(maxsize=4096)
def read(raw: bytes) -> InboundMessage:
    """What a mail says. Read once for all tests that judge it."""
    return parse_mail(raw, own_addresses=OURS, received_at=RECEIVED_AT)
