"""The outcome of sending a notification through a push service, Teams or the mail server. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a dispatch (the sending of one notification in one way) ended."""

    ACCEPTED = "accepted"  # by the push service, the mail server or Teams; more is not known
    LAPSED = "lapsed"  # there was nothing left to tell: read meanwhile, or not theirs to see any more
    FOLDED = "folded"  # told together with another one
    GONE = "gone"  # the device or the address is no more
    REFUSED = "refused"
    UNKNOWN = "unknown"  # the line broke during the call; telling it again could tell it twice


@dataclass(frozen=True)
class Answer:
    """The answer to one attempt to send a notification. `outcome` None means: try again, after `retry_after_seconds` if the
    other side asked for a wait.

    `words` is an English text without secrets.
    """

    outcome: Outcome | None
    words: str = ""
    retry_after_seconds: float | None = None

    @property
    def ok(self) -> bool:
        return self.outcome == Outcome.ACCEPTED
