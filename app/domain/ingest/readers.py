"""Hold the readers of inbound events without a channel (forms, scenarios), which `app/wiring.py` installs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from app.domain.ingest.context import ItemResult
from app.domain.ingest.models import InboundEvent

Reader = Callable[[Session, InboundEvent], list[ItemResult]]
_installed: dict[str, Reader] = {}


def install(readers: Mapping[str, Reader]) -> None:
    """Install the readers by source; `create_app` calls it once."""
    _installed.clear()
    _installed.update(readers)


def find_reader(source: str) -> Reader | None:
    """Return the reader of this source's events, or None. A reader runs in one transaction, may run twice, and raises
    UnableToParse."""
    return _installed.get(source)
