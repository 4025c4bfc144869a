"""Secrets at rest: what opens, what must not, and how keys are changed."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.crypto import BadKeys, Keyring, UnableToDecrypt, generate_key, parse_keys

OLD, NEW = bytes(range(32)), bytes(range(100, 132))
PLACE: dict[str, Any] = {
    "table": "partner_integration",
    "column": "signing_secret",
    "row_id": "7d0f6f0e-0000-4000-8000-000000000001",
}


def test_published_vector_opens() -> None:
    sealed = bytes.fromhex("306aa57ea6baa763ec2ce7e7d4b974638f2a70682f8585dadbf80e92b9")
    blob = b"\x01" + (7).to_bytes(2, "big") + bytes(range(12)) + sealed

    assert Keyring({7: OLD}).decrypt(blob, **PLACE) == b"whsec_example"


def test_sealed_value_opens_in_its_place() -> None:
    keyring = Keyring({1: OLD})
    blob = keyring.encrypt("geheim ✓".encode(), **PLACE)

    assert keyring.decrypt(blob, **PLACE) == "geheim ✓".encode()
    assert blob[:3] == b"\x01\x00\x01"
    assert len(blob) == 1 + 2 + 12 + len("geheim ✓".encode()) + 16


@pytest.mark.parametrize("moved", [{"table": "users"}, {"column": "token"}, {"row_id": "7d0f6f0e-0000-4000-8000-000000000002"}])
def test_value_moved_to_another_place_does_not_open(moved: dict[str, str]) -> None:
    keyring = Keyring({1: OLD})
    blob = keyring.encrypt(b"secret", **PLACE)

    with pytest.raises(UnableToDecrypt):
        keyring.decrypt(blob, **PLACE | moved)


def test_any_flipped_bit_is_noticed() -> None:
    keyring = Keyring({1: OLD, 257: NEW, 3: NEW[::-1]})
    blob = keyring.encrypt(b"secret", **PLACE)

    for bit in range(len(blob) * 8):
        flipped = bytearray(blob)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(UnableToDecrypt):
            keyring.decrypt(bytes(flipped), **PLACE)


@pytest.mark.parametrize("blob", [b"", b"\x01", b"plain text that was never sealed at all", b"\x01\x00\x01" + b"x" * 27])
def test_what_was_never_sealed_is_refused(blob: bytes) -> None:
    with pytest.raises(UnableToDecrypt):
        Keyring({1: OLD}).decrypt(blob, **PLACE)


def test_same_plaintext_never_looks_the_same() -> None:
    keyring = Keyring({1: OLD})

    assert len({keyring.encrypt(b"secret", **PLACE) for _ in range(100)}) == 100


def test_newest_key_seals_and_old_values_still_open() -> None:
    before = Keyring({1: OLD})
    during = Keyring({2: NEW, 1: OLD})
    blob = before.encrypt(b"secret", **PLACE)
    again = during.encrypt(during.decrypt(blob, **PLACE), **PLACE)

    assert (during.needs_rotation(blob), during.needs_rotation(again)) == (True, False)
    assert Keyring({2: NEW}).decrypt(again, **PLACE) == b"secret"


def test_missing_old_key_is_named() -> None:
    blob = Keyring({1: OLD}).encrypt(b"secret", **PLACE)

    with pytest.raises(UnableToDecrypt, match="key 1, which is not in the keyring"):
        Keyring({2: NEW}).decrypt(blob, **PLACE)


def test_keys_are_read_newest_first() -> None:
    keys = parse_keys(f" {generate_key(12)}, {generate_key(3)} ,")

    assert (list(keys), {len(key) for key in keys.values()}) == ([12, 3], {32})


def test_generated_keys_differ() -> None:
    assert generate_key() != generate_key()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " , ",
        "abc",
        "1:abc",
        "1:" + "A" * 20,
        "x:" + "A" * 44,
        "70000:" + "A" * 43 + "=",
        "1:" + "A" * 43 + "=,1:" + "B" * 43 + "=",
    ],
)
def test_unusable_keys_are_refused_without_being_shown(text: str) -> None:
    with pytest.raises(BadKeys) as refused:
        parse_keys(text)

    assert "AAA" not in str(refused.value)


def test_keyring_refuses_short_keys_and_none_at_all() -> None:
    for keys in ({}, {1: b"short"}):
        with pytest.raises(BadKeys):
            Keyring(keys)
