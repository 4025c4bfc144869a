"""A called service that is no channel (form, scenario, Teams, register, mail server), for the daily check."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from app.contract.health import Health


@dataclass(frozen=True)
class Service:
    """A service to check. `key` never changes; `name` is for people (texts of ours are marked for translation); `kind`: its
    purpose.

    `place`: the path of its settings page; `advice`: what to do where it does not work. All texts in English. `is_suspect`: a
    call failed since the last check, so it is checked in the next round. `ask` checks it, outside any transaction, and counts
    failed calls where a check cannot show them; raises UnableToDecrypt. `brand_id`: its brand, None for all.
    """

    key: str
    name: str
    kind: str
    place: str
    advice: str
    ask: Callable[[], Health]
    is_suspect: bool = False
    brand_id: uuid.UUID | None = None
