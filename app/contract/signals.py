"""Signals to a chat that are no messages: read marks, typing signs, reactions."""

from __future__ import annotations

from typing import Protocol

from app.contract.base import ChannelAccount, Party


class TakesSignals(Protocol):
    """A chat adapter that can send signals. All methods raise `ProviderError`. A repeat changes nothing that a person sees."""

    def mark_read(self, external_id: str, *, account: ChannelAccount, is_typing: bool = False) -> None:
        """Mark the message and the messages before it as read. `is_typing` also shows the typing indicator for some seconds."""

    def react(self, external_id: str, emoji: str, *, to: Party, account: ChannelAccount) -> None:
        """Set our reaction on the message `external_id` of `to`. The emoji "" removes the reaction."""
