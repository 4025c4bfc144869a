"""Save the views that people of a demo company have: one of their own, one for their team."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Team, User
from app.domain.threads.saved_view_actions import ViewContent, create_view
from app.domain.threads.view_models import ViewScope
from app.sandbox.demo.company import DemoView


def make_views(session: Session, views: Iterable[DemoView], *, users: Iterable[User], now: datetime) -> None:
    """Make each view as its owner would save it."""
    owners = {user.name.split()[0]: user for user in users}
    for view in views:
        scope = ViewScope.TEAM if view.team else ViewScope.PRIVATE
        team_id = session.execute(sa.select(Team.id).where(Team.name == view.team)).scalar_one() if view.team else None
        content = ViewContent(view.name, scope, team_id, view.filters, view.sort)
        create_view(session, content, viewer=viewer_of(session, owners[view.owner]), now=now)
