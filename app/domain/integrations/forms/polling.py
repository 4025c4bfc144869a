"""Poll a provider of forms for submissions, so that no submission is lost if its post never came.

Submissions and the checkpoint are stored in one transaction. Each round asks for submissions from a little before the
checkpoint on. Once a day it goes back some days, because an edit does not always change the time by which the provider
lists. No round goes back beyond the day chosen for the form, because older submissions were handled elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.contract.forms import FormsAccount, FormsFailure
from app.core.clock import utc_now
from app.core.db import table_of, transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.integrations.actions import note_problem
from app.domain.integrations.models import Integration, Provider
from app.domain.integrations.queries import open_secrets

OVERLAP, DEEP = timedelta(minutes=10), timedelta(days=3)
MOST_PAGES = 40
LEASE = timedelta(minutes=5)
SOURCE = Provider.FORMS.value
log = get_logger(__name__)


def take_due(every_seconds: float) -> list[uuid.UUID]:
    """Claim the forms that are due for polling, and return their ids. No other worker polls them while the claim lasts."""
    table, now = table_of(Integration), sa.func.now()
    free = sa.or_(table.c.poll_lease_until.is_(None), table.c.poll_lease_until < now)
    due = sa.or_(table.c.polled_at.is_(None), table.c.polled_at < now - timedelta(seconds=every_seconds))
    asked = sa.and_(table.c.provider == Provider.FORMS, table.c.is_active, table.c.settings["form_id"].astext != "")
    taken = sa.update(table).where(asked, free, due).values(poll_lease_until=now + LEASE).returning(table.c.id)
    with transaction() as session:
        return list(session.execute(taken).scalars())


def poll_form(integration_id: uuid.UUID) -> int:
    """Poll one form and store its new submissions. Return their number. A failure is stored as the integration's problem."""
    with transaction() as session:
        integration = session.get_one(Integration, integration_id, populate_existing=True)
        secrets, settings = open_secrets(integration, runtime().keyring), dict(integration.settings)
        state, since = dict(integration.poll_state), _since(integration)
        session.expunge_all()
    stored, problem = 0, ""
    try:
        if secrets.get("api_key"):
            api = (
                runtime()
                .adapters.forms[integration.provider]
                .account(region=settings.get("region", ""), api_key=secrets["api_key"], account_id=str(integration_id))
            )
            stored = _pages(api, integration_id, settings["form_id"], state, since)
    except FormsFailure as failure:
        problem = str(failure)
        log.info("forms_not_asked", integration_id=str(integration_id))
    with transaction() as session:
        integration = session.get_one(Integration, integration_id, with_for_update=True, populate_existing=True)
        integration.polled_at, integration.poll_lease_until = utc_now(), None
        note_problem(integration, problem, now=utc_now())
    if stored:
        runtime().nudger.nudge()
    return stored


def _since(integration: Integration) -> datetime:
    """Return the time from which submissions are fetched: the start of the chosen day, or the creation of the integration if no
    day is chosen."""
    chosen = integration.settings.get("since")
    if not chosen:
        return integration.created_at
    return datetime.combine(date.fromisoformat(chosen), time.min, ZoneInfo(integration.settings["since_zone"]))


def _pages(api: FormsAccount, integration_id: uuid.UUID, form_id: str, state: dict[str, Any], since: datetime) -> int:
    now, stored = utc_now(), 0
    is_deep = _at(state.get("deep_at")) is None or now - (_at(state.get("deep_at")) or now) > timedelta(days=1)
    known = _at(state.get("after")) if state.get("since") == since.isoformat() else None  # another day was chosen: from there
    after = since if known is None else max(since, known - (DEEP if is_deep else OVERLAP))
    newest = known
    for number in range(MOST_PAGES):
        page = api.submissions(form_id, after=after.astimezone(UTC).isoformat(), offset=number * api.page_size)
        times = [at for at in (_at(one.get("submissionTime")) for one in page.submissions) if at is not None]
        newest = max([*times, *([newest] if newest else [])], default=None)
        is_last = (number + 1) * api.page_size >= page.total or not page.submissions
        kept = {
            "after": newest.isoformat() if newest else None,
            "since": since.isoformat(),
            "deep_at": now.isoformat() if is_last and is_deep else state.get("deep_at"),
        }
        stored += _store(integration_id, form_id, page.submissions, kept)
        if is_last:
            break
    return stored


def _store(integration_id: uuid.UUID, form_id: str, submissions: Sequence[dict[str, Any]], state: dict[str, Any]) -> int:
    events = [_event(integration_id, form_id, one) for one in submissions if one.get("submissionId")]
    with transaction() as session:
        stored = sum(store_event(session, event) is not None for event in events)
        session.get_one(Integration, integration_id, with_for_update=True, populate_existing=True).poll_state = state
        return stored


def _event(integration_id: uuid.UUID, form_id: str, submission: dict[str, Any]) -> RawEvent:
    body = json.dumps({"formId": form_id, "submission": submission}, ensure_ascii=False, sort_keys=True).encode(
        "utf-8", "replace"
    )
    key = f"{integration_id}:poll:{hashlib.sha256(body).hexdigest()}"
    return RawEvent(source=SOURCE, dedupe_key=key, body=body, meta={"integration_id": str(integration_id), "way": "poll"})


def _at(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
