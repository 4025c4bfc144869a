"""What the other side of a call said, whichever way it was: a push service, Teams, a mail server. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.notifications.models import Outcome


@dataclass(frozen=True)
class Answer:
    """`outcome` None: try again, after `retry_after_seconds` if they said so. `words` is English and holds no secret."""

    outcome: Outcome | None
    words: str = ""
    retry_after_seconds: float | None = None

    @property
    def ok(self) -> bool:
        return self.outcome == Outcome.ACCEPTED
