"""Filter a list by team. Teams to which the viewer does not belong are loaded when the menu opens."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue
from htmx_flask import request

from app.core.db import db
from app.core.translation import gettext as _
from app.domain.accounts.queries import find_team_name, list_teams
from app.domain.threads.saved_views import list_own_teams
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp, view_counts
from app.web.inbox.list_request import Asked, ask
from app.web.pages import page


@bp.get("/inbox/teams")
def filter_teams() -> ResponseReturnValue:
    """List the teams by which the list in the URL (`view` and its filters) can be filtered.

    htmx gets a fragment with the teams to which the viewer does not belong. A browser without scripts gets a page with all
    teams.
    """
    asked, session = ask(request.args.get("view") or "open"), db.session()
    own = dict(list_own_teams(session, viewer=current_viewer()))
    others = [(team.id, team.name) for team in list_teams(session, brand_ids=current_viewer().brand_ids) if team.id not in own]
    context: dict[str, Any] = {"list_url": asked.url, "team_filter": asked.filters.team or ""}
    if request.htmx:
        return page("inbox/list_team_choices.html", teams=others, **context)
    return page("inbox/list_teams_page.html", teams=[*own.items(), *others], **context)


def team_context(asked: Asked) -> dict[str, Any]:
    """Return the template context of a list's team menu and filter chip. Makes a query only if the chosen team is not one of
    the viewer's."""
    own, chosen = dict(view_counts().teams), asked.filters.team
    if chosen is None:
        return {"team_filter": "", "team_name": "", "own_teams": own}
    name = own.get(chosen) or find_team_name(db.session(), chosen) or gone_team()
    return {"team_filter": chosen, "team_name": name, "own_teams": own}


def gone_team() -> str:
    """Return the name shown for a filter whose team was deleted."""
    return _("Deleted team")
