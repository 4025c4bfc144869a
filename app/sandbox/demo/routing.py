"""Make the demo company's routing rules and its users' routing profiles. All rules are off, so that visitors can try them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Team, User
from app.domain.accounts.permissions import Permission, role_may
from app.domain.connections.models import Channel
from app.domain.events.actions import SYSTEM
from app.domain.routing.actions import set_availability
from app.domain.routing.models import AvailabilityState, Strategy
from app.domain.routing.rule_actions import Abilities, RuleContent, create_rule, save_profile
from app.domain.threads.models import ThreadType

WEEK = tuple((day, start, end) for day in range(5) for start, end in ((8 * 60, 12 * 60 + 30), (13 * 60, 17 * 60 + 30)))
# First name: what they take.
PEOPLE = {
    "Sarah": Abilities(12, ("facturen",), ("en", "nl")),
    "Alex": Abilities(8, ("meterkast", "storing"), ("nl", "en"), WEEK),
    "Emma": Abilities(8, ("klachten",), ("nl", "en", "fr")),
    "Noah": Abilities(16, ("storing",), ("en", "nl")),
    "Julia": Abilities(10, ("offertes",), ("nl",), WEEK),
    "Daan": Abilities(6, ("meterkast", "storing"), ("nl",), WEEK),
    "Lucas": Abilities(10, ("offertes",), ("nl", "fr")),
}
TECHNIQUE, SERVICE = "Technical team", "Customer service"


def make_routing(session: Session, *, users: Sequence[User], channels: Mapping[str, Channel], now: datetime) -> None:
    """Make the routing rules and each user's routing profile. `channels` are the demo's channels by name.

    The user Julia is set to away; the others are offline.
    """
    for user in users:
        save_profile(session, user.id, PEOPLE[user.name.split()[0]], actor=SYSTEM, now=now)
        if user.name.startswith("Julia"):
            set_availability(session, user.id, AvailabilityState.AWAY, now=now, actor=SYSTEM)
    viewer = viewer_of(session, next(user for user in users if role_may(user.role, Permission.ROUTING_MANAGE)))
    teams: dict[str, uuid.UUID] = {row[0]: row[1] for row in session.execute(sa.select(Team.name, Team.id))}
    for channel in (channels["ChargeCars WhatsApp"], channels["ChargeCars e-mail"]):
        technical = RuleContent(
            channel_id=channel.id,
            name="Techniek",
            strategy=Strategy.LEAST_LOADED,
            tiers=(_tier(teams[TECHNIQUE]), _tier(teams[SERVICE], 30)),
            thread_type=ThreadType.TECHNICAL_ISSUE,
            skills=("storing",),
        )
        service = RuleContent(
            channel_id=channel.id,
            name="Klantenservice",
            strategy=Strategy.ROUND_ROBIN,
            tiers=(_tier(teams[SERVICE]), _tier(None, 15)),
            speaks_language=True,
            sticky_days=14,
        )
        create_rule(session, technical, viewer=viewer, now=now)
        create_rule(session, service, viewer=viewer, now=now)


def _tier(team_id: uuid.UUID | None, after_minutes: int = 0) -> dict[str, object]:
    return {"team_id": str(team_id) if team_id else None, "after_minutes": after_minutes}
