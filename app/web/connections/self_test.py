"""Route that tests our own webhook address."""

from __future__ import annotations

import uuid

from flask import abort
from flask.typing import ResponseReturnValue

from app.core.crypto import UnableToDecrypt
from app.core.db import db, let_go
from app.core.ids import new_secret
from app.core.runtime import runtime
from app.domain.accounts.permissions import Permission
from app.domain.connections.account import account_of
from app.domain.connections.connection_check import CLOSED
from app.domain.connections.queries import ChannelMissing, get_visible_channel
from app.domain.ingest.self_test import Trial, try_webhook
from app.web.accounts.session import require
from app.web.connections.blueprint import bp
from app.web.connections.pages import show_channel


@bp.post("/settings/channels/<uuid:channel_id>/self-test")
def try_address(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Post to our own public webhook address and show the result in this answer."""
    viewer = require(Permission.CHANNELS_MANAGE)
    try:
        found = get_visible_channel(db.session(), channel_id, brand_ids=viewer.brand_ids)
        account = account_of(found)
    except ChannelMissing:
        abort(404)
    except UnableToDecrypt as error:
        return show_channel(found, trial=Trial(False, CLOSED % {"why": error}))
    let_go()
    trial = try_webhook(account, http=runtime().http, public_url=runtime().settings.public_url, word=new_secret(128))
    return show_channel(found, trial=trial)
