"""Registry of the kinds of entities that have a status. `app/wiring.py` installs it.

For each kind it has the status machine, and functions to lock an entity, to check guards and to write the status.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.transitions import Machine
from app.domain.events.actions import Actor
from app.domain.transitions.models import Transition


@dataclass(frozen=True)
class Lack:
    """The reason why a status cannot be entered, in English. If `or_reason` is True, the status can be entered with a reason
    given."""

    words: str
    or_reason: bool = False


Guard = Callable[[Session, Any], Lack | None]
"""Looks at a locked entity; None where nothing is lacking. Reads only."""


@dataclass(frozen=True)
class EntityKind:
    """What the status engine needs to handle one kind of entity.

    `lock` returns the entity's row, locked until the transaction ends. `write` sets its status and records the event.
    """

    machine: Machine
    lock: Callable[[Session, uuid.UUID], Any]
    status_of: Callable[[Any], str]
    brand_of: Callable[[Session, Any], uuid.UUID]
    write: Callable[[Session, Any, Transition, datetime, Actor], None]
    guards: Mapping[str, Guard]

    def __post_init__(self) -> None:
        named = {guard for edge in self.machine.edges.values() for guard in edge.guards}
        if named != set(self.guards):
            raise ValueError(f"{self.machine.entity_type}: guards named and guards there differ: {named ^ set(self.guards)}")


_installed: Mapping[str, EntityKind] = {}


def install(kinds: Mapping[str, EntityKind]) -> None:
    """Install the kinds; `create_app` calls it once."""
    global _installed
    _installed = kinds


def kind_of(entity_type: str) -> EntityKind:
    """Return the entity kind with this name. Raises LookupError if there is no such kind with a status."""
    return _installed[entity_type]
