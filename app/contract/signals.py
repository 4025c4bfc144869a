"""Signals to a chat that are no messages: read marks, typing, reactions."""

from __future__ import annotations

from typing import Protocol

from app.contract.base import ChannelAccount, Party


class TakesSignals(Protocol):
    """All raise ProviderError. To repeat any of them changes nothing a person sees."""

    def mark_read(self, external_id: str, *, account: ChannelAccount, is_typing: bool = False) -> None:
        """The message, and those before it, are read; `is_typing` shows for some seconds that an answer is written."""

    def react(self, external_id: str, emoji: str, *, to: Party, account: ChannelAccount) -> None:
        """Put the emoji on the message in place of what was there; "" takes it back."""
