"""Read a report's figures from rollups and facts: in total, by day, and by kind of channel, person or partner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy.orm import Session

from app.domain.analytics.cells import Cell, Values, in_steps, quantile
from app.domain.analytics.figures import NOTHING, State, Sums
from app.domain.analytics.kinds import TIMES, Kind
from app.domain.analytics.reading import Wanted, read_cells

STEPS = (15 * 60, 3600, 4 * 3600, 8 * 3600, 24 * 3600, 3 * 86_400)
"""Where the steps of a distribution end; the last has no end."""


@dataclass
class Breakdown:
    """The figures of one slice: in total (`whole`), by day, by part such as a channel (`parts`), and counts by day, part and kind
    (`cells`). `hours`: how many matters began by (weekday, hour), Monday 0. `scores`: how many answers by satisfaction score."""

    whole: dict[Kind, Sums] = field(default_factory=dict)
    days: dict[date, dict[Kind, Sums]] = field(default_factory=dict)
    parts: dict[str, dict[Kind, Sums]] = field(default_factory=dict)
    cells: dict[tuple[date, str, Kind], int] = field(default_factory=dict)
    hours: dict[tuple[int, int], int] = field(default_factory=dict)
    scores: dict[int, int] = field(default_factory=dict)
    times: dict[Kind, list[Values]] = field(default_factory=dict)

    def steps(self, kind: Kind) -> list[int]:
        """Count the facts of a kind by duration: one count for each step of STEPS, and a last one for anything longer."""
        return in_steps(self.times.get(kind, []), STEPS)


def read_breakdowns(session: Session, wanted: Wanted) -> tuple[list[Breakdown], State]:
    """Return the breakdown of each slice, and the state of the facts. Only the kinds in `wanted.by_day` are split by day. One
    query."""
    cells, state = read_cells(session, wanted)
    return [break_down(those, wanted.days_told(place)) for place, those in enumerate(cells)], state


def break_down(cells: Iterable[Cell], by_day: Collection[Kind]) -> Breakdown:
    found = Breakdown()
    times: defaultdict[tuple[str, object, Kind], list[Cell]] = defaultdict(list)
    for cell in cells:
        has_day = cell.kind in by_day
        _count(found, cell, has_day)
        if cell.kind in TIMES:
            times["whole", None, cell.kind].append(cell)
            times["parts", cell.key, cell.kind].append(cell)
            if has_day:
                times["days", cell.day, cell.kind].append(cell)
    for (what, key, kind), those in times.items():
        part = found.whole if what == "whole" else getattr(found, what)[key]
        part[kind] = _with_times(part[kind], those)
    whole = {kind: those for (what, _key, kind), those in times.items() if what == "whole"}
    found.times = {kind: [part for cell in those for part in cell.seconds] for kind, those in whole.items()}
    return found


def _count(found: Breakdown, cell: Cell, has_day: bool) -> None:
    for part in (found.whole, found.parts.setdefault(cell.key, {}), *([found.days.setdefault(cell.day, {})] if has_day else [])):
        so_far = part.get(cell.kind, NOTHING)
        sums = (so_far.n + cell.n, so_far.known + cell.known, so_far.met + cell.met, so_far.scores + cell.score_sum)
        part[cell.kind] = Sums(*sums)
    if has_day:
        place = (cell.day, cell.key, cell.kind)
        found.cells[place] = found.cells.get(place, 0) + cell.n
    if cell.kind == Kind.RECEIVED and has_day:
        for hour, n in cell.hours.items():
            found.hours[cell.day.weekday(), hour] = found.hours.get((cell.day.weekday(), hour), 0) + n
    if cell.kind == Kind.SATISFACTION:
        for score, n in cell.scores.items():
            found.scores[score] = found.scores.get(score, 0) + n


def _with_times(sums: Sums, cells: Sequence[Cell]) -> Sums:
    parts = [part for cell in cells for part in cell.seconds]
    total = sum(map(len, parts))
    if not total:
        return sums
    average = sum(cell.seconds_sum for cell in cells) / total
    return replace(sums, median=quantile(parts, 0.5), p90=quantile(parts, 0.9), average=average)
