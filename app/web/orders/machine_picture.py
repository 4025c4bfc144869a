"""Draw a status machine as a picture (SVG): boxes for statuses, arrows for transitions. Pure.

The main line stands in a row, with its forward transitions above and its backward ones below. The other statuses stand in a
second row. The table under the picture says the same in words.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.core.transitions import Edge, Machine

BOX_WIDTH, BOX_HEIGHT, STEP = 112, 34, 150
LINE_Y, OTHERS_Y, MARGIN = 130, 300, 12


@dataclass(frozen=True)
class Box:
    """A status in the picture; `x` and `y` are its upper left corner."""

    status: str
    x: int
    y: int


@dataclass(frozen=True)
class Arrow:
    """A transition in the picture; `path` is its SVG path."""

    edge: Edge
    path: str


@dataclass(frozen=True)
class Picture:
    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def draw(machine: Machine) -> Picture:
    """Return the picture of a machine."""
    others = [status for status in machine.statuses if status not in machine.main_line]
    boxes = {status: Box(status, MARGIN + place * STEP, LINE_Y) for place, status in enumerate(machine.main_line)}
    spread = STEP * max(1, len(machine.main_line) // (len(others) + 1)) if others else STEP
    boxes |= {status: Box(status, MARGIN + spread * (place + 1), OTHERS_Y) for place, status in enumerate(others)}
    width = max(box.x for box in boxes.values()) + BOX_WIDTH + MARGIN
    arrows = tuple(Arrow(edge, _path(boxes[edge.from_status], boxes[edge.to_status])) for edge in machine.edges.values())
    return Picture(width, OTHERS_Y + BOX_HEIGHT + MARGIN if others else 230, tuple(boxes.values()), arrows)


def _path(start: Box, end: Box) -> str:
    if start.y != end.y:
        return _between_rows(start, end)
    far, half = abs(end.x - start.x) // STEP, BOX_WIDTH // 2
    if end.x > start.x and far == 1:
        middle = start.y + BOX_HEIGHT // 2 - 6
        return f"M {start.x + BOX_WIDTH} {middle} L {end.x - 3} {middle}"
    bend = min(30 + 16 * far, 110)
    if end.x > start.x:
        first, last, top, edge = start.x + half + 14, end.x + half - 14, start.y - bend, start.y
        return f"M {first} {edge} C {first} {top}, {last} {top}, {last} {edge - 3}"
    first, last, foot = start.x + half - 14, end.x + half + 14, start.y + BOX_HEIGHT
    return f"M {first} {foot} C {first} {foot + bend - 12}, {last} {foot + bend - 12}, {last} {foot + 3}"


def _between_rows(start: Box, end: Box) -> str:
    shift = 8 if start.y < end.y else -8  # arrows there and back stand beside each other
    top, foot = (start.y + BOX_HEIGHT, end.y - 3) if start.y < end.y else (start.y, end.y + BOX_HEIGHT + 3)
    return f"M {start.x + BOX_WIDTH // 2 + shift} {top} L {end.x + BOX_WIDTH // 2 + shift} {foot}"
