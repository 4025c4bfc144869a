"""List the measures (figures) of reports, as data.

The number, chart, list and export of a figure are all computed from the same `Measure` and `Slice`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.domain.analytics.kinds import IN_STATE, ORDER_KINDS, Kind


class Shape(StrEnum):
    COUNT = "count"  # how many facts
    TIME = "time"  # median of how long they took
    SHARE = "share"  # those that are `met` of those that say yes or no
    RATIO = "ratio"  # how many for each of another kind
    MEAN = "mean"  # average of their scores
    NET = "net"  # those that are `met` less those that are not, of all: the net promoter score


class Better(StrEnum):
    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


@dataclass(frozen=True)
class Measure:
    """The definition of a figure.

    `met` limits a count to facts with this value of `met`. `per` is the kind of facts that a ratio is divided by. `target`
    is in seconds for a time, and otherwise a share (0 to 1) or a score.
    """

    key: str
    kinds: tuple[Kind, ...]
    shape: Shape
    better: Better = Better.NEITHER
    met: bool | None = None
    per: Kind | None = None
    target: float | None = None

    @property
    def is_percent(self) -> bool:
        return self.shape == Shape.SHARE or self.key == "escalated"

    def counted_kinds(self, *, is_per: bool = False) -> tuple[Kind, ...]:
        """Return the kinds of facts that the measure counts. With `is_per`, return the kind that a ratio is divided by."""
        return (self.per,) if is_per and self.per is not None else self.kinds

    @property
    def says_yes(self) -> bool:
        """Return whether the facts of the measure are divided into facts that say yes and facts that say no (`met`)."""
        return self.shape in (Shape.SHARE, Shape.NET)


PROMISES = (Kind.FIRST_PROMISE, Kind.NEXT_PROMISE, Kind.RESOLUTION_PROMISE)
SAID = (Kind.MESSAGE_IN, Kind.MESSAGE_OUT, Kind.CALL)
_ALL = (
    Measure("received", (Kind.RECEIVED,), Shape.COUNT),
    Measure("first_response", (Kind.FIRST_RESPONSE,), Shape.TIME, Better.DOWN, target=4 * 3600),
    Measure("next_response", (Kind.NEXT_RESPONSE,), Shape.TIME, Better.DOWN),
    Measure("resolution", (Kind.RESOLVED,), Shape.TIME, Better.DOWN),
    Measure("resolved", (Kind.RESOLVED,), Shape.COUNT, Better.UP),
    Measure("first_promise", (Kind.FIRST_PROMISE,), Shape.SHARE, Better.UP, target=0.95),
    Measure("next_promise", (Kind.NEXT_PROMISE,), Shape.SHARE, Better.UP, target=0.95),
    Measure("resolution_promise", (Kind.RESOLUTION_PROMISE,), Shape.SHARE, Better.UP, target=0.95),
    Measure("first_missed", (Kind.FIRST_PROMISE,), Shape.COUNT, Better.DOWN, met=False),
    Measure("next_missed", (Kind.NEXT_PROMISE,), Shape.COUNT, Better.DOWN, met=False),
    Measure("resolution_missed", (Kind.RESOLUTION_PROMISE,), Shape.COUNT, Better.DOWN, met=False),
    Measure("closings", (Kind.CLOSING,), Shape.COUNT),
    Measure("reopened", (Kind.REOPENED,), Shape.COUNT, Better.DOWN),
    Measure("one_touch", (Kind.ONE_TOUCH,), Shape.SHARE, Better.UP),
    Measure("first_contact", (Kind.FIRST_CONTACT,), Shape.SHARE, Better.UP, target=0.80),
    Measure("escalated", (Kind.ESCALATED,), Shape.RATIO, Better.DOWN, per=Kind.RECEIVED),
    Measure("messages_in", (Kind.MESSAGE_IN,), Shape.COUNT),
    Measure("messages_out", (Kind.MESSAGE_OUT,), Shape.COUNT),
    Measure("calls", (Kind.CALL,), Shape.COUNT),
    Measure("interactions", SAID, Shape.COUNT),
    Measure("automatic_answers", (Kind.AUTO_ANSWER,), Shape.COUNT),
    Measure("messages_per_resolution", SAID, Shape.RATIO, Better.DOWN, per=Kind.RESOLVED),
    Measure("templates", (Kind.MESSAGE_OUT,), Shape.SHARE, Better.UP, target=0.60),
    Measure("assigned_by_rules", (Kind.ASSIGNED,), Shape.SHARE, Better.UP),
    Measure("routed_right", (Kind.ROUTED,), Shape.SHARE, Better.UP, target=0.90),
    Measure("satisfaction", (Kind.SATISFACTION,), Shape.MEAN, Better.UP, target=4.5),
    Measure("satisfied", (Kind.SATISFACTION,), Shape.SHARE, Better.UP),
    Measure("recommends", (Kind.RECOMMENDS,), Shape.NET, Better.UP),
    Measure("customer_solved", (Kind.SOLVED,), Shape.SHARE, Better.UP),
    Measure("speed_score", (Kind.SPEED,), Shape.MEAN, Better.UP),
    Measure("reach_score", (Kind.REACH,), Shape.MEAN, Better.UP),
    Measure("survey_response", (Kind.SURVEY_SENT,), Shape.SHARE, Better.UP),
    Measure("tasks_on_time", (Kind.TASK,), Shape.SHARE, Better.UP, target=0.95),
    Measure("orders", (Kind.ORDER,), Shape.COUNT),
    Measure("quotes_approved", (Kind.ORDER_QUOTED,), Shape.SHARE, Better.UP),
    Measure("orders_done", (Kind.ORDER_DONE,), Shape.COUNT, Better.UP),
    Measure("order_time", (Kind.ORDER_DONE,), Shape.TIME, Better.DOWN),
    *(Measure(f"in_{state}", (kind,), Shape.TIME, Better.DOWN) for state, kind in IN_STATE.items()),
)
MEASURES = {measure.key: measure for measure in _ALL}


def kinds_of(*measures: Measure) -> frozenset[Kind]:
    """Return the kinds of facts that these measures are made of."""
    return frozenset(kind for one in measures for kind in (*one.kinds, *([one.per] if one.per else [])))


ALL_KINDS = kinds_of(*_ALL)
"""What any figure is made of."""
OF_THREADS = ALL_KINDS - ORDER_KINDS
TILES = ("received", "first_response", "first_promise", "resolved", "first_contact", "resolution")
"""The six figures on top; one of them is the chart."""
