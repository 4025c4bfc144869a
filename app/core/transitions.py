"""Describe as data which status may follow which: a `Machine` for each kind of entity. No database, no texts for people.

A machine lists its edges (allowed changes); any other change is refused. Guards are named conditions for entering a status;
`app/wiring.py` connects each name to the feature that checks it. Reports from outside may skip statuses of the main line,
but only forward.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class ActorKind(StrEnum):
    """The kind of actor that changes a status."""

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
    """One allowed transition. `guards` are the conditions that must hold. `needs_lead` limits it to users who may reopen;
    partners and other outsiders are refused."""

    from_status: str
    to_status: str
    guards: tuple[str, ...] = ()
    needs_reason: bool = False
    needs_lead: bool = False


@dataclass(frozen=True)
class Machine:
    """The statuses of a kind of entity and the transitions between them. `main_line` is the usual sequence, without statuses
    such as on hold or cancelled.

    `codes` has, for each status, the reasons from which a user chooses on entering it, in the order of display. `jumpers`
    are the kinds of actors who may skip statuses. `initial` are the statuses with which an imported entity may begin.
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
        """Return the edge that this kind of actor may take, or a jump forward if the actor may skip statuses. Return None if
        the change is not allowed."""
        edge = self.edges.get((from_status, to_status))
        if edge is not None:
            return None if edge.needs_lead and actor_kind not in (ActorKind.USER, ActorKind.SYSTEM) else edge
        if actor_kind in self.jumpers and self.skipped(from_status, to_status) is not None:
            return Edge(from_status, to_status, self.guards_of(to_status))
        return None

    def skipped(self, from_status: str, to_status: str) -> tuple[str, ...] | None:
        """Return the statuses between two statuses of the main line, () if they are neighbours.

        Return None if `to_status` does not come after `from_status` on the main line, or `from_status` is its last.
        """
        line = self.main_line
        if from_status not in line[:-1] or to_status not in line or line.index(to_status) <= line.index(from_status):
            return None
        return line[line.index(from_status) + 1 : line.index(to_status)]

    def edges_from(self, status: str) -> list[Edge]:
        """List the edges from a status: those to the main line first, then the others in the order of the statuses."""
        order = [*self.main_line, *(one for one in self.statuses if one not in self.main_line)]
        found = (edge for edge in self.edges.values() if edge.from_status == status)
        return sorted(found, key=lambda edge: order.index(edge.to_status))

    def guards_of(self, status: str) -> tuple[str, ...]:
        """Return the names of the guards that must hold whenever this status is entered."""
        named = (edge.guards for edge in self.edges.values() if edge.to_status == status)
        return tuple(dict.fromkeys(guard for guards in named for guard in guards))

    def is_forward(self, from_status: str, to_status: str) -> bool:
        """Return whether the transition goes forward on the main line."""
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
    """Build a `Machine`. `ways` maps each status to the statuses that may follow it. `guards` maps a status to the guards for
    entering it.

    `with_reason` and `for_leads` have (from, to) pairs; "*" stands for any first status. Raises `ValueError` for an unknown
    status.
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
    """Return the last status of a history of (from, to) steps.

    Raises `ValueError` if there is no step, if a status is unknown, or if a step does not begin with the status of the step
    before.
    """
    status: str | None = None
    for number, (from_status, to_status) in enumerate(steps, start=1):
        if from_status != status or to_status not in machine.statuses:
            raise ValueError(f"step {number} goes from {from_status} to {to_status}, but it was {status}")
        status = to_status
    if status is None:
        raise ValueError("there is no step")
    return status
