"""Route that starts a reconciliation (count) of a mailbox."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.accounts.permissions import Permission
from app.domain.connections.queries import ChannelMissing, get_visible_channel
from app.domain.events.actions import audit
from app.domain.ingest.reconciliation_rows import ask_reconciliation
from app.web.accounts.session import require
from app.web.connections.blueprint import bp


@bp.post("/settings/channels/<uuid:channel_id>/reconciliation")
def count_mailbox(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Start a reconciliation of this mailbox. The channel's page shows the progress. Answer 409 if the channel cannot be
    counted."""
    viewer, now = require(Permission.CHANNELS_SEE), utc_now()
    with transaction() as session:
        try:
            found = get_visible_channel(session, channel_id, brand_ids=viewer.brand_ids)
        except ChannelMissing:
            abort(404)
        if found.adapter_key not in runtime().adapters.reconciled or not found.is_active:
            abort(409)
        asked = ask_reconciliation(session, channel_id, now=now, asked_by=viewer.user_id)
        if asked:
            object_id = str(channel_id)
            audit(session, action="MailboxCounted", object_type="channel", object_id=object_id, now=now, actor=viewer.actor)
    runtime().nudger.nudge()
    flash(_("We are counting the emails in the mailbox.") if asked else _("We are already counting the emails in the mailbox."))
    return redirect(url_for("connections.channel", channel_id=channel_id, _anchor="reconciliation"), 303)
