"""Page where the user chooses which folders of a mailbox are followed, besides Inbox and Sent Items."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.contract.base import ProviderError
from app.contract.reconcile import MailFolder
from app.core.clock import utc_now
from app.core.db import db, let_go, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.accounts.permissions import Permission
from app.domain.connections.account import account_of
from app.domain.connections.actions import choose_folders
from app.domain.connections.models import CHOSEN_FOLDERS, Channel
from app.domain.connections.provider_reads import Resting, reading
from app.domain.connections.queries import ChannelMissing, get_visible_channel
from app.domain.ingest.mailbox_items import leave_folders
from app.web.accounts.session import require
from app.web.connections.blueprint import bp
from app.web.pages import page


@dataclass(frozen=True)
class Row:
    """A folder in the list on the page. `mails` is the number of mails in it, or None if the folder no longer exists."""

    id: str
    name: str
    mails: int | None
    is_chosen: bool


@bp.get("/settings/channels/<uuid:channel_id>/folders")
def mail_folders(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Show the folders that the mailbox has now. The followed folders are ticked."""
    found = _find(channel_id)
    if not _has_folders(found):
        return redirect(url_for("connections.channel", channel_id=channel_id), 303)
    kept = _chosen(found)
    there, problem = _ask(found)
    return page("connections/channel_folders.html", channel=found, rows=_rows(there, kept), problem=problem)


@bp.post("/settings/channels/<uuid:channel_id>/folders")
def choose_mail_folders(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Follow the ticked folders, and no others besides Inbox and Sent Items.

    The names of the folders come from the provider, as a posted form could contain any name.
    """
    viewer, found = require(Permission.CHANNELS_MANAGE), _find(channel_id)
    if not _has_folders(found):
        abort(409)
    wanted, kept = set(request.form.getlist("folder")), _chosen(found)
    there, problem = _ask(found)
    if problem:
        rows = [Row(row.id, row.name, row.mails, row.id in wanted) for row in _rows(there, kept)]
        return page("connections/channel_folders.html", channel=found, rows=rows, problem=problem, status=422)
    names = {**kept, **{folder.id: folder.name for folder in there}}
    if not wanted <= names.keys():
        abort(422)
    with transaction() as session:
        channel = session.get_one(Channel, channel_id, with_for_update=True, populate_existing=True)
        left = {folder: name for folder, name in _chosen(channel).items() if folder not in wanted}
        choose_folders(session, channel, {one: names[one] for one in sorted(wanted)}, now=utc_now(), actor=viewer.actor)
        leave_folders(session, channel_id, left, now=utc_now())
    runtime().nudger.nudge()
    flash(_("We now follow these folders.") if wanted else _("We now follow only the folders “Inbox” and “Sent Items”."))
    return redirect(url_for("connections.channel", channel_id=channel_id), 303)


def _find(channel_id: uuid.UUID) -> Channel:
    try:
        found = get_visible_channel(db.session(), channel_id, brand_ids=require(Permission.CHANNELS_MANAGE).brand_ids)
    except ChannelMissing:
        abort(404)
    db.session.expunge(found)
    return found


def _has_folders(found: Channel) -> bool:
    return found.adapter_key in runtime().adapters.reconciled


def _chosen(channel: Channel) -> dict[str, str]:
    return dict(channel.settings.get(CHOSEN_FOLDERS) or {})


def _ask(found: Channel) -> tuple[tuple[MailFolder, ...], str]:
    """Return the mailbox's folders and "". If they cannot be read, return () and the reason in words."""
    let_go()
    try:
        with reading(found):
            return runtime().adapters.reconciled[found.adapter_key].list_choosable(account=account_of(found)), ""
    except Resting:
        return (), _("The provider is returning errors at the moment. Try again in a minute.")
    except ProviderError as error:
        return (), " · ".join(filter(None, [told(error.reason.title), told(error.reason.advice)]))


def _rows(there: tuple[MailFolder, ...], kept: Mapping[str, str]) -> list[Row]:
    gone = [Row(folder, name, None, True) for folder, name in kept.items() if folder not in {one.id for one in there}]
    return [*(Row(one.id, one.name, one.mails, one.id in kept) for one in there), *gone]
