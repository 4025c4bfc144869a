"""Group successive events of a timeline. A group is shown as one line that opens on click.

A group goes on over days without a message.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from app.domain.threads.timeline import TimelineItem

LEAST = 2
MAKES_A_TASK = "TaskCreated"  # never folded, as its line has an undo


@dataclass
class Runs:
    """The groups of events in a timeline. `first` maps the first event of a group to all its events. `rest` has all other
    grouped events."""

    first: dict[TimelineItem, list[TimelineItem]] = field(default_factory=dict)
    rest: set[TimelineItem] = field(default_factory=set)


def event_runs(items: Sequence[TimelineItem]) -> Runs:
    """Find the groups of successive events in a timeline. A group has at least LEAST events."""
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
