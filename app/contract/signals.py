"""Signals to a chat that are no messages: read marks, typing signs, reactions."""

from __future__ import annotations

from typing import Protocol

from app.contract.base import ChannelAccount, Party


class TakesSignals(Protocol):
    """A chat adapter that takes signals. All methods raise ProviderError; a repeat changes nothing a person sees."""

    def mark_read(self, external_id: str, *, account: ChannelAccount, is_typing: bool = False) -> None:
        """Mark the message and those before it as read. `is_typing` also shows for some seconds that somebody writes."""

    def react(self, external_id: str, emoji: str, *, to: Party, account: ChannelAccount) -> None:
        """Set our reaction on the message; "" takes it back."""
