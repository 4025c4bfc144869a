"""Calculate counted time and due times: open time without pauses. Pure. Times and intervals are as in calendar.py.

A pause is `(begin, end, why)`; `end` is None while it lasts. The functions expect pauses in order and without overlaps
(`tidy`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from app.domain.sla.calendar import Calendar, Closed

FAR = 253_402_300_799
"""The last second of the year 9999."""


@dataclass(frozen=True)
class Pause:
    begin: int
    end: int | None
    why: str


@dataclass(frozen=True)
class Due:
    """The time at which a target is used up. `at` is None if it is unknown because of a pause, or if it never comes
    (`is_never`)."""

    at: int | None
    is_never: bool = False


class Kind(StrEnum):
    COUNTED = "counted"
    CLOSED = "closed"
    PAUSED = "paused"


@dataclass(frozen=True)
class Segment:
    """A part of a clock's time, from `begin` to `end` in seconds since 1970. `why`: the reason why it is closed or paused, else
    "".

    `day`: the ISO date of the holiday or own day that is the reason, else "".
    """

    begin: int
    end: int
    kind: Kind
    why: str = ""
    day: str = ""

    @property
    def seconds(self) -> int:
        """Return the segment's length in seconds."""
        return self.end - self.begin


def tidy(pauses: Iterable[Pause]) -> tuple[Pause, ...]:
    """Return the pauses in order and without overlaps. If two overlap, the common time belongs to the earlier pause."""
    found: list[Pause] = []
    for pause in sorted(pauses, key=lambda p: p.begin):
        last = found[-1] if found else None
        if last is None or (last.end is not None and last.end <= pause.begin):
            found.append(pause)
        elif last.end is not None and (pause.end is None or pause.end > last.end):
            found.append(Pause(last.end, pause.end, pause.why))
    return tuple(p for p in found if p.end is None or p.end > p.begin)


def counted_seconds(calendar: Calendar, begin: int, end: int, pauses: tuple[Pause, ...] = ()) -> int:
    """Return the number of open seconds in `[begin, end)` outside all pauses."""
    return sum(calendar.seconds_between(a, b) for a, b in _running(begin, end, pauses))


def due_after(calendar: Calendar, begin: int, seconds: int, pauses: tuple[Pause, ...] = ()) -> Due:
    """Return the time at which `seconds` open seconds outside all pauses have passed since `begin`."""
    for a, b in _running(begin, FAR, pauses):
        if b == FAR:
            at = calendar.after(a, seconds)
            return Due(at, is_never=at is None)
        found = calendar.seconds_between(a, b)
        if found >= seconds:
            at = calendar.after(a, seconds)
            return Due(at, is_never=at is None)
        seconds -= found
    return Due(None)


def segments_between(calendar: Calendar, begin: int, end: int, pauses: tuple[Pause, ...] = ()) -> tuple[Segment, ...]:
    """Split `[begin, end)` into segments without gaps, in order: counted, closed or paused time, with the reason."""
    found = [
        Segment(max(p.begin, begin), min(p.end or end, end), Kind.PAUSED, p.why)
        for p in pauses
        if max(p.begin, begin) < min(p.end or end, end)
    ]
    for a, b in _running(begin, end, pauses):
        found += [Segment(opens, closes, Kind.COUNTED) for opens, closes in calendar.open_between(a, b)]
        for part in calendar.closed_between(a, b):
            is_named = part.why in (Closed.HOLIDAY, Closed.OWN_DAY) and part.day is not None
            found.append(
                Segment(part.begin, part.end, Kind.CLOSED, part.why, part.day.isoformat() if is_named and part.day else "")
            )
    return tuple(sorted(found, key=lambda s: s.begin))


def _running(begin: int, end: int, pauses: tuple[Pause, ...]) -> Iterator[tuple[int, int]]:
    """Yield the parts of `[begin, end)` that no pause covers."""
    at = begin
    for pause in pauses:
        if pause.begin >= end:
            break
        if pause.begin > at:
            yield at, pause.begin
        if pause.end is None:
            return
        at = max(at, pause.end)
    if at < end:
        yield at, end
