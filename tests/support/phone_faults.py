"""What can go wrong between a technician's phone and the office, drawn by a seed, and the books that are compared afterwards."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from dataclasses import dataclass, field

PORTAL = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 24\r\nConnection: close\r\n\r\n<h1>Welcome, guest.</h1>"
ERROR = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
WORDS, PICTURES = "POST /field/actions", "/field/uploads"
STEPS = ("on_the_way", "arrived", "in_progress", "done")
KINDS = ("note", "message", "serial", "meter", "checklist", "photo", "step")
FAULTS = (
    *("cut_words", "cut_picture", "lose_words", "lose_picture", "no_network", "portal", "error"),
    *("doubled_tabs", "lock_lies", "clock", "page_killed", "worker_killed", "full"),
    *("signed_out", "session_ended", "other_person", "given", "cancelled", "ahead", "moved", "newer_message"),
)


@dataclass(frozen=True)
class Planned:
    """One thing a technician does: what `keep` of the outbox takes. `size`: of the picture, in bytes; 0 for none."""

    kind: str
    body: dict[str, str]
    size: int = 0


@dataclass(frozen=True)
class Case:
    """One fault with what is done around it. `number`: how many bytes pass, by how many days the clock is off."""

    fault: str
    number: int
    actions: tuple[Planned, ...]


@dataclass
class Said:
    """What the person was shown as kept."""

    visit_id: uuid.UUID
    id: uuid.UUID
    kind: str
    seq: int
    sha256: str | None
    replaces: uuid.UUID | None = None


@dataclass(frozen=True)
class Arrived:
    """What came to the office from a visit. `number`: its place in the ledger; `seq`: the order it was put in on the phone,
    where a step that was decided about keeps its place. `is_asked`: it had no effect, a person was asked."""

    number: int
    kind: str
    seq: int
    is_asked: bool = False

    @property
    def is_step(self) -> bool:
        return self.kind == "step"

    def __str__(self) -> str:
        return f"{self.kind} {self.seq}{' asked' if self.is_asked else ''}"


def is_out_of_order(arrived: list[Arrived]) -> bool:
    """Whether something of one visit passed what was put in before it and should not have.

    A step a person is asked about holds back the later steps of its visit and nothing else. So words and pictures keep their
    order among themselves whatever happens; the steps that took effect keep theirs; and words pass a step only once somebody was
    asked about it or about one before it.
    """
    rows = sorted(arrived, key=lambda one: one.number)
    asked = [one for one in rows if one.is_step and one.is_asked]
    effective = [one for one in rows if one not in asked]
    return any(
        late.seq < early.seq and not (late.is_step and not early.is_step and _waited(asked, late, early))
        for place, early in enumerate(effective)
        for late in effective[place + 1 :]
    )


def _waited(asked: list[Arrived], step: Arrived, words: Arrived) -> bool:
    """Whether the step waited for a person when the words came."""
    return any(one.seq <= step.seq and one.number < words.number for one in asked)


@dataclass
class Books:
    """`told`: conflicts with the words and choices the person saw."""

    said: list[Said] = field(default_factory=list)
    told: dict[uuid.UUID, str] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    not_kept: int = 0


def draw_cases(count: int, seed: int) -> list[Case]:
    """The same for the same seed; every fault in turn, so that a short run has seen each."""
    dice = random.Random(seed)
    return [_draw(FAULTS[place % len(FAULTS)], dice) for place in range(count)]


def _draw(fault: str, dice: random.Random) -> Case:
    kinds = [kind for kind in KINDS if not (fault == "full" and kind == "step")]
    chosen = dice.choices(kinds, k=dice.randint(1, 5))
    if fault in ("cut_picture", "lose_picture", "full"):
        chosen.append("photo")
    if fault in ("cancelled", "ahead", "moved"):
        chosen.append("step")
    if fault == "newer_message":
        chosen.append("message")
    steps, number = iter(STEPS), dice.randint(1, 6000)
    if fault == "clock":
        number = dice.choice((-400, -20, -3, -1, 1, 3, 20, 400))
    most = 400_000 if fault in ("cut_picture", "lose_picture") else 60_000  # large ones go in pieces
    planned = [_plan(kind, steps, dice, most) for kind in chosen]
    return Case(fault, number, tuple(one for one in planned if one is not None))


def _plan(kind: str, steps: object, dice: random.Random, most: int) -> Planned | None:
    word = f"{dice.randrange(16**8):08x}"
    if kind == "step":
        to = next(steps, None)  # type: ignore[call-overload]
        return Planned(kind, {"to": to}) if to else None
    bodies = {
        "note": {"text": f"Groepenkast {word}"},
        "message": {"text": f"Ik ben er bijna {word}"},
        "serial": {"text": word.upper()},
        "meter": {"when": dice.choice(("before", "after")), "value": str(dice.randrange(10**6))},
        "checklist": {"item": f"Aarde {word}", "answer": dice.choice(("yes", "no", "na"))},
        "photo": {"label": dice.choice(("before", "after", "other"))},
    }
    return Planned(kind, bodies[kind], size=dice.randint(2_000, most) if kind == "photo" else 0)
