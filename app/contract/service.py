"""A service that is called but is no channel (forms, scenarios, Teams, the register, the mail server), for the daily check."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from app.contract.health import Health


@dataclass(frozen=True)
class Service:
    """One of them. `key` names it for good, `name` is what people call it (a text of ours is marked), `kind` what it is for;
    `place`: the path of the page it is set up on; `advice`: what to do where it does not work. All in English.

    `is_suspect`: a call in between failed, so it is asked before its day. `ask` calls it, outside any transaction, and takes what
    calls met into account where asking cannot show it. Raises UnableToDecrypt. `brand_id`: whose it is, None for everybody's.
    """

    key: str
    name: str
    kind: str
    place: str
    advice: str
    ask: Callable[[], Health]
    is_suspect: bool = False
    brand_id: uuid.UUID | None = None
