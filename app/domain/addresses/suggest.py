"""Suggest addresses of the register while somebody types one. Without the register there are no suggestions; typing goes on."""

from __future__ import annotations

import json

import redis

from app.contract.address_register import UnableToAsk, folded
from app.core.runtime import runtime
from app.domain.addresses.pace import is_our_turn

LEAST_CHARACTERS, MOST_CHARACTERS = 3, 100
KEPT_SECONDS = 24 * 3600


def suggest_addresses(words: str) -> tuple[str, ...]:
    """Return addresses of the register in which the typed words occur, on one line each.

    Return () for fewer than LEAST_CHARACTERS characters, or if the register cannot be asked now. Call this outside a
    transaction: it waits for the register.
    """
    wanted = folded(words)[:MOST_CHARACTERS]
    if len(wanted) < LEAST_CHARACTERS:
        return ()
    name = f"suggested:{wanted}"
    kept = _read(name)
    if kept is not None:
        return kept
    if not is_our_turn():
        return ()
    try:
        found = runtime().register.suggest(wanted)
    except UnableToAsk:
        return ()
    _write(name, found)
    return found


def _read(name: str) -> tuple[str, ...] | None:
    try:
        kept = runtime().redis.get(name)
    except redis.RedisError:
        return None
    return None if kept is None else tuple(json.loads(kept))


def _write(name: str, found: tuple[str, ...]) -> None:
    try:
        runtime().redis.set(name, json.dumps(found), ex=KEPT_SECONDS)
    except redis.RedisError:
        return
