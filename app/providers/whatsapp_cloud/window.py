"""Calculate the customer service window: until when free text may be sent."""

from __future__ import annotations

from datetime import datetime, timedelta

WINDOW = timedelta(hours=24)
SAFETY_MARGIN = timedelta(minutes=2)  # a message queued in the last minute must still arrive inside


def window_closes_at(last_customer_message_at: datetime) -> datetime:
    """Return the time from which only templates may be sent, in aware UTC.

    It is counted from the provider's time of the last message that opened the window (`InboundMessage.opens_window`), not
    from the time when we received that message.
    """
    return last_customer_message_at + WINDOW - SAFETY_MARGIN
