"""The data classes of delivery reports (`Report`, `Outcome`), shared by their parsers."""

from __future__ import annotations

from dataclasses import dataclass

from app.contract.base import Json


@dataclass(frozen=True)
class Outcome:
    """The outcome of one recipient in a report. `action` is a word of RFC 3464 or RFC 8098 in lower case; `status` is like
    "5.1.1" or ""."""

    recipient: str
    action: str
    status: str = ""
    diagnostic: str = ""

    def as_json(self) -> Json:
        values = {"recipient": self.recipient, "action": self.action, "status": self.status, "diagnostic": self.diagnostic}
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True)
class Report:
    """A delivery report. `kind` is "bounce", "delay", "delivery", "read", "unread" or "complaint".

    `original_ids` are Message-IDs of the original mail. `is_certain` is False for a bounce that is recognised only by its
    wording ("probably bounced").
    """

    kind: str
    outcomes: tuple[Outcome, ...]
    original_ids: tuple[str, ...]
    reporter: str = ""
    is_certain: bool = True
