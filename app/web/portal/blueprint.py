"""Blueprint of the partner portal, and `sight()`, which says whose portal it is."""

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
    """Who looks, and what of which partner they see."""

    viewer: Viewer
    sight: PortalSight


def visitor() -> Visitor:
    """Return the partner's person who looks; anybody else gets 403."""
    viewer = require(Permission.PORTAL_OWN)
    found = find_sight(db.session(), viewer.user_id)
    if found is None:
        abort(403)
    return Visitor(viewer, found)


def whole_visitor() -> Visitor:
    """Return a person of the partner itself; its dealers get 403, as keys, callbacks and calls are not for them."""
    found = visitor()
    if found.sight.under is not None:
        abort(403)
    return found


@bp.app_template_global("portal_is_whole")
def portal_is_whole() -> bool:
    """Return whether the viewer is of the partner itself, for the menu."""
    return visitor().sight.under is None


@bp.app_template_global("partner_support")
def partner_support() -> str:
    """Whom somebody of a partner asks, "" where nobody is named."""
    return runtime().settings.partner_support


@bp.errorhandler(AgreementMissing)
@bp.errorhandler(PartnerMissing)
@bp.errorhandler(PartnerKeyMissing)
@bp.errorhandler(EndpointMissing)
@bp.errorhandler(DeliveryMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())
