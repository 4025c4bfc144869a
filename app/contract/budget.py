"""The rate limits that a provider grants one account (`Budget`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PersonPace:
    """How often we may send to one recipient: `burst` messages at once, then one more every `every_seconds`."""

    burst: int
    every_seconds: float


@dataclass(frozen=True)
class Budget:
    """The rate limit of one account: `at_once` calls in parallel, `per_minute` and `per_second` sends (0: no limit per second).

    `person` is the limit for one recipient; None means no such limit.
    """

    at_once: int
    per_minute: int
    per_second: int = 0
    person: PersonPace | None = None

    def times(self, factor: int) -> Budget:
        """Return the budget multiplied by `factor`. The limit for one recipient stays the same."""
        return Budget(self.at_once * factor, self.per_minute * factor, self.per_second * factor, self.person)


USUAL = Budget(20, 600)
