"""List the services other than the channels, and their last checks."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.service import Service
from app.domain.addresses.register_service import list_register_services
from app.domain.integrations.services import list_integration_services
from app.domain.notifications.services import list_notice_services
from app.domain.services.models import ServiceCheck

PLACE = "/settings/integrations#services"
PASSES = timedelta(hours=1)  # what fails for a while mends itself in less, most times


def list_services(session: Session) -> list[Service]:
    """List all services that this installation calls, except the channels."""
    theirs = list_integration_services(session)
    return [*theirs, *list_notice_services(session, place=PLACE), *list_register_services(session, place=PLACE)]


def list_checks(session: Session) -> dict[str, ServiceCheck]:
    """Return service key -> its last check."""
    query = sa.select(ServiceCheck).execution_options(populate_existing=True)
    return {check.key: check for check in session.execute(query).scalars()}


def list_failing(session: Session, *, now: datetime) -> list[ServiceCheck]:
    """List the services that need an alert, by name: those that are down, or degraded for `PASSES` (an hour)."""
    lasting = sa.and_(ServiceCheck.health == "degraded", ServiceCheck.failing_since <= now - PASSES)
    query = sa.select(ServiceCheck).where(sa.or_(ServiceCheck.health == "down", lasting))
    return list(session.execute(query.order_by(ServiceCheck.name, ServiceCheck.key)).scalars())
