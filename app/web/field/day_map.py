"""Draw the visits of a day on a map. Pure functions.

The map uses Web Mercator and tiles of 256 pixels from the operator's tile server (MAP_TILES_URL). Without a tile server the
browser calls no other server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import asinh, floor, pi, radians, tan

from app.domain.field.day_plan import Person
from app.domain.field.travel import Spot

TILE, WIDTH, HEIGHT, EDGE, CLOSEST = 256, 960, 420, 40, 14


@dataclass(frozen=True)
class Dot:
    """A visit on the map. `number` is its position among the person's visits that are on the map; `person` numbers the person."""

    x: int
    y: int
    number: int
    person: int
    words: str


@dataclass(frozen=True)
class Way:
    """A person's route from visit to visit. `points` are the points of an SVG polyline."""

    person: int
    points: str


@dataclass(frozen=True)
class Tile:
    href: str
    x: int
    y: int


@dataclass(frozen=True)
class DayMap:
    """A map that is ready to be shown. `missing` is the number of visits whose position is not known."""

    width: int
    height: int
    dots: tuple[Dot, ...]
    ways: tuple[Way, ...]
    tiles: tuple[Tile, ...]
    missing: int


def draw_map(people: Sequence[Person], tiles_url: str = "") -> DayMap:
    """Return the map of everybody's visits of the day, at the highest zoom that shows them all."""
    spots = [block.spot for person in people for block in person.blocks if block.spot is not None]
    missing = sum(block.spot is None for person in people for block in person.blocks)
    if not spots:
        return DayMap(WIDTH, HEIGHT, (), (), (), missing)
    zoom = next((one for one in range(CLOSEST, 0, -1) if _fits(spots, one)), 0)
    left, top = _corner(spots, zoom)
    dots = []
    for number, person in enumerate(people):
        for place, block in enumerate((one for one in person.blocks if one.spot is not None), start=1):
            x, y = _pixels(block.spot or spots[0], zoom)
            words = f"{person.name}, {block.row.local_start:%H:%M}, {block.row.contact_name}"
            dots.append(Dot(round(x - left), round(y - top), place, number, words))
    ways = [
        Way(number, " ".join(f"{dot.x},{dot.y}" for dot in dots if dot.person == number))
        for number in {dot.person for dot in dots}
    ]
    return DayMap(WIDTH, HEIGHT, tuple(dots), tuple(ways), _tiles(tiles_url, zoom, left, top), missing)


def _pixels(spot: Spot, zoom: int) -> tuple[float, float]:
    size = TILE * 2**zoom
    return (spot.lon + 180) / 360 * size, (1 - asinh(tan(radians(spot.lat))) / pi) / 2 * size


def _fits(spots: Sequence[Spot], zoom: int) -> bool:
    points = [_pixels(spot, zoom) for spot in spots]
    across, down = (max(point[axis] for point in points) - min(point[axis] for point in points) for axis in (0, 1))
    return across <= WIDTH - 2 * EDGE and down <= HEIGHT - 2 * EDGE


def _corner(spots: Sequence[Spot], zoom: int) -> tuple[float, float]:
    """Return the position, in pixels of the world map, of the map's top left corner, so that the visits are in the middle."""
    points = [_pixels(spot, zoom) for spot in spots]
    middle = [(max(point[axis] for point in points) + min(point[axis] for point in points)) / 2 for axis in (0, 1)]
    return middle[0] - WIDTH / 2, middle[1] - HEIGHT / 2


def _tiles(url: str, zoom: int, left: float, top: float) -> tuple[Tile, ...]:
    if not url:
        return ()
    count = 2**zoom
    return tuple(
        Tile(
            url.replace("{z}", str(zoom)).replace("{x}", str(across % count)).replace("{y}", str(down)),
            round(across * TILE - left),
            round(down * TILE - top),
        )
        for across in range(floor(left / TILE), floor((left + WIDTH) / TILE) + 1)
        for down in range(floor(top / TILE), floor((top + HEIGHT) / TILE) + 1)
        if 0 <= down < count
    )
