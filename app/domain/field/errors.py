"""Errors for phone actions that are not applied: in conflict, or refused. Their English words are translated when they are
shown."""

from __future__ import annotations

from typing import Any


class ActionConflict(Exception):
    """Raised when the visit has changed since the technician saw it. `choices`: the names of the decisions that the phone
    offers."""

    def __init__(self, code: str, words: str, *, choices: tuple[str, ...], details: dict[str, Any] | None = None) -> None:
        super().__init__(words)
        self.code, self.words, self.choices, self.details = code, words, choices, details or {}


class ActionRefused(Exception):
    """Raised when the action can never be applied in this form. `field` names the wrong value, "" if no single value is wrong."""

    def __init__(self, code: str, words: str, *, field: str = "") -> None:
        super().__init__(words)
        self.code, self.words, self.field = code, words, field
