"""Blueprint of the partner portal, and functions that find out who is looking at it and what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort
from werkzeug.exceptions import NotFound

from app.core.db import db
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.partners.agreements import AgreementMissing
from app.domain.partners.people import PortalSight, find_sight
from app.domain.partners.queries import PartnerKeyMissing, PartnerMissing
from app.domain.webhooks.queries import DeliveryMissing, EndpointMissing
from app.web import error_pages
from app.web.accounts.session import require

bp = Blueprint("portal", __name__)


@dataclass(frozen=True)
class Visitor:
    """A user of a partner who looks at the portal. `sight`: the partner, and which part of it the user may see."""

    viewer: Viewer
    sight: PortalSight


def visitor() -> Visitor:
    """Return the user of a partner who makes this request. Aborts with 403 for any other user."""
    viewer = require(Permission.PORTAL_OWN)
    found = find_sight(db.session(), viewer.user_id)
    if found is None:
        abort(403)
    return Visitor(viewer, found)


def whole_visitor() -> Visitor:
    """Return the user who makes this request, if they belong to the partner itself.

    Aborts with 403 for users of its dealers: they must not see keys, callbacks and API calls.
    """
    found = visitor()
    if found.sight.under is not None:
        abort(403)
    return found


@bp.app_template_global("portal_is_whole")
def portal_is_whole() -> bool:
    """Return whether the viewer belongs to the partner itself and not to a dealer, for the menu."""
    return visitor().sight.under is None


@bp.app_template_global("partner_support")
def partner_support() -> str:
    """Return the contact that the portal names for help, or "" if none is configured."""
    return runtime().settings.partner_support


@bp.errorhandler(AgreementMissing)
@bp.errorhandler(PartnerMissing)
@bp.errorhandler(PartnerKeyMissing)
@bp.errorhandler(EndpointMissing)
@bp.errorhandler(DeliveryMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())
