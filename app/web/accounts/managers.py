"""Page that names the managers of teams and brands and the executive. Only administrators may open it."""

from __future__ import annotations

import uuid

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.domain.accounts.managers import Managers, get_managers, list_possible_managers, set_managers
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brands, list_teams
from app.web.accounts.blueprint import bp
from app.web.accounts.session import require
from app.web.pages import page

NOBODY = ""
EXECUTIVE = "executive"


@bp.get("/settings/managers")
def managers() -> ResponseReturnValue:
    """Show the managers of teams and brands and the executive, who are notified of escalations."""
    require(Permission.PEOPLE_MANAGE)
    return _page(_values(get_managers(db.session())))


@bp.post("/settings/managers")
def save_managers() -> ResponseReturnValue:
    """Save the managers. The fields `team_<id>`, `brand_<id>` and `executive` each have a user's id, or are empty."""
    viewer, session = require(Permission.PEOPLE_MANAGE), db.session()
    values = _values(get_managers(session))
    values |= {name: request.form[name].strip() for name in values if name in request.form}
    known = {str(user.id) for user in list_possible_managers(session)}
    errors = {name: _("Choose one from the list.") for name, value in values.items() if value and value not in known}
    if errors:
        return _page(values, errors=errors, status=422)
    with transaction() as writing:
        set_managers(writing, _wanted(values), now=utc_now(), actor=viewer.actor)
    flash(_("Saved."))
    return redirect(url_for("accounts.managers"), 303)


def _values(found: Managers) -> dict[str, str]:
    values = {f"team_{team_id}": user_id for team_id, user_id in found.teams.items()}
    values |= {f"brand_{brand_id}": user_id for brand_id, user_id in found.brands.items()}
    values[EXECUTIVE] = found.executive
    return {name: str(user_id) if user_id else NOBODY for name, user_id in values.items()}


def _wanted(values: dict[str, str]) -> Managers:
    ids = {name: uuid.UUID(value) if value else None for name, value in values.items()}
    teams, brands = ({uuid.UUID(n.removeprefix(p)): ids[n] for n in ids if n.startswith(p)} for p in ("team_", "brand_"))
    return Managers(teams, brands, ids[EXECUTIVE])


def _page(values: dict[str, str], *, errors: dict[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    session = db.session()
    return page(
        "accounts/managers.html",
        values=values,
        errors=errors or {},
        teams=list_teams(session),
        brands=list_brands(session),
        people=_people(session),
        status=status,
    )


def _people(session: Session) -> list[tuple[str, str]]:
    """Return the choices for a manager as (id, name)."""
    return [(str(user.id), user.name) for user in list_possible_managers(session)]
