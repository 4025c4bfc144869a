"""The event webhook's signature: ours, the vendor's own verifier, and every way to change one byte."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from sendgrid.helpers.eventwebhook import EventWebhook

from app.providers.sendgrid.signature import SIGNATURE, TIMESTAMP, is_signed, read_public_key
from tests.support.full import amount

KEY = ec.generate_private_key(ec.SECP256R1())
BODY = b'[{"email":"jan@example.nl","event":"delivered","sg_event_id":"a"}]\r\n'
STAMP = "1795234570"


def public_key(key: ec.EllipticCurvePrivateKey = KEY) -> str:
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def sign(body: bytes = BODY, stamp: str = STAMP, key: ec.EllipticCurvePrivateKey = KEY) -> str:
    return base64.b64encode(key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()


def ours(body: bytes, signature: str, stamp: str, *keys: str) -> bool:
    return is_signed({SIGNATURE.title(): signature, TIMESTAMP.upper(): stamp}, body, keys or (public_key(),))


def theirs(body: bytes, signature: str, stamp: str) -> bool:
    verifier = EventWebhook()
    key = verifier.convert_public_key_to_ecdsa(public_key())
    return bool(verifier.verify_signature(body.decode("latin-1"), signature, stamp, key))


def test_what_the_vendor_verifies_we_verify() -> None:
    signature = sign()
    assert theirs(BODY, signature, STAMP)
    assert ours(BODY, signature, STAMP)


@pytest.mark.parametrize("place", range(len(BODY)))
def test_every_changed_byte_of_the_body_is_refused_by_both(place: int) -> None:
    changed = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
    signature = sign()
    assert not ours(changed, signature, STAMP)
    assert not theirs(changed, signature, STAMP)


def test_every_changed_byte_of_the_stamp_is_refused_by_both() -> None:
    signature = sign()
    for place in range(len(STAMP)):
        changed = STAMP[:place] + chr(ord(STAMP[place]) ^ 1) + STAMP[place + 1 :]
        assert not ours(BODY, signature, changed)
        assert not theirs(BODY, signature, changed)


def test_every_other_letter_in_every_place_of_the_signature_is_refused() -> None:
    """Also where base64 has bits that nobody reads, which lenient readers pass over."""
    signature = sign()
    for place in range(len(signature)):
        for letter in "Aa0+/=\n é":
            changed = signature[:place] + letter + signature[place + 1 :]
            assert changed == signature or not ours(BODY, changed, STAMP)


def test_lost_line_end_is_refused_by_both() -> None:
    signature = sign()
    assert not ours(BODY.rstrip(), signature, STAMP)
    assert not theirs(BODY.rstrip(), signature, STAMP)


def test_another_key_is_refused_and_two_keys_count_while_one_replaces_the_other() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    assert not ours(BODY, sign(key=other), STAMP)
    assert ours(BODY, sign(key=other), STAMP, public_key(), public_key(other))


@pytest.mark.parametrize("key", ["", "no key", "AAAA", base64.b64encode(b"x" * 91).decode()])
def test_a_key_that_is_none_signs_nothing(key: str) -> None:
    assert read_public_key(key) is None
    assert not ours(BODY, sign(), STAMP, key)


def test_missing_headers_are_no_signature() -> None:
    assert not is_signed({}, BODY, (public_key(),))


@given(st.binary(max_size=200), st.text(max_size=120), st.text(max_size=20))
@settings(max_examples=amount(60, full=200))
def test_nothing_a_stranger_posts_raises(body: bytes, signature: str, stamp: str) -> None:
    assert not ours(body, signature, stamp)
