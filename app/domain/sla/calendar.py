"""Calculate open hours from weekly hours in local time, public holidays and own days, with changes of summer time. Pure.

A moment is open if the local clock shows a time inside the hours of its day. An hour that the clock skips in spring
therefore does not count, and an hour that occurs twice in autumn counts twice. Splitting a span of hours in two changes
nothing.

Hours belong to the day on which they begin. Hours from 22:00 to 06:00 continue into the next morning, even if that day is a
holiday. A holiday has no hours of its own.

Times are whole seconds since 1970 (UTC). An interval is a tuple `(begin, end)` without its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.domain.sla.public_holidays import name_of

DAY = 86_400
FARTHEST_DAYS = 3_660
"""How far `Calendar.after` looks: ten years. An instant not reached by then counts as never."""

Interval = tuple[int, int]
Span = tuple[int, int]
"""Seconds of a local day, `0 <= begin < DAY` and `begin < end <= begin + DAY`; an end behind DAY is on the next day."""

_EPOCH = date(1970, 1, 1).toordinal()
_LAST_DAY = date.max.toordinal() - _EPOCH - 2


@dataclass(frozen=True)
class OwnDay:
    """A day with its own hours, which replace the hours of the weekday or public holiday. No `spans`: closed."""

    day: date
    name: str = ""
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class CalendarRules:
    """The rules of a calendar. `week` has the opening hours of the seven days from Monday to Sunday.

    `country` and `region` are ISO codes; the calendar is closed on the public holidays there. "" means no public holidays.
    """

    zone: str
    week: tuple[tuple[Span, ...], ...]
    country: str = ""
    region: str = ""
    own_days: tuple[OwnDay, ...] = ()


ALWAYS = CalendarRules("UTC", (((0, DAY),),) * 7)
"""Open at all times."""


class Closed(StrEnum):
    """The reason why a period is closed."""

    HOLIDAY = "holiday"
    OWN_DAY = "own_day"
    WEEKEND = "weekend"
    DAY_OFF = "day_off"  # a weekday without hours
    BREAK = "break"  # between the hours of one day
    NIGHT = "night"  # before or after them


@dataclass(frozen=True)
class ClosedTime:
    """A closed period from `begin` to `end`, in seconds since 1970. `day` is the local date if the reason is a holiday or own
    day."""

    begin: int
    end: int
    why: Closed
    day: date | None = None


@dataclass(frozen=True)
class _Hours:
    """The opening hours of one local day, in order and disjoint.

    `why` is the reason if the day has no hours, otherwise None.
    """

    spans: tuple[Span, ...]
    why: Closed | None = None


@dataclass
class Calendar:
    """Calculates open time with the rules of a calendar. It caches the days that it calculated; its rules never change."""

    rules: CalendarRules
    _own: dict[int, OwnDay] = field(default_factory=dict, repr=False)
    _days: dict[int, tuple[Interval, ...]] = field(default_factory=dict, repr=False)
    _last_own: int = -_EPOCH

    def __post_init__(self) -> None:
        self._zone = ZoneInfo(self.rules.zone)
        self._own = {own.day.toordinal() - _EPOCH: own for own in self.rules.own_days}
        self._last_own = max((day for day, own in self._own.items() if own.spans), default=-_EPOCH)
        self._has_week = any(self.rules.week)

    def open_between(self, begin: int, end: int) -> Iterator[Interval]:
        """Yield the open intervals in `[begin, end)`, in order. Intervals that touch are joined."""
        held: Interval | None = None
        for day in range(begin // DAY, -(-end // DAY)):
            for opens, closes in self._open_on(day):
                opens, closes = max(opens, begin), min(closes, end)
                if opens >= closes:
                    continue
                if held is not None and held[1] == opens:
                    held = (held[0], closes)
                    continue
                if held is not None:
                    yield held
                held = (opens, closes)
        if held is not None:
            yield held

    def seconds_between(self, begin: int, end: int) -> int:
        """Return how many seconds of `[begin, end)` are open."""
        days = range(begin // DAY, -(-end // DAY))
        return sum(max(0, min(b, end) - max(a, begin)) for day in days for a, b in self._open_on(day))

    def after(self, begin: int, seconds: int) -> int | None:
        """Return the first time at which `seconds` open seconds have passed since `begin`. This may be closing time.

        Return None if there will never be so much open time.
        """
        if seconds <= 0:
            return begin
        first = begin // DAY
        for day in range(first, min(first + FARTHEST_DAYS, _LAST_DAY)):
            if not self._has_week and day > self._last_own + 2:
                return None
            for opens, closes in self._open_on(day):
                found = max(0, closes - max(opens, begin))
                if found >= seconds:
                    return max(opens, begin) + seconds
                seconds -= found
        return None

    def closed_between(self, begin: int, end: int) -> list[ClosedTime]:
        """Return the closed periods in `[begin, end)` (seconds since 1970) with their reasons, in order.

        Neighbouring periods with the same reason are joined.
        """
        found: list[ClosedTime] = []
        at = begin
        for opens, closes in [*self.open_between(begin, end), (end, end)]:
            for part in self._reasons(at, opens):
                last = found[-1] if found else None
                if last is not None and (last.end, last.why, last.day) == (part.begin, part.why, part.day):
                    found[-1] = ClosedTime(last.begin, part.end, last.why, last.day)
                else:
                    found.append(part)
            at = closes
        return found

    def local(self, at: int) -> datetime:
        """Return the aware local time of `at`, which is in seconds since 1970."""
        return datetime.fromtimestamp(at, self._zone)

    def hours_on(self, day: date) -> tuple[tuple[Span, ...], Closed | None]:
        """Return (opening hours, reason) of a local day. The reason says why the day is closed, or is OWN_DAY for any own day,
        else None."""
        number = day.toordinal() - _EPOCH
        hours = self._hours(number)
        return hours.spans, Closed.OWN_DAY if number in self._own else hours.why

    def own_name(self, day: date) -> str:
        """Return the name of an own day. Return "" for any other day."""
        own = self._own.get(day.toordinal() - _EPOCH)
        return own.name if own else ""

    def _open_on(self, day: int) -> tuple[Interval, ...]:
        """Return the open intervals of a UTC day, in order and disjoint. `day` counts days since 1970."""
        found = self._days.get(day)
        if found is None:
            found = self._days[day] = tuple(_merged(self._opening(day)))
        return found

    def _opening(self, day: int) -> Iterator[Interval]:
        for begin, end, offset in self._pieces(day):
            first, last = (begin + offset) // DAY, (end - 1 + offset) // DAY
            for local_day in range(first - 1, last + 1):
                midnight = local_day * DAY - offset
                for opens, closes in self._hours(local_day).spans:
                    a, b = max(midnight + opens, begin), min(midnight + closes, end)
                    if a < b:
                        yield a, b

    def _pieces(self, day: int) -> list[tuple[int, int, int]]:
        """Split a UTC day at a change of the zone's UTC offset. Return (begin, end, offset) of each part, all in seconds."""
        begin, end = day * DAY, (day + 1) * DAY
        first, last = self._offset(begin), self._offset(end - 1)
        if first == last:
            return [(begin, end, first)]
        low, high = begin, end - 1  # the offset is `first` at low, not any more at high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(middle) == first else (low, middle)
        return [(begin, high, first), (high, end, last)]

    def _offset(self, at: int) -> int:
        offset = datetime.fromtimestamp(at, UTC).astimezone(self._zone).utcoffset()
        return int(offset.total_seconds()) if offset else 0

    def _hours(self, day: int) -> _Hours:
        own = self._own.get(day)
        if own is not None:
            return _Hours(own.spans, None if own.spans else Closed.OWN_DAY)
        if self.rules.country and name_of(self.rules.country, self.rules.region, date.fromordinal(day + _EPOCH)):
            return _Hours((), Closed.HOLIDAY)
        weekday = (day + 3) % 7  # 1 January 1970 was a Thursday
        spans = self.rules.week[weekday]
        return _Hours(spans, None if spans else Closed.WEEKEND if weekday >= 5 else Closed.DAY_OFF)

    def _reasons(self, begin: int, end: int) -> Iterator[ClosedTime]:
        """Split a closed period at local midnights, and yield each part with its reason."""
        for day in range(begin // DAY, -(-end // DAY)):
            for piece_begin, piece_end, offset in self._pieces(day):
                at, stop = max(begin, piece_begin), min(end, piece_end)
                while at < stop:
                    local_day = (at + offset) // DAY
                    until = min(stop, (local_day + 1) * DAY - offset)
                    why = self._why(local_day, at + offset)
                    is_named = why in (Closed.HOLIDAY, Closed.OWN_DAY)
                    yield ClosedTime(at, until, why, date.fromordinal(local_day + _EPOCH) if is_named else None)
                    at = until

    def _why(self, local_day: int, local_at: int) -> Closed:
        hours = self._hours(local_day)
        if hours.why is not None:
            return hours.why
        at = local_at - local_day * DAY
        is_between = any(end <= at for _begin, end in hours.spans) and any(begin > at for begin, _end in hours.spans)
        return Closed.BREAK if is_between else Closed.NIGHT


def _merged(intervals: Iterator[Interval]) -> Iterator[Interval]:
    """Yield the intervals in order. Overlapping or touching intervals are joined."""
    held: Interval | None = None
    for begin, end in sorted(intervals):
        if held is not None and begin <= held[1]:
            held = (held[0], max(held[1], end))
            continue
        if held is not None:
            yield held
        held = (begin, end)
    if held is not None:
        yield held
