"""What we send to push services: the example of the standard, and what the standard forbids."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from app.providers.web_push.encryption import (
    CURVE,
    MOST_BODY_BYTES,
    MOST_PLAIN_BYTES,
    BadSubscription,
    BrowserKeys,
    TooMuchToPush,
    from_base64url,
    point_of,
    seal,
    to_base64url,
)
from app.providers.web_push.vapid import authorization
from app.sandbox.simulators.notices.sealed import unseal

# RFC 8291, appendix A.
BROWSER_PRIVATE = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
SERVER_PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
PLAIN = b"When I grow up, I want to be a watermelon"


def private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(from_base64url(text), "big"), CURVE)


def test_the_example_of_the_standard() -> None:
    browser = private(BROWSER_PRIVATE)
    keys = BrowserKeys.parse(to_base64url(point_of(browser.public_key())), AUTH)
    body = seal(PLAIN, keys, ours=private(SERVER_PRIVATE), salt=from_base64url(SALT))
    assert to_base64url(body) == BODY
    assert unseal(body, private_key=browser, auth=keys.auth) == PLAIN


def test_the_longest_message_fits_and_one_more_byte_does_not() -> None:
    browser = ec.generate_private_key(CURVE)
    keys = BrowserKeys(point_of(browser.public_key()), b"a" * 16)
    body = seal(b"x" * MOST_PLAIN_BYTES, keys)
    assert len(body) == MOST_BODY_BYTES
    assert unseal(body, private_key=browser, auth=keys.auth) == b"x" * MOST_PLAIN_BYTES
    with pytest.raises(TooMuchToPush):
        seal(b"x" * (MOST_PLAIN_BYTES + 1), keys)


def test_two_messages_of_the_same_words_differ() -> None:
    keys = BrowserKeys(point_of(ec.generate_private_key(CURVE).public_key()), b"a" * 16)
    assert seal(b"same", keys) != seal(b"same", keys)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [("", AUTH), ("AAAA", AUTH), (to_base64url(b"\x04" + b"\x01" * 64), AUTH), ("é" * 87, AUTH), ("!" * 87, AUTH)],
)
def test_keys_that_are_none_are_refused(p256dh: str, auth: str) -> None:
    with pytest.raises(BadSubscription):
        BrowserKeys.parse(p256dh, auth)


def test_a_secret_of_another_length_is_refused() -> None:
    point = to_base64url(point_of(private(BROWSER_PRIVATE).public_key()))
    with pytest.raises(BadSubscription):
        BrowserKeys.parse(point, to_base64url(b"short"))


def test_the_token_names_the_service_and_is_signed_with_our_key() -> None:
    key = ec.generate_private_key(CURVE)
    header = authorization(key, endpoint="https://push.example:8443/x/y?z", contact="mailto:a@b.example", now_seconds=1_000_000)
    token, own = header.removeprefix("vapid t=").split(",k=")
    head, claims, signature = token.split(".")
    assert json.loads(from_base64url(head)) == {"typ": "JWT", "alg": "ES256"}
    said = json.loads(from_base64url(claims))
    assert said == {"aud": "https://push.example:8443", "exp": 1_000_000 + 12 * 3600, "sub": "mailto:a@b.example"}
    assert from_base64url(own) == point_of(key.public_key())
    raw = base64.urlsafe_b64decode(signature + "==")
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.public_key().verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
