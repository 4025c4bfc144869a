"""Bodies with something changed in them that a provider's mistake, a newer version or a bad wire might change."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, 10**30, "", "\x00", "\ud800", "x" * 5000, [], {}, [[[]]], {"value": {"value": []}}),
    *("2026-99-99", "٣", "1795234570", "<script>", "%s%n", "a@b", "31612345678"),
)


def mutated(body: bytes, dice: random.Random) -> bytes:
    """Something odd in, out of or beside a place of the JSON; or bytes turned, cut or doubled. Never empty."""
    if dice.random() < 0.6:
        found = json.loads(body)
        for _ in range(dice.randint(1, 3)):
            _change(dice.choice(list(_insides(found))), dice)
        return json.dumps(found).encode()
    return scrambled(body, dice)


def scrambled(body: bytes, dice: random.Random) -> bytes:
    """Bytes turned, cut or doubled; in one of ten the end is missing. Never empty."""
    changed = bytearray(body)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(changed) or 1)
        changed[place : place + dice.randint(0, 3)] = bytes(dice.randrange(256) for _ in range(dice.randint(0, 3)))
    if dice.random() < 0.1:
        del changed[dice.randrange(len(changed) or 1) :]
    return bytes(changed) or b"x"


def _insides(found: Any) -> Iterator[dict[str, Any] | list[Any]]:
    """Every object and list in it, itself first."""
    if isinstance(found, dict | list):
        yield found
        for inner in found.values() if isinstance(found, dict) else found:
            yield from _insides(inner)


def _change(inside: dict[str, Any] | list[Any], dice: random.Random) -> None:
    places: list[Any] = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
    change = dice.choice(("set", "set", "drop", "double"))
    if not places or change == "double":
        again = copy.deepcopy(inside[dice.choice(places)] if places else dice.choice(ODD))
        if isinstance(inside, dict):
            inside["new"] = again
        else:
            inside.append(again)
    elif change == "drop":
        del inside[dice.choice(places)]
    else:
        inside[dice.choice(places)] = copy.deepcopy(dice.choice(ODD))
