"""React to changes of mailbox items (`mailbox_items.py`): show on messages where their mail is at the provider."""

from __future__ import annotations

import uuid

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.events.models import Event
from app.domain.ingest.mailbox_items import show_changed


def show_mailbox_changes(event: Event) -> None:
    """After-commit handler: show on messages that their mail was moved or deleted at the provider, or is back."""
    with transaction() as session:
        show_changed(session, uuid.UUID(event.payload["channel_id"]), event.payload["item_ids"], now=utc_now())
