"""The rate limits that a provider grants one account (`Budget`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PersonPace:
    """How fast one person may be sent to: `burst` messages at once, then one every `every_seconds`, as they come back."""

    burst: int
    every_seconds: float


@dataclass(frozen=True)
class Budget:
    """Calls at once, sends a minute and a second (0: as many as the minute has); `person`: None for no pace of its own."""

    at_once: int
    per_minute: int
    per_second: int = 0
    person: PersonPace | None = None

    def times(self, factor: int) -> Budget:
        """The budget of an account that is granted `factor` times as much; what holds for one person stays."""
        return Budget(self.at_once * factor, self.per_minute * factor, self.per_second * factor, self.person)


USUAL = Budget(20, 600)
