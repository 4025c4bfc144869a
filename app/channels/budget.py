"""What a provider grants one account."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """Calls at once, sends a minute."""

    at_once: int
    per_minute: int


USUAL = Budget(20, 600)
