"""Write and read reconciliations: create one, store what it finds, read the newest. The provider is not called."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.contract.base import RemovedItem
from app.contract.reconcile import ItemPlace, Listing
from app.core.ids import new_id
from app.core.text import storable
from app.domain.ingest.mailbox_items import note_removed
from app.domain.ingest.mailbox_models import HELD, MISSING, UNWANTED, MailboxItem, Reconciliation
from app.domain.ingest.models import InboundEvent

MOST_TOLD = 50
GIVEN_UP_AFTER = 3  # tries of one mail within a run; the next run tries again
ACTIVE = ("ready", "running")


def ask_reconciliation(
    session: Session, channel_id: uuid.UUID, *, now: datetime, asked_by: uuid.UUID | None = None
) -> uuid.UUID | None:
    """Create a reconciliation of this mailbox that is due now, and return its id. Return None if one is waiting or running
    already."""
    statement = postgresql.insert(Reconciliation).values(
        id=new_id(),
        channel_id=channel_id,
        asked_by_user_id=asked_by,
        created_at=now,
        progress={},
        result={},
        state="ready",
        attempts=0,
    )
    asked: uuid.UUID | None = session.execute(
        statement.on_conflict_do_nothing().returning(Reconciliation.id)
    ).scalar_one_or_none()
    return asked


def find_latest(session: Session, channel_id: uuid.UUID, *, limit: int = 5) -> list[Reconciliation]:
    """List the newest reconciliations of a channel, newest first."""
    query = sa.select(Reconciliation).where(Reconciliation.channel_id == channel_id)
    return list(session.execute(query.order_by(Reconciliation.created_at.desc()).limit(limit)).scalars())


def keep_listing(
    session: Session, run: Reconciliation, folder: str, page: Listing, *, now: datetime
) -> tuple[list[dict[str, str]], list[str]]:
    """Store that the items of a page were seen in a folder.

    Return two lists: the mails that are not stored here, as entries for the "differences" of `Reconciliation.result`, and
    the ids of mails that had left and are back.
    """
    if not page.items:
        return [], []
    keys = [one.key for one in page.items]
    returned, told_before = _bring_back(session, run, keys, now), _seen_before(session, run, keys)
    rows = [
        {
            "channel_id": run.channel_id,
            "item_id": one.key,
            "folder": folder,
            "state": MISSING,
            "received_at": one.received_at,
            "changed_at": now,
            "seen_in": run.id,
        }
        for one in sorted(page.items, key=lambda item: item.key)
    ]
    statement = postgresql.insert(MailboxItem).values(list({row["item_id"]: row for row in rows}.values()))
    seen = {"seen_in": run.id, "folder": sa.case((MailboxItem.gone.is_(None), folder), else_=MailboxItem.folder)}
    statement = statement.on_conflict_do_update(index_elements=["channel_id", "item_id"], set_=seen)
    states = session.execute(statement.returning(MailboxItem.item_id, MailboxItem.state)).all()
    unknown = {item_id for item_id, state in states if state == MISSING and item_id not in told_before}
    told = [
        {"kind": "missing", "folder": folder, "subject": storable(one.subject)[:200], "at": _stamp(one.received_at)}
        for one in page.items
        if one.key in unknown
    ]
    return told, returned


def _bring_back(session: Session, run: Reconciliation, keys: Sequence[str], now: datetime) -> list[str]:
    """Mark items as back that had left before the run began. Return their ids. Items that left after the run began are not
    changed."""
    left = sa.and_(MailboxItem.channel_id == run.channel_id, MailboxItem.item_id.in_(keys), MailboxItem.gone.is_not(None))
    former = left & (MailboxItem.changed_at < run.created_at)
    back = sa.update(MailboxItem).where(former).values(gone=None, gone_to="", changed_at=now).returning(MailboxItem.item_id)
    return list(session.execute(back).scalars())


def _seen_before(session: Session, run: Reconciliation, keys: Sequence[str]) -> set[str]:
    """Return the ids of those items that this run has seen already. A provider's listing can repeat items."""
    mine = sa.and_(MailboxItem.channel_id == run.channel_id, MailboxItem.item_id.in_(keys))
    return set(session.execute(sa.select(MailboxItem.item_id).where(mine, MailboxItem.seen_in == run.id)).scalars())


def list_missing(session: Session, run: Reconciliation, *, tried: Mapping[str, int], limit: int) -> list[tuple[str, str]]:
    """List (item id, folder) of the missing mails that are still to be fetched, oldest first. `tried`: {item id: number of
    failed tries}."""
    given_up = [item_id for item_id, tries in tried.items() if tries >= GIVEN_UP_AFTER]
    query = sa.select(MailboxItem.item_id, MailboxItem.folder).where(
        MailboxItem.channel_id == run.channel_id,
        MailboxItem.state == MISSING,
        MailboxItem.seen_in == run.id,
        MailboxItem.item_id.not_in(given_up),
    )
    return [(row.item_id, row.folder) for row in session.execute(query.order_by(MailboxItem.received_at).limit(limit))]


def forget_missing(session: Session, channel_id: uuid.UUID, *, gone: Collection[str], unwanted: Collection[str]) -> None:
    """Delete the items of missing mails that no longer exist at the provider (`gone`), and set the state of the `unwanted` ones
    to unwanted."""
    mine = sa.and_(MailboxItem.channel_id == channel_id, MailboxItem.state == MISSING)
    session.execute(sa.delete(MailboxItem).where(mine, MailboxItem.item_id.in_(gone)))
    session.execute(sa.update(MailboxItem).where(mine, MailboxItem.item_id.in_(unwanted)).values(state=UNWANTED))


def forget_unseen(session: Session, run: Reconciliation) -> None:
    """Delete the items of missing mails that this run did not see, because these mails are no longer in the mailbox."""
    unseen = sa.and_(MailboxItem.state == MISSING, MailboxItem.seen_in != run.id)
    session.execute(sa.delete(MailboxItem).where(MailboxItem.channel_id == run.channel_id, unseen))


def list_unseen(session: Session, run: Reconciliation, *, limit: int) -> list[tuple[str, str]]:
    """List (item id, folder) of mails that are stored here but that this run did not see in their folder.

    They were moved or deleted, or the provider left them out of a page.
    """
    query = sa.select(MailboxItem.item_id, MailboxItem.folder).where(
        MailboxItem.channel_id == run.channel_id,
        MailboxItem.state == HELD,
        MailboxItem.gone.is_(None),
        MailboxItem.seen_in.is_distinct_from(run.id),
        MailboxItem.changed_at < run.created_at,
    )
    return [(row.item_id, row.folder) for row in session.execute(query.order_by(MailboxItem.item_id).limit(limit))]


def keep_places(
    session: Session, run: Reconciliation, unseen: Sequence[tuple[str, str]], places: Mapping[str, ItemPlace], *, now: datetime
) -> list[tuple[RemovedItem, str]]:
    """Store where unseen items are now. `places`: {item id: place at the provider}.

    Return the items that left the followed folders, each as (item, its former folder).
    """
    left = []
    for item_id, folder in unseen:
        place = places.get(item_id)
        if place is None:
            continue
        one = RemovedItem(item_id, folder, is_deleted=place == ItemPlace(), to=place.name)
        if place.folder:
            values = {"folder": place.folder, "seen_in": run.id}
            session.execute(_item(run.channel_id, item_id).values(**values))
        elif note_removed(session, run.channel_id, [one], now=now):
            left.append((replace(one, folder=folder), folder))
    return left


def count_result(session: Session, run: Reconciliation, folders: Sequence[str]) -> dict[str, Any]:
    """Return the counts for `Reconciliation.result`: "there" and "here" (number of mails by folder), "left" (mails still
    missing here) and "unread" (quarantined events)."""
    seen = sa.and_(MailboxItem.channel_id == run.channel_id, MailboxItem.seen_in == run.id, MailboxItem.gone.is_(None))
    query = sa.select(MailboxItem.folder, MailboxItem.state, sa.func.count()).where(seen, MailboxItem.state != UNWANTED)
    counts = {(row[0], row[1]): row[2] for row in session.execute(query.group_by(MailboxItem.folder, MailboxItem.state))}
    here = {folder: counts.get((folder, HELD), 0) for folder in folders}
    missing = {folder: counts.get((folder, MISSING), 0) for folder in folders}
    unread = sa.select(sa.func.count()).select_from(InboundEvent)
    unread = unread.where(InboundEvent.channel_id == run.channel_id, InboundEvent.state == "quarantined")
    return {
        "there": {folder: here[folder] + missing[folder] for folder in folders},
        "here": here,
        "left": sum(missing.values()),
        "unread": session.execute(unread).scalar_one(),
    }


def _item(channel_id: uuid.UUID, item_id: str) -> sa.Update:
    return sa.update(MailboxItem).where(MailboxItem.channel_id == channel_id, MailboxItem.item_id == item_id)


def _stamp(at: datetime | None) -> str:
    return at.isoformat() if at else ""
