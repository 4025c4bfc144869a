"""Refuse mail to stopped addresses (suppressions). When a stop is lifted, remove the address from the provider's list, too."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.contract.suppression import Stop
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.connections.account import account_of
from app.domain.connections.queries import list_channels
from app.domain.delivery.errors import UnableToReply
from app.domain.events.models import Event
from app.domain.suppressions.actions import AddressStopped, check_not_stopped


def check_addresses(session: Session, *, brand_id: uuid.UUID, addresses: Sequence[str]) -> None:
    """Raise UnableToReply, naming the address, if one of these mail addresses is stopped for the brand."""
    try:
        check_not_stopped(session, brand_id=brand_id, addresses=addresses)
    except AddressStopped as error:
        raise UnableToReply("to", str(error)) from error


def lift_at_provider(event: Event) -> None:
    """After-commit handler of a lifted stop: remove the address from the providers' own lists, too. Raises ProviderError."""
    address, stop = str(event.payload["address"]), Stop(event.payload["reason"])
    with transaction() as session:
        channels = list_channels(session, active_only=True, brand_ids=[event.brand_id] if event.brand_id else [])
        session.expunge_all()
    for channel in channels:
        stop_list = runtime().adapters.stop_lists.get(channel.adapter_key)
        if stop_list is not None:
            stop_list.lift(address, stop, account=account_of(channel))
