"""Ours and the project's own library say the same; published and computed vectors hold; no changed byte is let in."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app.core.standard_webhooks import ID, SIGNATURE, TIMESTAMP, is_signed, new_signing_secret, signed_headers

A = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
B = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
NAME, AT = "msg_01KAJ3W5Y8Q2T7R4N6V9X1Z3BD", 1795253400
PUBLISHED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODIES = [b"", b"{}", b'{"test": 2432232314}', "Łódź ✓ — 😀".encode(), b"a.b.c\n", b" " * 10_000]


def test_published_vector() -> None:
    headers = signed_headers(BODIES[2], [PUBLISHED], message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", now_seconds=1614265330)
    assert headers[SIGNATURE] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_empty_body_and_two_secrets() -> None:
    headers = signed_headers(b"", [B, A], message_id=NAME, now_seconds=AT)
    newer, older = headers[SIGNATURE].split(" ")
    assert older == "v1,Zy7UFmfaUzfYuFDkBu28lnd/AYA+EzsjWo44pfmML+U="
    assert newer != older


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("secret", [A, B, PUBLISHED, new_signing_secret()], ids=["A", "B", "published", "new"])
def test_the_projects_own_library_agrees(body: bytes, secret: str) -> None:
    official, now = Webhook(secret), int(time.time())
    ours = signed_headers(body, [secret], message_id=NAME, now_seconds=now)
    official.verify(body, ours, json_parse=False)
    theirs = official.sign(NAME, datetime.fromtimestamp(now, UTC), body.decode())
    assert is_signed(body, {**ours, SIGNATURE: theirs}, [secret], now_seconds=now)


@pytest.mark.parametrize("part", ["body", ID, TIMESTAMP, SIGNATURE])
def test_no_changed_byte_is_let_in(part: str) -> None:
    """Nor by their library, but for another last character of the Base64 that means the same to it."""
    now, body = int(time.time()), b'{"event":"status_update","partner_order_id":"GRO-1"}'
    headers = {"body": body.decode()} | signed_headers(body, [A], message_id=NAME, now_seconds=now)
    official = Webhook(A)
    for place in range(len(headers[part])):
        for bit in (1, 2, 4):
            changed = headers[part][:place] + chr(ord(headers[part][place]) ^ bit) + headers[part][place + 1 :]
            given = headers | {part: changed}
            content = given["body"].encode()
            assert not is_signed(content, given, [A], now_seconds=now), changed
            if part != SIGNATURE:
                with pytest.raises(WebhookVerificationError):
                    official.verify(content, given, json_parse=False)


@pytest.mark.parametrize(
    "change",
    [
        {ID: ""},
        {TIMESTAMP: "hello"},
        {TIMESTAMP: ""},
        {TIMESTAMP: "9" * 400},
        {TIMESTAMP: f"-{AT}"},
        {TIMESTAMP: "١٧٩٥٢٥٣٤٠٠"},
        {SIGNATURE: ""},
        {SIGNATURE: "v1,"},
        {SIGNATURE: "v1,é"},
        {SIGNATURE: "v1"},
    ],
)
def test_what_is_not_a_signature_is_refused(change: dict[str, str]) -> None:
    headers = signed_headers(b"{}", [A], message_id=NAME, now_seconds=AT)
    assert is_signed(b"{}", headers, [A], now_seconds=AT)
    assert not is_signed(b"{}", headers | change, [A], now_seconds=AT)
    assert not is_signed(b"{}", {name: value for name, value in headers.items() if name not in change}, [A], now_seconds=AT)


@pytest.mark.parametrize(("seconds", "is_in"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_it_is_of_now(seconds: int, is_in: bool) -> None:
    headers = signed_headers(b"{}", [A], message_id=NAME, now_seconds=AT)
    assert is_signed(b"{}", headers, [A], now_seconds=AT + seconds) is is_in


def test_another_version_another_secret_and_bad_ones_beside_a_good_one() -> None:
    headers = signed_headers(b"{}", [A], message_id=NAME, now_seconds=AT)
    good = headers[SIGNATURE]
    assert not is_signed(b"{}", headers, [B], now_seconds=AT)
    assert not is_signed(b"{}", headers | {SIGNATURE: good.replace("v1,", "v2,")}, [A], now_seconds=AT)
    assert is_signed(b"{}", headers | {SIGNATURE: f"v1,AAAA v2,x {good}"}, [A], now_seconds=AT)
    assert is_signed(b"{}", {name.title(): value for name, value in headers.items()}, [B, A], now_seconds=AT)


@pytest.mark.parametrize("secret", ["", "whsec_", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "whsec_AAAA", "whsec_é"])
def test_a_secret_of_another_form_signs_and_verifies_nothing(secret: str) -> None:
    headers = signed_headers(b"{}", [A], message_id=NAME, now_seconds=AT)
    assert signed_headers(b"{}", [secret], message_id=NAME, now_seconds=AT) == {}
    assert not is_signed(b"{}", headers, [secret], now_seconds=AT)
