"""Which passwords are refused, and that hashing leaves the event loop alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.domain.accounts.passwords import WeakPassword, check_strength, hash_password, needs_rehash, verify_password


@pytest.mark.parametrize(
    "password",
    [
        "", "elevenchars", "x" * 257, "aaaaaaaaaaaa", "123456789012", "210987654321", "abcdefghijklm", "qwertyuiopas",
        "1qaz2wsx3edc", "passwordpassword", "Password1234!", "P@ssw0rd2026", "Welkom2026!!!", "welkomwelkom1", "Switchyard2026",
        "iloveyou1234", "monkey dragon", "zomer2026zomer", "motdepasse123", "alice.bakker1", "ALICEALICE2026",
    ],
)  # fmt: skip
def test_passwords_that_are_guessed_first_are_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_strength(password, about=("Alice Bakker", "alice@chargecars.example"))


@pytest.mark.parametrize(
    "password",
    [
        "paars stoeltje drie",
        "correct horse battery staple",
        "739201847562",
        "Zoë eet graag ☃ ijs",
        "x7#kQ2!mPz9@",
        "é" * 6 + "abcdef",
        "a b x " * 40,
    ],
)
def test_other_passwords_of_any_characters_are_taken(password: str) -> None:
    check_strength(password, about=("Alice Bakker", "alice@chargecars.example"))


def test_a_hash_is_argon2id_with_the_written_costs_and_never_twice_the_same() -> None:
    first, second = hash_password("paars stoeltje drie"), hash_password("paars stoeltje drie")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert not needs_rehash(first)
    assert verify_password("paars stoeltje drie", first)


@pytest.mark.parametrize("password_hash", [None, "", "not a hash", "$argon2id$v=19$m=1"])
def test_no_hash_or_a_broken_one_is_never_right(password_hash: str | None) -> None:
    assert not verify_password("", password_hash)
    assert not verify_password("nobody has this password", password_hash)


def test_a_password_beyond_the_longest_is_not_hashed_at_all() -> None:
    known = hash_password("x" * 256 + "y")
    assert not verify_password("x" * 256 + "y", known)


@pytest.mark.processes
def test_under_gevent_other_greenlets_go_on_while_a_password_is_hashed() -> None:
    """In a process of its own, because monkey-patching is for ever."""
    program = """
from gevent import monkey; monkey.patch_all()
import gevent
from app.domain.accounts.passwords import hash_password
ticks = 0
def tick():
    global ticks
    while True:
        gevent.sleep(0.001)
        ticks += 1
gevent.spawn(tick)
gevent.sleep(0)
before = ticks
gevent.joinall([gevent.spawn(hash_password, "paars stoeltje drie") for _ in range(3)], raise_error=True)
print(ticks - before)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=600)
    assert int(result.stdout) >= 10
