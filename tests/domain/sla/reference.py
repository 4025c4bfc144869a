"""The slow way to the same answers: a bit for every minute of local time, looked up one by one. It shares no code with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from app.domain.sla.calendar import CalendarRules

MINUTE = 60


class SlowCalendar:
    """Open or closed, minute by minute of UTC; exact as long as hours begin and end on whole minutes."""

    def __init__(self, rules: CalendarRules) -> None:
        self.rules = rules
        self.zone = ZoneInfo(rules.zone)
        self.own = {own.day: own.spans for own in rules.own_days}
        self.is_open = cache(self._is_open)

    def _is_open(self, minute: int) -> bool:
        local = datetime.fromtimestamp(minute * MINUTE, UTC).astimezone(self.zone)
        at = local.hour * 3600 + local.minute * 60 + local.second
        if any(begin <= at < end for begin, end in self.spans(local.date())):
            return True
        before = local.date() - timedelta(days=1)
        return any(begin <= at + 86_400 < end for begin, end in self.spans(before))

    @cache  # noqa: B019
    def spans(self, day):  # type: ignore[no-untyped-def]
        if day in self.own:
            return self.own[day]
        if self.rules.country and day in self.public(day.year):
            return ()
        return self.rules.week[day.weekday()]

    @cache  # noqa: B019
    def public(self, year: int):  # type: ignore[no-untyped-def]
        return holidays.country_holidays(self.rules.country, subdiv=self.rules.region or None, years=year)

    def seconds(self, begin: int, end: int) -> Iterator[int]:
        """The open seconds' minutes: how many seconds of each minute of `[begin, end)` are open."""
        for minute in range(begin // MINUTE, -(-end // MINUTE)):
            if self.is_open(minute):
                yield min(end, (minute + 1) * MINUTE) - max(begin, minute * MINUTE)

    def between(self, begin: int, end: int) -> int:
        return sum(self.seconds(begin, end))

    def due(self, begin: int, wanted: int, pauses: list[tuple[int, int]], limit: int) -> int | None:
        """The instant `wanted` open seconds have passed outside of the pauses, None if not by `limit`."""
        at = begin
        while at < limit:
            until = min([(at // MINUTE + 1) * MINUTE, *(edge for pause in pauses for edge in pause if edge > at)])
            if self.is_open(at // MINUTE) and not any(a <= at < b for a, b in pauses):
                if until - at >= wanted:
                    return at + wanted
                wanted -= until - at
            at = until
        return None


class SecondBySecond:
    """A byte for every second of a window: 1 where the calendar is open."""

    def __init__(self, rules: CalendarRules, begin: int, days: int) -> None:
        assert begin % MINUTE == 0
        slow = SlowCalendar(rules)
        minutes = range(begin // MINUTE, begin // MINUTE + days * 1440)
        self.begin, self.end = begin, begin + days * 86_400
        self.seconds = b"".join((b"\1" if slow.is_open(minute) else b"\0") * MINUTE for minute in minutes)

    def counting(self, begin: int, pauses: list[tuple[int, int]]) -> bytearray:
        """The seconds from `begin` on; 1 where a clock advances."""
        found = bytearray(self.seconds[begin - self.begin :])
        for a, b in pauses:
            a, b = max(0, a - begin), max(0, min(b - begin, len(found)))
            found[a:b] = bytes(max(0, b - a))
        return found


def nth(counting: bytearray, wanted: int) -> int | None:
    """How many seconds pass until `wanted` of them counted; None: more than there are."""
    if wanted <= 0:
        return 0
    low, high = 0, len(counting)
    if counting.count(1) < wanted:
        return None
    while high - low > 1:  # in [low, high) is the second that makes it `wanted` more
        middle = (low + high) // 2
        found = counting.count(1, low, middle)
        low, high, wanted = (low, middle, wanted) if found >= wanted else (middle, high, wanted - found)
    return high
