"""Rules and people for tests of routing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.ids import new_id
from app.domain.accounts.models import User
from app.domain.connections.models import Channel
from app.domain.routing.actions import note_seen
from app.domain.routing.models import RoutingProfile, RoutingRule, Strategy

EVERYBODY = [{"team_id": None, "after_minutes": 0}]


def make_rule(session: Session, channel: Channel, **values: Any) -> RoutingRule:
    now = utc_now()
    kept = {"name": "Service", "position": 1, "is_on": True, "strategy": Strategy.ROUND_ROBIN, "tiers": EVERYBODY, "skills": []}
    rule = RoutingRule(id=new_id(), channel_id=channel.id, created_at=now, updated_at=now, **{**kept, **values})
    session.add(rule)
    session.flush()
    return rule


def make_there(session: Session, user: User, *, now: datetime | None = None, **profile: Any) -> User:
    """They are there, and take what `profile` says."""
    note_seen(session, user.id, now=now or utc_now())
    if profile:
        session.add(RoutingProfile(**{"user_id": user.id, "capacity": 10, "skills": [], "languages": [], "hours": [], **profile}))
        session.flush()
    return user
