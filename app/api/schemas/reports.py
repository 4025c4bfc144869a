"""Schemas of reports in the API: the figures of a period, and the facts that the figures count."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from app.api.schemas.base import Output, Query
from app.api.schemas.threads import BrandKey
from app.domain.threads.models import Priority, ThreadType


class ReportQuery(Query):
    first_day: Annotated[date, Field(description="Of the brand's own time zone")]
    last_day: Annotated[date, Field(description="The last day that is part of it, at most two years later")]
    time: Annotated[Literal["open", "wall"], Field(description="Times of open hours, or of all hours")] = "open"
    brand: BrandKey | None = None
    medium: Literal["email", "whatsapp", "sms", "phone"] | None = None
    channel_id: uuid.UUID | None = None
    team_id: uuid.UUID | None = None
    user_id: uuid.UUID | None = None
    thread_type: ThreadType | None = None
    priority: Priority | None = None
    partner_id: Annotated[uuid.UUID | None, Field(description="The contact of the partner")] = None


class FactQuery(ReportQuery):
    measure: Annotated[str, Field(max_length=40, description="As `measure` of a figure")]
    as_of: Annotated[AwareDatetime | None, Field(description="As it was known then; that of a report lists what it counted")] = (
        None
    )
    limit: Annotated[int, Field(ge=1, le=200, description="How many at most")] = 50
    cursor: Annotated[str | None, Field(max_length=100, description="`next_cursor` of the page before")] = None


class FileQuery(ReportQuery):
    format: Annotated[Literal["csv", "pdf"], Field(description="Every figure by day, or a paper in the owner's language")] = "csv"


class FactOut(Output):
    """A fact that a figure counts, such as one answer, one case or one promise.

    `thread_id` is null if the fact has no thread, if the thread was erased, or if you may not see it. `met` says whether the
    fact met its goal (a promise kept, an answer in time); it is null if there is no goal.
    """

    at: datetime
    local_day: date
    local_hour: int
    thread_id: uuid.UUID | None
    order_id: uuid.UUID | None
    who: str
    team: str
    brand: str
    medium: str
    thread_type: str
    priority: str
    open_seconds: int | None
    wall_seconds: int | None
    met: bool | None
    score: int | None


class FactPage(Output):
    count: int
    items: list[FactOut]
    next_cursor: str | None
    as_of: datetime


class DayOut(Output):
    day: date
    value: float | None
    count: int


class FigureOut(Output):
    """A figure of a report. `unit` says what `value` is; "seconds" is the median, "share" a number from 0 to 1. `value` is null
    if there are no facts. `count` is the number of facts."""

    measure: str
    unit: Literal["count", "seconds", "share", "ratio", "score", "net"]
    value: float | None
    count: int
    p90: float | None
    average: float | None
    days: list[DayOut]


class CostOut(Output):
    """The cost of a channel from `first_day` to `last_day`: `fixed` is the share of its monthly cost, `provider` the provider's
    price of messages, `work` the cost of the work.

    `each` is the cost of one message or call, or null if there was none.
    """

    channel_id: uuid.UUID
    channel: str
    currency: str
    first_day: date
    last_day: date
    interactions: int
    fixed: Decimal
    provider: Decimal
    work: Decimal
    each: Decimal | None


class ReportOut(Output):
    """A report. `costs` has the channels for which a cost is set. It is empty if the report is limited to a team, person, type,
    priority or partner."""

    as_of: datetime
    first_day: date
    last_day: date
    figures: list[FigureOut]
    costs: list[CostOut]
