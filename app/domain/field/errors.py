"""Errors that say why a phone's action is not applied: conflict or refused. Their English words are translated when shown."""

from __future__ import annotations

from typing import Any


class ActionConflict(Exception):
    """The visit is no longer as the technician saw it. `choices`: the decisions offered, by names the phone knows."""

    def __init__(self, code: str, words: str, *, choices: tuple[str, ...], details: dict[str, Any] | None = None) -> None:
        super().__init__(words)
        self.code, self.words, self.choices, self.details = code, words, choices, details or {}


class ActionRefused(Exception):
    """The action can never be applied as it is; `field` names the wrong value."""

    def __init__(self, code: str, words: str, *, field: str = "") -> None:
        super().__init__(words)
        self.code, self.words, self.field = code, words, field
