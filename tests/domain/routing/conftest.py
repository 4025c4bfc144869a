"""A desk with a channel, a rule that is on, and Alice, who is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, Team, TeamMember, User
from app.domain.connections.models import Channel
from app.domain.routing.actions import assign_next
from app.domain.routing.explain import Reason, why_waiting
from app.domain.routing.models import RoutingRule
from app.domain.routing.pick_next import Claim
from app.domain.routing.queries import get_rule, list_waiting, list_workers
from app.domain.threads.models import Thread
from tests.domain.routing.factories import make_rule, make_there
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user


@dataclass
class Desk:
    session: Session
    brand: Brand
    channel: Channel
    rule: RoutingRule
    alice: User
    now: datetime

    def thread(self, *, wa_id: str = "31612345678", at: datetime | None = None, **values: Any) -> Thread:
        """A thread nobody has, in which a customer wrote."""
        contact = make_contact(self.session, value=wa_id)
        contact.language = values.pop("language", None)
        thread = make_thread(self.session, self.channel, contact, at=at or self.now)
        make_message(self.session, thread, at=at or self.now)
        for name, value in values.items():
            setattr(thread, name, value)
        self.session.flush()
        return thread

    def there(self, name: str, **profile: Any) -> User:
        return make_there(self.session, make_user(self.session, name, brands=(self.brand,)), now=self.now, **profile)

    def team(self, name: str, *members: User) -> Team:
        team = Team(id=new_id(), name=name)
        self.session.add(team)
        self.session.flush()
        self.session.add_all(TeamMember(team_id=team.id, user_id=user.id) for user in members)
        self.session.flush()
        return team

    def give(self, *, now: datetime | None = None) -> Claim | None:
        """Let routing decide once."""
        self.session.flush()
        return assign_next(self.session, now=now or self.now)

    def reason(self, thread: Thread, *, now: datetime | None = None) -> Reason:
        self.session.flush()
        at = now or self.now
        found = next(w for w in list_waiting(self.session, brand_ids=[self.brand.id], now=at) if w.id == thread.id)
        rule = get_rule(self.session, found.rule_id, brand_ids=[self.brand.id])
        return why_waiting(found, rule=rule, workers=list_workers(self.session, now=at), now=at)


@pytest.fixture
def desk(app_context: Flask, db_session: Session) -> Desk:
    now = utc_now()
    brand = make_brand(db_session)
    channel = make_channel(db_session, brand, keyring=runtime().keyring)
    alice = make_there(db_session, make_user(db_session, "Alice", brands=(brand,)), now=now)
    return Desk(db_session, brand, channel, make_rule(db_session, channel), alice, now)
