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
