"""Parse the URL of a report: period, comparison, filters. Unknown values are ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.core.links import url_for
from app.core.months import add_months
from app.domain.accounts.access import Viewer
from app.domain.analytics.filters import read_filters, slice_values
from app.domain.analytics.measures import MEASURES, Shape
from app.domain.analytics.slices import Slice, shifted, slice_for

PERIODS = {"today": 1, "7": 7, "28": 28, "90": 90}
"""Days that end today; "month", "quarter" and "own" (with `from` and `to`) besides."""
CALENDAR_PERIODS = ("month", "quarter")
DEFAULT = "28"
LONGEST_DAYS = 731


@dataclass(frozen=True)
class Asked:
    """The parameters of a report, parsed from its URL.

    `first` and `last` are the days of the period; `now` is the time of the request. With `is_open`, durations count opening
    hours only. `errors` maps "from" or "to" of a custom period to the kind of error.
    """

    period: str
    first: date
    last: date
    today: date
    now: datetime
    compare: bool = True
    is_open: bool = True
    filters: Mapping[str, str] = field(default_factory=dict)
    measure: str = "first_response"
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def runs_on(self) -> bool:
        """Whether the report's last day is today or later, so that its figures can still change."""
        return self.last >= self.today

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def slice(self, viewer: Viewer, **more: Any) -> Slice:
        """Return the report's slice of facts, limited to what the viewer may see. `more` adds or replaces values of the slice."""
        days = {"first": self.first, "last": self.last, "is_open": self.is_open}
        return slice_for(viewer, **{**days, **slice_values(self.filters), **more})

    def before(self, slice: Slice) -> Slice:
        """Return the same slice for the period before, which has as many days and begins on the same weekday.

        For a calendar month or quarter, the period before begins with the previous month or quarter and has as many days.
        """
        if self.period in CALENDAR_PERIODS:
            back = (self.first - add_months(self.first, -1 if self.period == "month" else -3)).days
        else:
            back = max(7, -(-self.days // 7) * 7)
        earlier = shifted(slice, back)
        return Slice(**{**vars(earlier), "until": self.now - timedelta(days=back)}) if self.runs_on else earlier

    def args(self, **changes: Any) -> dict[str, str]:
        """Return the URL arguments of this report with `changes` made. A change to None removes the argument."""
        values: dict[str, Any] = {"period": None if self.period == DEFAULT else self.period, **self.filters}
        if self.period == "own":
            values |= {"from": self.first.isoformat(), "to": self.last.isoformat()}
        values |= {"compare": None if self.compare else "off", "time": None if self.is_open else "wall"}
        values |= {"chart": None if self.measure == "first_response" else self.measure}
        if changes.get("period") and changes["period"] != "own":
            values |= {"from": None, "to": None}
        return {name: str(value) for name, value in {**values, **changes}.items() if value not in (None, "")}

    def url(self, endpoint: str = "analytics.overview", /, **changes: Any) -> str:
        return url_for(endpoint, **self.args(**changes))


def parse(args: Mapping[str, str], *, timezone: str, now: datetime) -> Asked:
    """Parse the arguments of a report's URL. Days are those of `timezone`; an invalid custom period sets `errors`."""
    today = now.astimezone(ZoneInfo(timezone)).date()
    period = args.get("period", DEFAULT)
    errors: dict[str, str] = {}
    first, last = _days_of(period, today)
    if period == "own":
        first, last, errors = _own_days(args, today)
    elif period not in PERIODS and period not in CALENDAR_PERIODS:
        period = DEFAULT
    measure = args.get("chart", "")
    return Asked(
        period=period,
        first=first,
        last=last,
        today=today,
        now=now,
        compare=args.get("compare") != "off",
        is_open=args.get("time") != "wall",
        filters=read_filters(args),
        measure=measure if measure in MEASURES and MEASURES[measure].shape != Shape.NET else "first_response",
        errors=errors,
    )


def parse_bucket(args: Mapping[str, str]) -> dict[str, Any]:
    """Parse the URL arguments that narrow a list of facts to one part of a figure, and return the valid ones as a dict.

    They are day (as `first` and `last`), `hour`, `weekday`, `band` (from and to, in seconds), `score`, `currency`, `met`,
    `as_of` and `until`.
    """
    found: dict[str, Any] = {}
    if (day := _day(args.get("day", ""))) is not None:
        found |= {"first": day, "last": day}
    for name, most in (("hour", 23), ("weekday", 6)):
        text = args.get(name, "")
        if text.isdigit() and int(text) <= most:
            found[name] = int(text)
    low, _, high = args.get("band", "").partition("-")
    if low.isdigit() and len(low) < 9:
        found["band"] = (int(low), int(high) if high.isdigit() and len(high) < 9 else None)
    score = args.get("score", "")
    if score.isdigit() and len(score) <= 2:
        found["score"] = int(score)
    currency = args.get("currency", "")
    if len(currency) == 3 and currency.isascii() and currency.isupper():
        found["currency"] = currency
    if args.get("met") in ("yes", "no"):
        found["met"] = args["met"] == "yes"
    for name in ("as_of", "until"):
        if (at := _instant(args.get(name, ""))) is not None:
            found[name] = at
    return found


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _days_of(period: str, today: date) -> tuple[date, date]:
    if period == "month":
        return today.replace(day=1), today
    if period == "quarter":
        return today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1), today
    return today - timedelta(days=PERIODS.get(period, PERIODS[DEFAULT]) - 1), today


def _own_days(args: Mapping[str, str], today: date) -> tuple[date, date, dict[str, str]]:
    first, last = _day(args.get("from", "")), _day(args.get("to", ""))
    errors = {name: "date" for name, day in (("from", first), ("to", last)) if day is None}
    if first is not None and last is not None:
        if first > last:
            errors["to"] = "order"
        elif (last - first).days >= LONGEST_DAYS:
            errors["from"] = "long"
    if errors or first is None or last is None:
        return (*_days_of(DEFAULT, today), errors)
    return first, min(last, max(today, first)), {}
