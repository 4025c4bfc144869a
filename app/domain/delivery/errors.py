"""Errors that say why a reply cannot be sent as asked (`UnableToReply`)."""

from __future__ import annotations


class UnableToReply(Exception):
    """The reply cannot be sent as asked. `field` names the input, the message says what to do."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field = field_name


class ChannelOff(UnableToReply):
    """The channel is switched off."""


class WindowClosed(UnableToReply):
    """Raised when free text is no longer allowed in this thread, but only an approved template."""
