"""Routes that hand a thread to a team."""

from __future__ import annotations

import uuid

from flask import url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.translation import gettext as _
from app.domain.accounts.queries import list_teams
from app.domain.threads.actions import assign_thread
from app.domain.threads.handover import hand_to_team
from app.domain.threads.queries import get_thread
from app.domain.threads.timeline import list_assignable_users
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp, parse_uuid
from app.web.inbox.thread import changed, handover_note
from app.web.pages import page


@bp.get("/threads/<uuid:thread_id>/teams")
def choose_team(thread_id: uuid.UUID) -> ResponseReturnValue:
    """List the teams a thread can be handed to: as a fragment for the assignee menu; without scripts, a page."""
    thread = get_thread(db.session(), viewer=current_viewer(), thread_id=thread_id)
    whole = not request.htmx
    template = "inbox/teams_page.html" if whole else "inbox/teams.html"
    teams = list_teams(db.session(), brand_ids=[thread.brand_id])
    return page(template, thread=thread, teams=teams, rendering=uuid.uuid4(), whole=whole)


@bp.post("/threads/<uuid:thread_id>/team")
def set_team(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Hand the thread to `team`, or to no team if it is empty. If `assignee` is set (as by an undo), assign the thread to this
    user too."""
    viewer, session = current_viewer(), db.session()
    before = get_thread(session, viewer=viewer, thread_id=thread_id)
    former, assignee_before = before.team_id, before.assignee_user_id
    teams = {team.id: team for team in list_teams(session)}
    asked = parse_uuid(request.form.get("team", request.args.get("team")))
    if asked is not None and asked not in teams:
        return _("This choice does not exist; reload the page and try again."), 422
    team, assignee = teams.get(asked) if asked else None, parse_uuid(request.args.get("assignee"))
    may_get_it = {user_id for user_id, _name in list_assignable_users(session, before.brand_id)} if assignee else set()
    with transaction() as writing:
        hand_to_team(writing, thread_id=thread_id, team=team, note=handover_note(), actor=viewer.actor, now=utc_now())
        if assignee in may_get_it:
            assign_thread(writing, thread_id=thread_id, assignee_user_id=assignee, actor=viewer.actor, now=utc_now())
    said = _("Handed to %(team)s", team=team.name) if team else _("The thread now has no team")
    undo = url_for("inbox.set_team", thread_id=thread_id, team=former or "", assignee=assignee_before or "")
    return changed(thread_id, said, undo=undo)
