"""News from providers and recipients that we must not write to an address any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.contract.base import ChannelAccount


class Stop(StrEnum):
    """The reason not to write to an address. UNSUBSCRIBED stops only mailings; the others stop every message."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True)
class AddressNews:
    """News that we must not write to one address. `source` is the provider, or "link" if the recipient clicked the link to
    unsubscribe. `detail` is the source's own text."""

    address: str
    stop: Stop
    source: str
    at: datetime
    detail: str = ""


class StopList(Protocol):
    """A provider that keeps its own list of addresses to which it does not send. `lift` removes an address from the list."""

    def lift(self, address: str, stop: Stop, *, account: ChannelAccount) -> None: ...
