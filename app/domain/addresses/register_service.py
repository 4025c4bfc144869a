"""Describe the register of addresses as a service for the daily check."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.address_register import UnableToAsk
from app.contract.health import Health
from app.contract.service import Service
from app.core.runtime import runtime
from app.core.text import known
from app.core.text import mark as N_
from app.domain.addresses.models import Address

SILENT = known("No usable response: %(why)s")


def list_register_services(session: Session, *, place: str) -> list[Service]:
    """Return a list with one service, the register of addresses. The service is suspect while an address waits because the
    register could not be asked."""
    waits = sa.select(Address.id).where(Address.state.in_(("ready", "running")), Address.last_error.is_not(None)).limit(1)
    is_suspect = session.execute(waits).first() is not None
    kind, advice = (
        N_("Checks Dutch addresses"),
        N_("No action needed: we will check the waiting addresses once this service responds."),
    )
    return [Service("register", runtime().register.name, kind, place, advice, _ask, is_suspect)]


def _ask() -> Health:
    try:
        runtime().register.check()
    except UnableToAsk as error:
        return Health(False, SILENT % {"why": error}, passes=True)
    return Health(True, "")
