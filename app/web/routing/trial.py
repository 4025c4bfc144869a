"""Trial of a routing rule: to whom it would assign the waiting threads now, and how many threads it gets a month. Nothing is
changed."""

from __future__ import annotations

import uuid
from typing import Any

from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_teams
from app.domain.routing.queries import count_decided, get_rule, list_threads_named, list_workers
from app.domain.routing.replay import LOOKS_BACK, replay
from app.domain.routing.rule_actions import TRIED_AT_MOST, try_rule
from app.web.accounts.session import require
from app.web.pages import page
from app.web.routing.blueprint import bp


@bp.get("/settings/routing/<uuid:routing_rule_id>/trial")
def try_out(routing_rule_id: uuid.UUID) -> ResponseReturnValue:
    """Apply the rule to the real threads in a transaction that is rolled back, and show who would get them."""
    viewer, session, now = require(Permission.ROUTING_MANAGE), db.session(), utc_now()
    rule = get_rule(session, routing_rule_id, brand_ids=viewer.brand_ids)
    month = count_decided(session, rule, since=now - LOOKS_BACK)
    run = None if rule.is_on else replay(session, rule, rule=rule, now=now)
    session.rollback()
    claims = try_rule(session, rule, now=now)
    session.rollback()
    rule = get_rule(session, routing_rule_id, brand_ids=viewer.brand_ids)
    names = {worker.user_id: worker.name for worker in list_workers(session, now=now)}
    threads = list_threads_named(session, [claim.thread_id for claim in claims])
    rows = [(threads[claim.thread_id], names[claim.user_id], claim.because) for claim in claims]
    teams = {str(team.id): team.name for team in list_teams(session)}
    shown: dict[str, Any] = {"rows": rows, "is_cut": len(rows) == TRIED_AT_MOST, "month": month, "run": run, "teams": teams}
    return page("routing/trial.html", rule=rule, **shown)
