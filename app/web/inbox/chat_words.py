"""Put chat messages into words: messages without text, and times stored in JSON."""

from __future__ import annotations

from datetime import datetime

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.threads.models import Message
from app.web.inbox.words import clock

KINDS = {
    "image": N_("Photo"),
    "video": N_("Video"),
    "audio": N_("Voice message"),
    "document": N_("File"),
    "sticker": N_("Sticker"),
    "location": N_("Location"),
    "contacts": N_("Contact card"),
    "order": N_("Order"),
}


def kind_words(message: Message) -> str:
    """Return the kind of a message in words (for example a photo), to show in place of its missing text in a quote."""
    return _(KINDS.get(message.kind, N_("Message without text")))


def stored_clock(at: str) -> str:
    """Return the time of day of an instant stored in JSON."""
    return clock(datetime.fromisoformat(at))


FILTERS = {"kind_words": kind_words, "stored_clock": stored_clock}
