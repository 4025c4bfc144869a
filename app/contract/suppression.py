"""News that nothing may be sent to an address any more, as providers and people give it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.contract.base import ChannelAccount


class Stop(StrEnum):
    """Why. Somebody who unsubscribed still gets answers to what they ask; the others get nothing, as nothing would arrive."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True)
class AddressNews:
    """`source` is who says so: a provider, or "link" for the recipient's own click. `detail` is in the source's own words."""

    address: str
    stop: Stop
    source: str
    at: datetime
    detail: str = ""


class StopList(Protocol):
    """A provider that keeps a list of its own of addresses it does not write to."""

    def lift(self, address: str, stop: Stop, *, account: ChannelAccount) -> None: ...
