"""Switch on the automatic answers of one mailbox of the demo company."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.auto_replies.actions import AutoReplyContent, save_auto_replies
from app.domain.auto_replies.models import AutoReplyKind
from app.domain.auto_replies.texts import DEFAULTS
from app.domain.connections.models import Channel
from app.domain.events.actions import SYSTEM

ANSWERS = "RatioShop e-mail"


def make_auto_replies(session: Session, *, channels: Mapping[str, Channel], now: datetime) -> None:
    """Switch on every automatic answer of one mailbox. `channels` are the demo's channels by name."""
    contents = tuple(AutoReplyContent(kind, True, DEFAULTS[kind]) for kind in AutoReplyKind)
    save_auto_replies(session, channels[ANSWERS], contents, now=now, actor=SYSTEM)
