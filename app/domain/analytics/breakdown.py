"""Read a report's figures from rollups and facts: in total, by day, and by kind of channel, person or partner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from app.domain.analytics.cells import Cell, Times, counts
from app.domain.analytics.figures import State, Sums, sums_of
from app.domain.analytics.kinds import Kind
from app.domain.analytics.reading import Wanted, read_cells

STEPS = (15 * 60, 3600, 4 * 3600, 8 * 3600, 24 * 3600, 3 * 86_400)
"""Where the steps of a distribution end; the last has no end."""


@dataclass
class Breakdown:
    """The figures of one slice: `whole` in total, `days` by day, and `parts` by channel or another group.

    `cells`: the number of facts by day, group and kind. `hours`: the number of matters that began, by (weekday, hour), with
    Monday as 0. `scores`: the number of answers by satisfaction score.
    """

    whole: dict[Kind, Sums] = field(default_factory=dict)
    days: dict[date, dict[Kind, Sums]] = field(default_factory=dict)
    parts: dict[str, dict[Kind, Sums]] = field(default_factory=dict)
    cells: dict[tuple[date, str, Kind], int] = field(default_factory=dict)
    hours: dict[tuple[int, int], int] = field(default_factory=dict)
    scores: dict[int, int] = field(default_factory=dict)

    def steps(self, kind: Kind) -> list[int]:
        """Count the facts of a kind by duration. Return one count for each upper limit in STEPS, and a last count for longer
        durations."""
        times = sums_of(self.whole, kind).times
        return times.in_steps(STEPS) if times else [0] * (len(STEPS) + 1)


def read_breakdowns(session: Session, wanted: Wanted) -> tuple[list[Breakdown], State]:
    """Return the breakdown of each slice, and how current the facts are. Only the kinds in `wanted.by_day` have figures by day
    (later slices: `wanted.later_by_day`). One query."""
    cells, state = read_cells(session, wanted)
    return [break_down(those, wanted.days_told(place)) for place, those in enumerate(cells)], state


def break_down(cells: Iterable[Cell], by_day: Collection[Kind]) -> Breakdown:
    """Return the figures of these cells. Only the kinds in `by_day` get figures by day."""
    found = Breakdown()
    wholes: defaultdict[Kind, list[Cell]] = defaultdict(list)
    days: defaultdict[tuple[date, Kind], list[Cell]] = defaultdict(list)
    parts: defaultdict[tuple[str, Kind], list[Cell]] = defaultdict(list)
    for cell in cells:
        has_day = cell.kind in by_day
        wholes[cell.kind].append(cell)
        parts[cell.key, cell.kind].append(cell)
        if has_day:
            days[cell.day, cell.kind].append(cell)
        _count(found, cell, has_day)
    found.whole = {kind: _sums(those) for kind, those in wholes.items()}
    for (day, kind), those in days.items():
        found.days.setdefault(day, {})[kind] = _sums(those)
    for (key, kind), those in parts.items():
        found.parts.setdefault(key, {})[kind] = _sums(those)
    return found


def _count(found: Breakdown, cell: Cell, has_day: bool) -> None:
    if has_day:
        place = (cell.day, cell.key, cell.kind)
        found.cells[place] = found.cells.get(place, 0) + cell.n
    if cell.kind == Kind.RECEIVED and has_day:
        for hour, n in counts(cell.hours).items():
            found.hours[cell.day.weekday(), hour] = found.hours.get((cell.day.weekday(), hour), 0) + n
    if cell.kind == Kind.SATISFACTION:
        for score, n in counts(cell.scores).items():
            found.scores[score] = found.scores.get(score, 0) + n


def _sums(cells: Sequence[Cell]) -> Sums:
    n = known = met = scores = 0
    kept = []
    for cell in cells:  # once, as a page has thousands of them
        n, known, met, scores = n + cell.n, known + cell.known, met + cell.met, scores + cell.score_sum
        if cell.seconds:
            kept.append(cell.seconds)
    return Sums(n, known, met, scores, Times(kept) if kept else None)
