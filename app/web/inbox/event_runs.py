"""Group successive events of a timeline, which are shown as one line that opens on click. Days without a message are inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from app.domain.threads.timeline import TimelineItem

LEAST = 2
MAKES_A_TASK = "TaskCreated"  # never folded, as its line has an undo


@dataclass
class Runs:
    """The groups of a timeline. `first`: each group by the event it begins with; `rest`: the events inside one."""

    first: dict[TimelineItem, list[TimelineItem]] = field(default_factory=dict)
    rest: set[TimelineItem] = field(default_factory=set)


def event_runs(items: Sequence[TimelineItem]) -> Runs:
    """Return the groups of successive events among the items of a timeline."""
    found = Runs()
    for run in _runs(items):
        if len(run) >= LEAST:
            found.first[run[0]] = run
            found.rest.update(run[1:])
    return found


def _runs(items: Sequence[TimelineItem]) -> Iterator[list[TimelineItem]]:
    for is_quiet, group in groupby(items, key=_is_quiet):
        if is_quiet:
            yield list(group)


def _is_quiet(item: TimelineItem) -> bool:
    return item.event is not None and item.event.type != MAKES_A_TASK
