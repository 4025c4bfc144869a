"""Describe which status may follow which, as data: a `Machine` for each kind of entity. No database, no words for people.

A machine lists its edges; whatever is not listed is refused. What must hold before a status is entered is named by guards, which
whoever owns the facts brings along (app/wiring.py). Whoever reports from outside may pass over statuses of the main line, forward
only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class ActorKind(StrEnum):
    """Who changes a status."""

    USER = "user"
    PARTNER = "partner"
    RULE = "rule"
    FORM = "form"
    SCENARIO = "scenario"
    SYNC = "sync"
    SYSTEM = "system"  # what follows by itself from another change


# They tell of what has happened elsewhere, perhaps of several steps at once.
REPORTERS = frozenset({ActorKind.PARTNER, ActorKind.SCENARIO, ActorKind.SYNC})


@dataclass(frozen=True)
class Edge:
    """One allowed transition. `needs_lead`: only somebody who may reopen; nobody from outside takes it."""

    from_status: str
    to_status: str
    guards: tuple[str, ...] = ()
    needs_reason: bool = False
    needs_lead: bool = False


@dataclass(frozen=True)
class Machine:
    """The statuses of a kind of entity and how they follow. `main_line`: the way an entity goes that is neither held nor ended.

    `codes`: the reasons to choose from where a status is entered, in the order they are shown. `jumpers` may pass over statuses.
    `initial`: what something that was kept elsewhere before may begin as.
    """

    entity_type: str
    statuses: tuple[str, ...]
    main_line: tuple[str, ...]
    edges: Mapping[tuple[str, str], Edge]
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    jumpers: frozenset[ActorKind] = REPORTERS
    undo_seconds: int = 30
    initial: tuple[str, ...] = ()

    def find(self, from_status: str, to_status: str, actor_kind: ActorKind = ActorKind.USER) -> Edge | None:
        """The edge this actor may take, a jump forward among them; None where there is none."""
        edge = self.edges.get((from_status, to_status))
        if edge is not None:
            return None if edge.needs_lead and actor_kind not in (ActorKind.USER, ActorKind.SYSTEM) else edge
        if actor_kind in self.jumpers and self.skipped(from_status, to_status) is not None:
            return Edge(from_status, to_status, self.guards_of(to_status))
        return None

    def skipped(self, from_status: str, to_status: str) -> tuple[str, ...] | None:
        """The statuses between two of the main line; None where the way does not lead forward, or comes from its end."""
        line = self.main_line
        if from_status not in line[:-1] or to_status not in line or line.index(to_status) <= line.index(from_status):
            return None
        return line[line.index(from_status) + 1 : line.index(to_status)]

    def edges_from(self, status: str) -> list[Edge]:
        """Main line first, as it goes; then the others, in the order of the statuses."""
        order = [*self.main_line, *(one for one in self.statuses if one not in self.main_line)]
        found = (edge for edge in self.edges.values() if edge.from_status == status)
        return sorted(found, key=lambda edge: order.index(edge.to_status))

    def guards_of(self, status: str) -> tuple[str, ...]:
        """Return what has to hold whenever this status is entered."""
        named = (edge.guards for edge in self.edges.values() if edge.to_status == status)
        return tuple(dict.fromkeys(guard for guards in named for guard in guards))

    def is_forward(self, from_status: str, to_status: str) -> bool:
        """Return whether the transition goes on along the main line."""
        return self.skipped(from_status, to_status) is not None


def machine(
    entity_type: str,
    statuses: Iterable[str],
    *,
    ways: Mapping[str, Collection[str]],
    main_line: Sequence[str],
    guards: Mapping[str, Sequence[str]] | None = None,
    with_reason: Collection[tuple[str, str]] = (),
    for_leads: Collection[tuple[str, str]] = (),
    codes: Mapping[str, Sequence[str]] | None = None,
    jumpers: frozenset[ActorKind] = REPORTERS,
    initial: Sequence[str] = (),
) -> Machine:
    """Build one. `ways`: per status those that may follow; `guards`: per status what entering it takes.

    In `with_reason` and `for_leads`, "*" stands for any status. Raises ValueError for a status that is none.
    """
    known = tuple(str(one) for one in statuses)
    edges = {}
    for start, ends in ways.items():
        for end in ends:
            pair = (str(start), str(end))
            asked = {pair, ("*", pair[1])}
            edges[pair] = Edge(
                *pair,
                guards=tuple((guards or {}).get(end, ())),
                needs_reason=not asked.isdisjoint(with_reason),
                needs_lead=not asked.isdisjoint(for_leads),
            )
    named = {one for pair in edges for one in pair} | set(main_line) | set(guards or {}) | set(codes or {}) | set(initial)
    if not named <= set(known):
        raise ValueError(f"{entity_type}: {sorted(named - set(known))} are no statuses")
    kept = {status: tuple(names) for status, names in (codes or {}).items()}
    line, first = (tuple(str(one) for one in order) for order in (main_line, initial))
    return Machine(entity_type, known, line, edges, kept, jumpers, initial=first)


def replay(machine: Machine, steps: Sequence[tuple[str | None, str]]) -> str:
    """The status a history of (from, to) leads to. Raises ValueError where a step does not begin where the one before ended."""
    status: str | None = None
    for number, (from_status, to_status) in enumerate(steps, start=1):
        if from_status != status or to_status not in machine.statuses:
            raise ValueError(f"step {number} goes from {from_status} to {to_status}, but it was {status}")
        status = to_status
    if status is None:
        raise ValueError("there is no step")
    return status
