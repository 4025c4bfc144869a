"""Password hashes: argon2id, made off the event loop, with the same cost whether the account exists or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_CHARACTERS, MAX_CHARACTERS = 12, 256
COMMON = frozenset(
    word * n
    for n in (1, 2)
    for word in (
        "password",
        "wachtwoord",
        "welkom",
        "welcome",
        "switchyard",
        "qwerty",
        "azerty",
        "123456",
        "motdepasse",
        "letmein",
    )
)

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Compared against when there is no such account, so that the answer takes as long.
_NOBODY = _hasher.hash("nobody has this password")
T = TypeVar("T")


class WeakPassword(ValueError):
    """The password is refused; the message says what to do."""


def check_strength(password: str) -> None:
    """Raise WeakPassword for one that is too short, too long or known to everybody. No rules about kinds of characters."""
    if len(password) < MIN_CHARACTERS:
        raise WeakPassword(f"Use at least {MIN_CHARACTERS} characters; a short sentence is fine")
    if len(password) > MAX_CHARACTERS:
        raise WeakPassword(f"Use at most {MAX_CHARACTERS} characters")
    if password.lower().rstrip("0123456789!?.") in COMMON or len(set(password)) < 4:
        raise WeakPassword("This password is too easy to guess; use a short sentence")


def hash_password(password: str) -> str:
    """Return the argon2id hash; about 20 ms of one core and 19 MiB."""
    return _off_the_loop(lambda: _hasher.hash(password))


def verify_password(password: str, password_hash: str | None) -> bool:
    """True if they belong together. An account without a hash costs the same time and is never right."""
    known = password_hash or _NOBODY
    return _off_the_loop(lambda: _matches(known, password)) and password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """True if the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password[:MAX_CHARACTERS])
    except (VerificationError, InvalidHashError):
        return False


def _off_the_loop(work: Callable[[], T]) -> T:
    """Under gevent a hash in the event loop would make every socket wait; a thread of its pool does it instead."""
    try:
        from gevent import get_hub
        from gevent.monkey import is_module_patched
    except ImportError:
        return work()
    return get_hub().threadpool.apply(work) if is_module_patched("threading") else work()
