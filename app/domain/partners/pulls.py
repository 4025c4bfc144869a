"""Ask partners' own APIs what became of their orders, at the pace that was agreed, for those who cannot tell us.

Each state is taken as a report (`reported.py`), once, so a round that runs twice changes nothing, and the place up to which all
is known moves on with it in one transaction. No call is made inside a transaction. An edge: it opens its own.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core.clock import utc_now
from app.core.crypto import UnableToDecrypt
from app.core.db import table_of, transaction
from app.core.http import HttpFailure
from app.core.log import get_logger
from app.core.metering import Endpoint
from app.core.runtime import runtime
from app.core.text import storable
from app.domain.partners.actions import PARTNERS
from app.domain.partners.models import Authentication, Environment, Partner, SyncFrequency
from app.domain.partners.reported import PartnerOrderMissing, Report, take_report

EVERY = {
    SyncFrequency.REAL_TIME: timedelta(minutes=1),
    SyncFrequency.EVERY_15_MINUTES: timedelta(minutes=15),
    SyncFrequency.HOURLY: timedelta(hours=1),
    SyncFrequency.DAILY: timedelta(days=1),
}
LEASE, OVERLAP = timedelta(minutes=5), timedelta(minutes=10)
MOST_PAGES, PROBLEM_CHARACTERS, WORD_CHARACTERS = 20, 300, 100
log = get_logger(__name__)


class PullFailed(Exception):
    """The partner's API did not say what it was asked; the text is for people and has no secret in it."""


@dataclass(frozen=True)
class _Asked:
    """Whom to ask, with what, from when on."""

    partner_id: uuid.UUID
    base_url: str
    authentication: Authentication | None
    since: datetime
    credentials: Mapping[str, str] = field(repr=False)


def take_due(now: datetime) -> list[uuid.UUID]:
    """Partners whose turn it is; nobody else takes them for a while."""
    table = table_of(Partner)
    pace = sa.case(*((table.c.sync_frequency == one, sa.cast(every, sa.Interval)) for one, every in EVERY.items()))
    due = sa.or_(table.c.pulled_at.is_(None), table.c.pulled_at + pace <= now)
    free = sa.or_(table.c.pull_lease_until.is_(None), table.c.pull_lease_until < now)
    asked = sa.and_(table.c.is_active, table.c.sync_enabled, table.c.api_base_url != "")
    taken = sa.update(table).where(asked, due, free).values(pull_lease_until=now + LEASE).returning(table.c.id)
    with transaction() as session:
        return list(session.execute(taken).scalars())


def pull_partner(partner_id: uuid.UUID) -> str:
    """One round; what went wrong, "" where nothing did. A failure is noted at the partner, and the place stays."""
    began, problem, taken = utc_now(), "", 0
    try:
        asked = _prepare(partner_id)
        if asked is None:
            return ""
        taken = sum(_take(partner_id, page) for page in _pages(asked))
    except PullFailed as failure:
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


def _prepare(partner_id: uuid.UUID) -> _Asked | None:
    with transaction() as session:
        partner = session.get(Partner, partner_id, populate_existing=True)
        if partner is None or not partner.api_base_url:
            return None
        try:
            sealed, place = partner.sealed_credentials, {"table": PARTNERS, "column": "sealed_credentials"}
            plain = runtime().keyring.decrypt(sealed, row_id=partner.id, **place) if sealed else b"{}"
        except UnableToDecrypt:
            raise PullFailed("its credentials cannot be opened: a key of ENCRYPTION_KEYS is missing") from None
        since = (partner.pulled_until or partner.created_at) - OVERLAP
        return _Asked(partner.id, partner.api_base_url.rstrip("/"), partner.authentication_type, since, json.loads(plain))


def _pages(asked: _Asked) -> Iterator[list[Any]]:
    headers, cursor = _headers(asked), ""
    params = {"updated_since": asked.since.isoformat(timespec="seconds").replace("+00:00", "Z"), "limit": "50"}
    for _page in range(MOST_PAGES):
        answer = _call(asked, "GET", f"{asked.base_url}/orders", "GET orders", headers=headers, params=params)
        orders = answer.get("orders", answer.get("items"))
        if not isinstance(orders, list):
            raise PullFailed("its answer has no list of orders")
        yield orders
        cursor = str(answer.get("next_cursor") or "")
        if not cursor:
            return
        params = {**params, "cursor": cursor}
    raise PullFailed(f"it has more than {MOST_PAGES} pages of changes")


def _headers(asked: _Asked) -> dict[str, str]:
    """How we sign in, by the agreed way."""
    known, way = asked.credentials, asked.authentication
    if way is None:
        return {}
    if way == Authentication.API_KEY:
        return {known.get("header") or "X-API-Key": known.get("secret", "")}
    if way == Authentication.BASIC_AUTH:
        pair = f"{known.get('username', '')}:{known.get('secret', '')}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    token = known.get("secret", "")
    if way == Authentication.OAUTH2:
        form = {"grant_type": "client_credentials", "client_id": known.get("username", ""), "client_secret": token}
        url = known.get("token_url") or f"{asked.base_url}/token"
        token = str(_call(asked, "POST", url, "POST token", data=form).get("access_token") or "")
        if not token:
            raise PullFailed("it gave no access token")
    return {"Authorization": f"Bearer {token}"}


def _call(asked: _Asked, method: str, url: str, name: str, **more: Any) -> dict[str, Any]:
    try:
        called = Endpoint("partner_api", name, str(asked.partner_id))
        answer = runtime().http.request(method, url, called=called, **more)
        body = answer.json() if answer.ok else None
    except (HttpFailure, ValueError) as failure:
        reason = str(failure.kind) if isinstance(failure, HttpFailure) else "its answer is no JSON"
        raise PullFailed(f"{name}: {reason}") from failure
    if not answer.ok:
        raise PullFailed(f"{name}: it answered {answer.status}")
    if not isinstance(body, dict):
        raise PullFailed(f"{name}: its answer is no JSON object")
    return body


def _take(partner_id: uuid.UUID, orders: list[Any]) -> int:
    """How many were new to us. What cannot be understood, or is of no order here, is passed over."""
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
