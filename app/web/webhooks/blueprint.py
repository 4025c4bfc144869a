"""Blueprint of the webhook pages, with the filters of their templates."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint
from werkzeug.exceptions import NotFound

from app.core.db import db
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.webhooks.models import EndpointKind, WebhookEndpoint
from app.domain.webhooks.queries import DeliveryMissing, EndpointMissing, get_endpoint
from app.web import error_pages
from app.web.accounts.session import require
from app.web.webhooks import words

bp = Blueprint("callbacks", __name__)


def find(endpoint_id: uuid.UUID, *kinds: EndpointKind) -> tuple[Viewer, WebhookEndpoint]:
    """Return the pair (viewer, endpoint). Raises EndpointMissing if the endpoint is not of one of `kinds`; without `kinds`, any
    kind is allowed."""
    viewer = require(Permission.INTEGRATIONS_MANAGE)
    return viewer, get_endpoint(db.session(), endpoint_id, brand_ids=viewer.brand_ids, kinds=kinds or None)


@bp.errorhandler(EndpointMissing)
@bp.errorhandler(DeliveryMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())


@bp.record_once
def _register_filters(state: Any) -> None:
    state.app.jinja_env.filters.update(words.FILTERS)
