"""A registry of the readers for inbound events without a channel (forms, scenarios). `app/wiring.py` installs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from app.domain.ingest.context import ItemResult
from app.domain.ingest.models import InboundEvent

Reader = Callable[[Session, InboundEvent], list[ItemResult]]
_installed: dict[str, Reader] = {}


def install(readers: Mapping[str, Reader]) -> None:
    """Install the readers, {source: reader}. `create_app` calls it once."""
    _installed.clear()
    _installed.update(readers)


def find_reader(source: str) -> Reader | None:
    """Return the reader for events of this source. Return None if the source has no reader of its own.

    A reader runs in one transaction, may run twice for an event, and raises `UnableToParse`.
    """
    return _installed.get(source)
