"""Describe a service that we call besides channels (form, scenario, Teams, register, mail server), for the daily check."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from app.contract.health import Health


@dataclass(frozen=True)
class Service:
    """A service to check. `key` never changes. `name` is for people (our own texts are marked for translation). `kind` is its
    purpose.

    `place` is the path of its settings page. `advice` says what to do if it does not work. All texts are in English.
    `is_suspect` is True if a call failed since the last check; then the next round checks the service again. `ask` checks
    the service, outside any transaction, and may raise `UnableToDecrypt`. Where asking cannot show what fails, because only real
    calls would, `ask` judges by the last call. `brand_id` is its brand, None for all brands.
    """

    key: str
    name: str
    kind: str
    place: str
    advice: str
    ask: Callable[[], Health]
    is_suspect: bool = False
    brand_id: uuid.UUID | None = None
