"""A phone call as its provider reports it: piece by piece, in any order, one leg at a time."""

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
    """What one post says of one leg. The first leg of a call bears the call's own id; each other was dialled for it.

    `place` orders the posts of a leg; one without a place only adds to what is known. `caller` and `called` are numbers in E.164,
    "" where there is none to call back. `shown` is what else the caller is called. `by_phone_app`: one of ours calls, over the
    provider. `is_bridged`: this call was put through to somebody. `recording` is {"id", "url", "seconds"}.
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
