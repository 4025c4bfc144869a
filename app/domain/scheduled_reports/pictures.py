"""Draw charts as PNG images (Pillow) for mails, because mails do not show SVG. Pure.

The mail says the same in text beside each chart.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFont

from app.domain.analytics.charts import Scale, column, shown_days

SHOWN_WIDTH, SHOWN_HEIGHT = 600, 220
SHARP = 2
_LEFT, _RIGHT, _TOP, _BOTTOM, _KEY = 64, 10, 12, 30, 16  # of what is shown
_PAPER, _RULE, _WORDS, _INK = "#ffffff", "#e3e6ec", "#565e6c", "#2a5bd7"
_SOFT, _BEFORE, _TARGET = "#c9d8f8", "#8a93a3", "#b26a00"
SERIES = (_INK, "#1f9d6b", "#c05621", "#7a4fc4", "#8a93a3")
"""Colours of the parts of a bar, the lowest first."""

Values = Sequence[float | None]


@dataclass(frozen=True)
class Plot:
    """The data of a chart, one value for each day: bars (`stacks`), or a `line` with a `high` line above it.

    `before` is drawn as a dashed line, and `target` as a horizontal line. `names` are the names of the stacks, the lowest
    first.
    """

    scale: Scale
    ticks: tuple[str, ...]
    labels: tuple[str, ...]
    stacks: Sequence[Sequence[int]] = ()
    names: Sequence[str] = ()
    line: Values = ()
    high: Values = ()
    before: Values = ()
    target: float | None = None


def draw(plot: Plot) -> bytes:
    """Draw the chart as a PNG."""
    image = Image.new("RGB", (SHOWN_WIDTH * SHARP, SHOWN_HEIGHT * SHARP), _PAPER)
    pen = _Pen(ImageDraw.Draw(image), plot)
    pen.grid()
    pen.key()
    pen.bars()
    pen.band()
    if plot.target is not None:
        pen.across(plot.target)
    pen.path(plot.before, _BEFORE, width=3, is_dashed=True)
    pen.path(plot.line, _INK, width=5)
    kept = io.BytesIO()
    image.quantize(64).save(kept, "PNG", optimize=True)
    return kept.getvalue()


@cache
def _font() -> ImageFont.FreeTypeFont:
    from app.core.pdf import FONTS  # which brings along what takes long to import

    return ImageFont.truetype(str(FONTS / "Inter-Regular.ttf"), 11 * SHARP)


class _Pen:
    """Draws a chart on an image. It converts coordinates of the chart (1000 wide and 100 high, see `charts.py`) to pixels."""

    def __init__(self, pen: ImageDraw.ImageDraw, plot: Plot) -> None:
        self.pen, self.plot = pen, plot
        self.count = max(1, len(plot.labels))
        self.top = _TOP + (_KEY if plot.names else 0)

    def x(self, place: float) -> float:
        return (_LEFT + place / 1000 * (SHOWN_WIDTH - _LEFT - _RIGHT)) * SHARP

    def y(self, place: float) -> float:
        return (self.top + place / 100 * (SHOWN_HEIGHT - self.top - _BOTTOM)) * SHARP

    def centre(self, number: int) -> float:
        left, width = column(number, self.count)
        return self.x(left + width / 2)

    def grid(self) -> None:
        last = len(self.plot.ticks) - 1
        for number, text in enumerate(self.plot.ticks):
            y = self.y(100 * number / last)
            self.pen.line([(self.x(0), y), (self.x(1000), y)], fill=_RULE, width=SHARP)
            self.pen.text((self.x(0) - 8 * SHARP, y), text, fill=_WORDS, font=_font(), anchor="rm")
        for number in shown_days(self.count):
            left, _width = column(number, self.count)
            place = (self.x(left), self.y(100) + 10 * SHARP)
            self.pen.text(place, self.plot.labels[number], fill=_WORDS, font=_font(), anchor="la")

    def key(self) -> None:
        """Draw the legend above the bars."""
        left, middle, side = self.x(0), 10 * SHARP, 9 * SHARP
        for series, name in enumerate(self.plot.names):
            box = (left, middle - side / 2, left + side, middle + side / 2)
            self.pen.rectangle(box, fill=SERIES[min(series, len(SERIES) - 1)])
            left += side + 5 * SHARP
            self.pen.text((left, middle), name, fill=_WORDS, font=_font(), anchor="lm")
            left += self.pen.textlength(name, font=_font()) + 16 * SHARP

    def bars(self) -> None:
        for number, values in enumerate(self.plot.stacks):
            left, width = column(number, self.count)
            below = 0
            for series, value in enumerate(values):
                if value:
                    top, bottom = self.plot.scale.y(below + value), self.plot.scale.y(below)
                    box = (self.x(left + width * 0.08), self.y(top), self.x(left + width * 0.92), self.y(bottom))
                    self.pen.rectangle(box, fill=SERIES[min(series, len(SERIES) - 1)])
                below += value

    def band(self) -> None:
        """Fill the area between `line` and `high`, for neighbouring days on which both have a value."""
        plot = self.plot
        ends = [
            (self.centre(number), self.y(plot.scale.y(low)), self.y(plot.scale.y(top)))
            if low is not None and top is not None
            else None
            for number, (low, top) in enumerate(zip(plot.line, plot.high, strict=False))
        ]
        for one, other in pairwise(ends):
            if one is not None and other is not None:
                corners = [(one[0], one[1]), (one[0], one[2]), (other[0], other[2]), (other[0], other[1])]
                self.pen.polygon(corners, fill=_SOFT)

    def across(self, value: float) -> None:
        y = self.y(self.plot.scale.y(value))
        self._dashed((self.x(0), y), (self.x(1000), y), _TARGET, 3)

    def path(self, values: Values, colour: str, *, width: int, is_dashed: bool = False) -> None:
        """Draw a line through the values, either solid with a dot at each value, or dashed. A missing value (None) interrupts
        the line."""
        points = [None if v is None else (self.centre(n), self.y(self.plot.scale.y(v))) for n, v in enumerate(values)]
        for number, point in enumerate(points):
            if point is None:
                continue
            following = points[number + 1] if number + 1 < len(points) else None
            if following is not None and is_dashed:
                self._dashed(point, following, colour, width)
            elif following is not None:
                self.pen.line([point, following], fill=colour, width=width)
            if not is_dashed:
                self.pen.ellipse((point[0] - 4, point[1] - 4, point[0] + 4, point[1] + 4), fill=colour)

    def _dashed(self, start: tuple[float, float], end: tuple[float, float], colour: str, width: int) -> None:
        length = max(1.0, ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5)
        step, reach = 14, 8
        for number in range(int(length // step) + 1):
            places = (number * step / length, min(1.0, (number * step + reach) / length))
            line = [(start[0] + (end[0] - start[0]) * one, start[1] + (end[1] - start[1]) * one) for one in places]
            self.pen.line(line, fill=colour, width=width)
