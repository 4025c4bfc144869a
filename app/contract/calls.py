"""A phone call as its provider reports it: one leg at a time, in any order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class LegState(StrEnum):
    RINGING = "ringing"
    TALKING = "talking"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"


@dataclass(frozen=True)
class CallUpdate:
    """A provider's report of one leg of a phone call. The first leg is the call itself and has its id; each further leg was
    dialled for the call.

    `place` is the number of the report within its leg, to order them; None if the report only adds data. `caller` and
    `called` are numbers in E.164, "" for a hidden number. `shown` is another name of the caller. `by_phone_app`: a colleague
    calls with our phone app. `is_bridged`: the call was connected to a person. `recording` is {"id", "url", "seconds"}, or
    {}.
    """

    call_id: str
    leg_id: str
    occurred_at: datetime
    is_incoming: bool
    state: LegState | None = None
    place: int | None = None
    caller: str = ""
    called: str = ""
    shown: str = ""
    by_phone_app: bool = False
    is_bridged: bool = False
    by_machine: bool = False
    seconds: int | None = None
    recording: dict[str, Any] = field(default_factory=dict)
