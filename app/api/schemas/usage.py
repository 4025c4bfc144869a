"""Schema of usage in the API: calls per endpoint and day."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.base import Output, Query


class UsageQuery(Query):
    first_day: Annotated[date, Field(description="In UTC")]
    last_day: Annotated[date, Field(description="The last day that is part of it")]


class EndpointUsageOut(Output):
    """The calls of one endpoint in the requested days.

    `account` is the name of the channel or connection, or "" if there is none. `p95_ms`: 95 of 100 calls took at most this
    many milliseconds; null if they took longer than the longest time that we count.
    """

    direction: Literal["in", "out"]
    provider: str
    account: str
    endpoint: str
    requests: int
    failed: int
    throttled: int
    average_ms: float
    p95_ms: int | None


class UsageOut(Output):
    first_day: date
    last_day: date
    endpoints: list[EndpointUsageOut]
