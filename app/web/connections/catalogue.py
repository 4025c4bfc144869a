"""Page of a channel's approved templates, as its provider lists them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.core.db import db, let_go
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.accounts.permissions import Permission
from app.domain.connections.models import Channel
from app.domain.connections.queries import ChannelMissing, get_visible_channel
from app.domain.delivery.catalogue import PROBLEM, READ_AT, list_kept, read_templates
from app.web.accounts.session import require
from app.web.connections.blueprint import bp
from app.web.inbox.templates import STATUSES, why_unusable
from app.web.pages import page

TONES = {
    "APPROVED": "done",
    "PENDING": "info",
    "IN_APPEAL": "info",
    "REJECTED": "overdue",
    "PAUSED": "due",
    "DISABLED": "overdue",
}
CATEGORIES = {"UTILITY": N_("Utility"), "MARKETING": N_("Marketing"), "AUTHENTICATION": N_("Authentication")}
QUALITIES = {"GREEN": N_("High"), "YELLOW": N_("Medium"), "RED": N_("Low")}


@bp.get("/settings/channels/<uuid:channel_id>/templates")
def channel_templates(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Show each template with its language, category, status and quality and, if it cannot be used, the reason."""
    found = _find(channel_id)
    if not _has_list(found):
        return redirect(url_for("connections.channel", channel_id=channel_id), 303)
    rows = [_row(one) for one in sorted(list_kept(found), key=lambda one: (str(one.get("name")), str(one.get("language"))))]
    read_at = found.settings.get(READ_AT)
    context: dict[str, Any] = {
        "channel": found,
        "rows": rows,
        "read_at": datetime.fromisoformat(read_at) if read_at else None,
        "problem": found.settings.get(PROBLEM),
    }
    return page("connections/channel_templates.html", **context)


@bp.post("/settings/channels/<uuid:channel_id>/templates/reading")
def read_channel_templates(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Read the list of templates from the provider now."""
    found = _find(channel_id)
    if not _has_list(found):
        abort(409)
    let_go()
    if read_templates(found.id) is None:
        flash(_("The templates are up to date."))
    return redirect(url_for("connections.channel_templates", channel_id=channel_id), 303)


def _find(channel_id: uuid.UUID) -> Channel:
    viewer = require(Permission.CHANNELS_SEE)
    try:
        found = get_visible_channel(db.session(), channel_id, brand_ids=viewer.brand_ids)
    except ChannelMissing:
        abort(404)
    return found


def _has_list(found: Channel) -> bool:
    return found.adapter_key in runtime().adapters.catalogues


def _row(one: dict[str, Any]) -> dict[str, Any]:
    status, category, quality = (str(one.get(name) or "").upper() for name in ("status", "category", "quality"))
    body = next((str(p.get("text", "")) for p in one.get("components", []) if str(p.get("type", "")).upper() == "BODY"), "")
    return {
        "name": str(one.get("name", "")),
        "language": str(one.get("language", "")),
        "category": _(CATEGORIES[category]) if category in CATEGORIES else category,
        "status": _(STATUSES[status]) if status in STATUSES else status,
        "tone": TONES.get(status, ""),
        "quality": _(QUALITIES[quality]) if quality in QUALITIES else _("Not known yet"),
        "quality_tone": {"GREEN": "done", "YELLOW": "due", "RED": "overdue"}.get(quality, ""),
        "why": why_unusable(one),
        "body": body,
    }
