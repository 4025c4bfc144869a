"""Read order states from partners' own APIs, at the agreed frequency.

Each state is applied as a report (`reported.py`), once, so a repeated round changes nothing. The time up to which states are
known moves forward in the last transaction of a successful round. No call is made inside a transaction. This module opens
its own transactions.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core.clock import utc_now
from app.core.crypto import UnableToDecrypt
from app.core.db import table_of, transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.core.text import storable
from app.domain.partners.models import Environment, Partner, SyncFrequency
from app.domain.partners.reported import PartnerOrderMissing, Report, take_report
from app.domain.partners.their_api import Account, CallFailed, call, open_account, sign_in

EVERY = {
    SyncFrequency.REAL_TIME: timedelta(minutes=1),
    SyncFrequency.EVERY_15_MINUTES: timedelta(minutes=15),
    SyncFrequency.HOURLY: timedelta(hours=1),
    SyncFrequency.DAILY: timedelta(days=1),
}
LEASE, OVERLAP = timedelta(minutes=5), timedelta(minutes=10)
MOST_PAGES, PROBLEM_CHARACTERS, WORD_CHARACTERS = 20, 300, 100
log = get_logger(__name__)


def take_due(now: datetime) -> list[uuid.UUID]:
    """Return the ids of partners whose states must be read now. Each is reserved for this caller for the time `LEASE`."""
    table = table_of(Partner)
    pace = sa.case(*((table.c.sync_frequency == one, sa.cast(every, sa.Interval)) for one, every in EVERY.items()))
    due = sa.or_(table.c.pulled_at.is_(None), table.c.pulled_at + pace <= now)
    free = sa.or_(table.c.pull_lease_until.is_(None), table.c.pull_lease_until < now)
    asked = sa.and_(table.c.is_active, table.c.sync_enabled, table.c.api_base_url != "")
    taken = sa.update(table).where(asked, due, free).values(pull_lease_until=now + LEASE).returning(table.c.id)
    with transaction() as session:
        return list(session.execute(taken).scalars())


def pull_partner(partner_id: uuid.UUID) -> str:
    """Read states from one partner's API. Return the problem as text, or "" if all went well.

    A problem is stored on the partner, and the next round asks for the same changes again.
    """
    began, problem, taken = utc_now(), "", 0
    try:
        asked = _prepare(partner_id)
        if asked is None:
            return ""
        taken = sum(_take(partner_id, page) for page in _pages(*asked))
    except CallFailed as failure:
        problem = str(failure)[:PROBLEM_CHARACTERS]
        log.info("partner_not_pulled", partner_id=str(partner_id))
    with transaction() as session:
        partner = session.get_one(Partner, partner_id, with_for_update=True, populate_existing=True)
        partner.pulled_at, partner.pull_lease_until = utc_now(), None
        partner.pull_problem = problem
        if not problem:
            partner.pulled_until = began
    if taken:
        runtime().nudger.nudge()
    return problem


def _prepare(partner_id: uuid.UUID) -> tuple[Account, datetime] | None:
    """Return the account to call and the time from which changes are requested. Return None if the partner has no API."""
    with transaction() as session:
        partner = session.get(Partner, partner_id, populate_existing=True)
        if partner is None or not partner.api_base_url:
            return None
        try:
            account = open_account(partner, runtime().keyring)
        except UnableToDecrypt:
            raise CallFailed("its credentials cannot be opened: a key of ENCRYPTION_KEYS is missing") from None
        return account, (partner.pulled_until or partner.created_at) - OVERLAP


def _pages(account: Account, since: datetime) -> Iterator[list[Any]]:
    headers, cursor = sign_in(account), ""
    params = {"updated_since": since.isoformat(timespec="seconds").replace("+00:00", "Z"), "limit": "50"}
    for _page in range(MOST_PAGES):
        answer = call(account, "GET", f"{account.base_url}/orders", "GET orders", headers=headers, params=params)
        orders = answer.get("orders", answer.get("items"))
        if not isinstance(orders, list):
            raise CallFailed("its answer has no list of orders")
        yield orders
        cursor = str(answer.get("next_cursor") or "")
        if not cursor:
            return
        params = {**params, "cursor": cursor}
    raise CallFailed(f"it has more than {MOST_PAGES} pages of changes")


def _take(partner_id: uuid.UUID, orders: list[Any]) -> int:
    """Apply the states in `orders`. Return how many of them changed an order.

    Unreadable entries and unknown orders are left out.
    """
    taken = 0
    with transaction() as session:
        partner = session.get_one(Partner, partner_id, populate_existing=True)
        for one in orders:
            report = _report(one)
            if report is None:
                continue
            try:
                made = take_report(session, partner, Environment.LIVE, report, now=utc_now())
            except PartnerOrderMissing:
                continue
            taken += made.transition_id != ""
    return taken


def _report(one: Any) -> Report | None:
    if not isinstance(one, dict):
        return None
    number, word = one.get("partner_order_id"), one.get("status")
    if not isinstance(number, str) or not isinstance(word, str) or not number or not 0 < len(word) <= WORD_CHARACTERS:
        return None
    told_at, notes = (storable(str(one.get(name) or ""))[:500] for name in ("timestamp", "notes"))
    payload = {"partner_order_id": storable(number), "status": storable(word), "timestamp": told_at, "notes": notes}
    return Report(storable(number), storable(word), told_at, notes, payload, {"pulled": True})
