"""The rate limits that a provider grants one account (`Budget`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PersonPace:
    """How often one recipient may be sent to: `burst` messages at once, and one more for every `every_seconds`."""

    burst: int
    every_seconds: float


@dataclass(frozen=True)
class Budget:
    """What an account may call: `at_once` in parallel, and sends a minute and a second (0: no limit a second).

    `person`: the limit for one recipient, None for none.
    """

    at_once: int
    per_minute: int
    per_second: int = 0
    person: PersonPace | None = None

    def times(self, factor: int) -> Budget:
        """Return the budget times `factor`; the limit for one recipient stays."""
        return Budget(self.at_once * factor, self.per_minute * factor, self.per_second * factor, self.person)


USUAL = Budget(20, 600)
