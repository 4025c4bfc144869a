"""Page of inbound failures: quarantined events, failed event handlers, refused requests."""

from __future__ import annotations

import json
import uuid

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.paging import BadCursor
from app.core.runtime import runtime
from app.core.translation import mark as N_
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.connections.queries import ChannelMissing, get_visible_channel, list_channels
from app.domain.events.actions import audit, retry_reactions
from app.domain.events.queries import find_reaction, list_failed_reactions
from app.domain.ingest.actions import NotQuarantined, replay_event, replay_quarantined
from app.domain.ingest.models import QUARANTINED
from app.domain.ingest.queries import EventMissing, EventRow, count_quarantined, get_event, list_quarantined, list_refusals
from app.web.accounts.session import require
from app.web.pages import page

bp = Blueprint("quarantine", __name__)
SHOWN_BYTES = 20_000


RESULTS = {
    "new": N_("New thread"),
    "threaded": N_("Added to a thread"),
    "automatic": N_("Automatic email"),
    "bounce": N_("Bounced"),
    "duplicate": N_("Already received"),
    "held": N_("Waiting"),
    "changed": N_("Changed"),
    "ignored": N_("Changed nothing"),
    "report": N_("Delivery report"),
    "notice": N_("Provider notice"),
    "quarantined": N_("In quarantine"),
}

REFUSALS = {
    "bad_signature": N_("Invalid signature"),
    "wrong_key": N_("Missing or wrong key"),
}


@bp.app_template_filter()
def result_words(result: str) -> str:
    """Return in words how one item of an inbound event was processed."""
    return str(_(RESULTS.get(result, result)))


@bp.app_template_filter()
def refusal_words(reason: str) -> str:
    """Return in words why a provider's request was refused."""
    return str(_(REFUSALS.get(reason, reason)))


@bp.get("/settings/events")
def events() -> ResponseReturnValue:
    """Show quarantined events, failed event handlers and refused requests."""
    viewer, session = require(Permission.EVENTS_MANAGE), db.session()
    try:
        listed = list_quarantined(session, viewer=viewer, cursor=request.args.get("cursor"))
    except BadCursor:
        abort(400)
    return page(
        "ingest/events.html",
        quarantined=listed,
        count=count_quarantined(session, viewer=viewer),
        is_first=not request.args.get("cursor"),
        reactions=list_failed_reactions(session, brand_ids=_brands(viewer)),
        refusals=list_refusals(session, today=utc_now().date()),
    )


@bp.get("/settings/events/<uuid:event_id>")
def event(event_id: uuid.UUID) -> ResponseReturnValue:
    """Show one inbound event: its content, time and source, and why it could not be processed."""
    viewer = require(Permission.EVENTS_MANAGE)
    found = _find(viewer, event_id)
    wants_channel = found.event.state == QUARANTINED and found.event.channel_id is None
    return page(
        "ingest/event.html",
        row=found,
        shown=_as_text(found.event.body),
        is_cut=len(found.event.body) > SHOWN_BYTES,
        channels=list_channels(db.session(), active_only=True, brand_ids=viewer.brand_ids) if wants_channel else [],
    )


@bp.get("/settings/events/<uuid:event_id>/body")
def body(event_id: uuid.UUID) -> Response:
    """Serve the raw bytes of an inbound event as a download, so that the browser never shows them as one of our pages."""
    viewer = require(Permission.EVENTS_MANAGE)
    found = _find(viewer, event_id).event
    with transaction() as session:
        audit(
            session,
            action="InboundEventDownloaded",
            object_type="inbound_event",
            object_id=str(event_id),
            now=utc_now(),
            actor=viewer.actor,
        )
    headers = {
        "Content-Disposition": f'attachment; filename="event-{event_id}.bin"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(found.body, mimetype="application/octet-stream", headers=headers)


@bp.post("/settings/events/<uuid:event_id>/replay")
def replay(event_id: uuid.UUID) -> ResponseReturnValue:
    """Process one quarantined event again. If the event has no channel, the form may name it in `channel_id`."""
    viewer = require(Permission.EVENTS_MANAGE)
    _find(viewer, event_id)
    channel_id = _chosen_channel(viewer)
    try:
        with transaction() as session:
            replay_event(session, event_id, channel_id=channel_id, now=utc_now(), actor=viewer.actor)
    except NotQuarantined:
        flash(_("This event is no longer in quarantine."))
    else:
        runtime().nudger.nudge()
        flash(_("We are processing the event again."))
    return redirect(url_for("quarantine.event", event_id=event_id), 303)


@bp.post("/settings/events/replay")
def replay_all() -> ResponseReturnValue:
    """Process everything in quarantine again."""
    viewer = require(Permission.EVENTS_MANAGE)
    with transaction() as session:
        count = replay_quarantined(session, brand_ids=_brands(viewer), now=utc_now(), actor=viewer.actor)
    runtime().nudger.nudge()
    flash(ngettext("%(num)s event is being processed again.", "%(num)s events are being processed again.", count))
    return redirect(url_for("quarantine.events"), 303)


@bp.post("/settings/events/reactions/<int:entry_id>/retry", endpoint="retry_reaction")
@bp.post("/settings/events/reactions/retry", endpoint="retry_reactions")
def retry(entry_id: int | None = None) -> ResponseReturnValue:
    """Retry one failed event handler (the outbox entry `entry_id`), or all failed ones if it is None."""
    viewer = require(Permission.EVENTS_MANAGE)
    with transaction() as session:
        if entry_id is not None and find_reaction(session, entry_id, brand_ids=_brands(viewer)) is None:
            abort(404)
        count = retry_reactions(session, entry_id=entry_id, brand_ids=_brands(viewer), now=utc_now(), actor=viewer.actor)
    runtime().nudger.nudge()
    flash(ngettext("We are retrying %(num)s processing step.", "We are retrying %(num)s processing steps.", count))
    return redirect(url_for("quarantine.events"), 303)


def _brands(viewer: Viewer) -> tuple[uuid.UUID, ...] | None:
    return None if viewer.may(Permission.BRANDS_ALL) else viewer.brand_ids


def _find(viewer: Viewer, event_id: uuid.UUID) -> EventRow:
    try:
        return get_event(db.session(), event_id, viewer=viewer)
    except EventMissing:
        abort(404)


def _chosen_channel(viewer: Viewer) -> uuid.UUID | None:
    text = request.form.get("channel_id", "")
    if not text:
        return None
    try:
        return get_visible_channel(db.session(), uuid.UUID(text), brand_ids=viewer.brand_ids).id
    except (ValueError, ChannelMissing):
        abort(422)


def _as_text(raw: bytes) -> str:
    """Return the beginning of an event's body as readable text.

    JSON is indented. Anything else is unchanged, with bytes that are not UTF-8 replaced.
    """
    if len(raw) <= SHOWN_BYTES:
        try:
            return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    return raw[:SHOWN_BYTES].decode("utf-8", "replace").replace("\x00", "�")


blueprints = (bp,)
