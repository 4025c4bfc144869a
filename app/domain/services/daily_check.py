"""Periodic job that checks the services other than channels (forms, scenarios, Teams, register of addresses, mail server).

Each service is checked once a day. A service that fails, or had a failing call since, is checked in every round, so that
people who were alerted (`process/health/queries.py`) are also notified when it works again. Parallel rounds check twice,
which does no harm.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.contract.health import Health
from app.contract.service import Service
from app.core.clock import utc_now
from app.core.crypto import UnableToDecrypt
from app.core.db import table_of, transaction
from app.domain.connections.connection_check import CLOSED
from app.domain.connections.daily_check import FROM_HOUR
from app.domain.services.models import ServiceCheck
from app.domain.services.queries import list_checks, list_services


def watch_services(*, now: datetime | None = None, **_ignored: Any) -> None:
    """RQ entry point, periodic: check the services that are due `now`."""
    for service in _take_due(now=now or utc_now()):
        check_service(service, now=utc_now())


def check_service(service: Service, *, now: datetime) -> Health:
    """Check one service, store the result and return it. Opens its own transactions; none is open during the check."""
    try:
        health = service.ask()
    except UnableToDecrypt as error:
        health = Health(False, CLOSED % {"why": error})
    _keep(service, health, now=now)
    return health


def is_due(service: Service, check: ServiceCheck | None, *, now: datetime) -> bool:
    """Return True if the service must be checked in this round. `check` is its last check, None if there was none."""
    if check is None or check.health != "ok" or service.is_suspect:
        return True
    return now.hour >= FROM_HOUR and check.checked_at.date() < now.date()


def _take_due(*, now: datetime) -> list[Service]:
    """Return the services to check now. Also delete the stored checks of services that no longer exist."""
    with transaction() as session:
        services, checks = list_services(session), list_checks(session)
        gone = checks.keys() - {service.key for service in services}
        session.execute(sa.delete(ServiceCheck).where(ServiceCheck.key.in_(gone)))
        due = [service for service in services if is_due(service, checks.get(service.key), now=now)]
        session.expunge_all()
    return due


def _keep(service: Service, health: Health, *, now: datetime) -> None:
    """Store the result of a check. A service that is down stays down until a check succeeds."""
    with transaction() as session:
        former = session.get(ServiceCheck, service.key, with_for_update=True, populate_existing=True)
        passes = health.passes and (former is None or former.health != "down")
        state = "ok" if health.ok else "degraded" if passes else "down"
        since = None if health.ok else (former.failing_since if former else None) or now
        values = {"name": service.name, "place": service.place, "health": state, "detail": health.detail[:500]}
        session.execute(_upsert({"key": service.key, **values, "checked_at": now, "failing_since": since}))


def _upsert(row: dict[str, Any]) -> sa.Executable:
    insert = postgresql.insert(table_of(ServiceCheck)).values(row)
    return insert.on_conflict_do_update(index_elements=["key"], set_={name: row[name] for name in row if name != "key"})
