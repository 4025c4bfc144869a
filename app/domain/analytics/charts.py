"""Calculate the coordinates of a chart: scale, lines, bars, labels. Pure; a plot is 1000 wide and 100 high, and y grows
downwards. Templates only draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 1000.0, 100.0
_TIME_STEPS = (60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400)
GRID = 3
"""Lines above zero."""


@dataclass(frozen=True)
class Scale:
    """A scale of even steps from zero to `top`; `ticks` are its values from the top down, zero last."""

    top: float
    ticks: tuple[float, ...]

    def y(self, value: float) -> float:
        return round(HEIGHT - HEIGHT * min(value, self.top) / self.top, 2)


@dataclass(frozen=True)
class Mark:
    """One day of a chart. `x` and `width` are those of the day's column. `y` is the position of the value, or None for a gap."""

    x: float
    width: float
    y: float | None
    label: str
    value: str
    href: str

    @property
    def centre(self) -> float:
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True)
class Bar:
    """A piece of a stacked bar. `series` is the number of its colour, from 1."""

    x: float
    y: float
    width: float
    height: float
    series: int


def scale_of(values: Sequence[float | None], *, is_time: bool, is_share: bool = False) -> Scale:
    """Return a scale from zero that includes all values and has round steps. A share always gets a scale from 0 to 1."""
    if is_share:
        return Scale(1.0, (1.0, 0.75, 0.5, 0.25, 0.0))
    most = max((value for value in values if value is not None), default=0) or 1
    step = _time_step(most) if is_time else _round_step(most)
    return Scale(step * GRID, tuple(step * number for number in range(GRID, -1, -1)))


def _time_step(most: float) -> float:
    for step in _TIME_STEPS:
        if step * GRID >= most:
            return step
    return -(-most // (GRID * 86_400)) * 86_400


def _round_step(most: float) -> float:
    size = 1.0
    while True:
        for factor in (1, 2, 5):
            if size * factor * GRID >= most:
                return size * factor
        size *= 10


def column(number: int, count: int) -> tuple[float, float]:
    """Return the left edge and the width of the column of day `number` (from 0) among `count` days."""
    width = WIDTH / max(1, count)
    return round(number * width, 2), round(width, 2)


def line(points: Sequence[tuple[float, float | None]]) -> str:
    """Return an SVG path through the (x, y) points. The line is interrupted at each point whose y is None. A single point
    becomes a short dash."""
    path = ""
    for run in _runs(points):
        if len(run) == 1:
            (x, y), reach = run[0], WIDTH / max(2, len(points)) / 3
            path += f"M{x - reach:.2f} {y:.2f}L{x + reach:.2f} {y:.2f}"
        else:
            path += "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in run)
    return path


def band(low: Sequence[tuple[float, float | None]], high: Sequence[tuple[float, float | None]]) -> str:
    """Return an SVG path of the area between two lines with the same gaps."""
    path = ""
    for below, above in zip(_runs(low), _runs(high), strict=True):
        if len(below) == 1:
            (x, y), (_x, top), reach = below[0], above[0], WIDTH / max(2, len(low)) / 3
            below, above = [(x - reach, y), (x + reach, y)], [(x - reach, top), (x + reach, top)]
        path += "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in [*above, *reversed(below)]) + "Z"
    return path


def _runs(points: Sequence[tuple[float, float | None]]) -> list[list[tuple[float, float]]]:
    found: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if y is None:
            found.append([])
        else:
            found[-1].append((x, y))
    return [run for run in found if run]


def stack(number: int, count: int, values: Sequence[int], scale: Scale) -> list[Bar]:
    """Return the stacked bar of one day, its pieces from the bottom up."""
    left, width = column(number, count)
    gap = width * 0.14
    found, below = [], 0
    for series, value in enumerate(values, start=1):
        if value:
            top, bottom = scale.y(below + value), scale.y(below)
            found.append(Bar(round(left + gap / 2, 2), top, round(width - gap, 2), round(bottom - top, 2), series))
        below += value
    return found


def spark(values: Sequence[float | None]) -> str:
    """Return the SVG path of a small line without a scale, lowest value at the bottom; "" for fewer than two values."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    reach = (high - low) or 1
    step = WIDTH / max(1, len(values) - 1)
    return line([(number * step, None if v is None else 90 - 80 * (v - low) / reach) for number, v in enumerate(values)])


def shown_days(count: int, most: int = 5) -> list[int]:
    """Return the indexes of the days that get a label on an axis of `count` days. There are at most `most` labels; on a long
    axis they are whole weeks apart."""
    if count <= most:
        return list(range(count))
    step = -(-count // most)
    step = -(-step // 7) * 7 if count > most * 2 else step
    return list(range(0, count, step))
