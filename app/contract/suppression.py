"""News that an address must not be written to any more, from providers and recipients."""

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
    """News about one address. `source`: a provider, or "link" for the recipient's own click. `detail` is the source's own
    text."""

    address: str
    stop: Stop
    source: str
    at: datetime
    detail: str = ""


class StopList(Protocol):
    """A provider that keeps a list of its own of addresses it does not write to."""

    def lift(self, address: str, stop: Stop, *, account: ChannelAccount) -> None: ...
