"""Put a waiting or scheduled reply into words and numbers. No database."""

from __future__ import annotations

import math
from datetime import datetime

from app.core.clock import utc_now
from app.domain.accounts.access import Viewer
from app.domain.threads.models import Message


def seconds_left(message: Message, viewer: Viewer) -> int:
    """Return the number of seconds in which this viewer can still take the message back.

    Return 0 if the message was already sent, or if the viewer did not write it.
    """
    leaves_at = message.meta.get("waiting", {}).get("leaves_at")
    if leaves_at is None or message.delivery_status != "pending" or message.sender_user_id != viewer.user_id:
        return 0
    return max(0, math.ceil((datetime.fromisoformat(leaves_at) - utc_now()).total_seconds()))
