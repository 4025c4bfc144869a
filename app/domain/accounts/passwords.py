"""Hash and check passwords with argon2id, outside the event loop. A check takes the same time whether the account exists or
not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import lazy_gettext as _l

MIN_CHARACTERS, MAX_CHARACTERS = 12, 256
DISTINCT_CHARACTERS = 4
WORDS_FILE = Path(__file__).with_name("common_words.txt")
# What fingers type without a thought, forwards and backwards.
RUNS = (
    "0123456789" * 3,
    "abcdefghijklmnopqrstuvwxyz" * 2,
    "qwertyuiopasdfghjklzxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
)
_LEET = str.maketrans("013457@$!€", "oieastasie")

# Memory in KiB. Stronger than this would cost the two cores of a small server more than it costs a guesser.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Compared against when there is no such account, so that the answer takes as long.
_NOBODY = _hasher.hash("nobody has this password")
T = TypeVar("T")


class WeakPassword(ValueError):
    """Raised when a new password is refused. The message says what to do, in the reader's language."""


def check_strength(password: str, *, about: Iterable[str] = ()) -> None:
    """Raise `WeakPassword` for a password that is too short, too long or easy to guess. Digits or special characters are not
    required.

    `about` are words related to the account, such as the user's name and email address. They count as easy to guess.
    """
    if len(password) < MIN_CHARACTERS:
        raise WeakPassword(_l("Use at least %(count)s characters. A short sentence is fine.", count=MIN_CHARACTERS))
    if len(password) > MAX_CHARACTERS:
        raise WeakPassword(_l("Use at most %(count)s characters.", count=MAX_CHARACTERS))
    if len(set(password)) < DISTINCT_CHARACTERS or _is_run(password) or _is_made_of(password, about):
        raise WeakPassword(_l("This password is too easy to guess. Use a few words that do not belong together."))


def _is_run(password: str) -> bool:
    plain = re.sub(r"\W", "", password.lower())
    return any(plain in run or plain in run[::-1] for run in RUNS)


def _is_made_of(password: str, about: Iterable[str]) -> bool:
    """Return whether a password consists only of common words and words about the account. Digits and signs between letters are
    ignored, or read as the letters they resemble."""
    own = {part for text in about for part in re.split(r"[^a-z]+", text.lower()) if len(part) > 2}
    words = re.compile("(?:" + "|".join(sorted(_common_words() | own, key=len, reverse=True)) + ")+")
    lowered = password.lower()
    as_letters = (lowered, lowered.translate(_LEET), lowered.rstrip("0123456789!?.").translate(_LEET))
    spellings = (re.sub(r"[\W\d_]", "", text) for text in as_letters)
    return any(words.fullmatch(letters) for letters in spellings)


@lru_cache(maxsize=1)
def _common_words() -> frozenset[str]:
    return frozenset(line for line in WORDS_FILE.read_text().split() if not line.startswith("#"))


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password. Costs about 20 ms of one core and 19 MiB."""
    return _off_the_loop(lambda: _hasher.hash(password))


def verify_password(password: str, password_hash: str | None) -> bool:
    """Return whether the password matches the hash. If the hash is None or "", return False after the same time."""
    known = password_hash or _NOBODY
    return _off_the_loop(lambda: _matches(known, password)) and bool(password_hash)


def needs_rehash(password_hash: str) -> bool:
    """Return whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return len(password) <= MAX_CHARACTERS and _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _off_the_loop(work: Callable[[], T]) -> T:
    """Run a hash function in a thread of gevent's pool (at most ten threads) and return its result. In the event loop it would
    block all sockets."""
    try:
        from gevent import get_hub
        from gevent.monkey import is_module_patched
    except ImportError:
        return work()
    return get_hub().threadpool.apply(work) if is_module_patched("threading") else work()
