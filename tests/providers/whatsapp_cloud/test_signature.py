"""The door: signatures and the handshake."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from pywa.utils import webhook_updates_validator

from app.providers.whatsapp_cloud.adapter import WhatsAppAdapter
from app.providers.whatsapp_cloud.webhook import challenge_answer, sign

BODY = b'{"object":"whatsapp_business_account","entry":[]}'
SIGNATURE = "sha256=d3e4f9da0ce6c71ab3dba55929b8eeeee2455349e534924ead19f98d143e904f"


@pytest.fixture
def verify(offline_adapter: WhatsAppAdapter):
    def check(
        signature: object = SIGNATURE,
        *,
        body: bytes = BODY,
        secrets: tuple[str, ...] = ("app-secret",),
        name: str = "X-Hub-Signature-256",
    ):
        return offline_adapter.verify(headers={name: signature}, body=body, secrets=secrets)

    return check


def test_metas_published_vector_is_accepted(verify):
    assert verify()


def test_header_name_is_found_in_any_case(verify):
    assert verify(name="x-hub-signature-256")


def test_either_of_two_secrets_is_accepted_during_a_rotation(verify):
    assert verify(secrets=("new-secret", "app-secret"))
    assert verify(secrets=("app-secret", "new-secret"))


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        SIGNATURE[:-1],
        SIGNATURE[:-1] + "0",
        SIGNATURE + "0",
        SIGNATURE.upper(),
        SIGNATURE.removeprefix("sha256="),
        "sha1=" + hmac.new(b"app-secret", BODY, hashlib.sha1).hexdigest(),
        "sha256=" + "é" * 64,
        "sha256=" + "\ud800" * 64,
        None,
        SIGNATURE.encode(),
    ],
)
def test_anything_but_the_signature_is_refused_without_raising(verify, signature):
    assert not verify(signature)


def test_the_older_sha1_header_alone_is_not_looked_at(verify):
    assert not verify("sha1=" + hmac.new(b"app-secret", BODY, hashlib.sha1).hexdigest(), name="X-Hub-Signature")


def test_without_a_secret_nothing_is_accepted(verify):
    unkeyed = "sha256=" + hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    assert not verify(unkeyed, secrets=())
    assert not verify(unkeyed, secrets=("",))


def test_re_serialised_json_is_refused_because_the_raw_bytes_are_signed(verify):
    body = rb'{"name":"Ren\u00e9e","url":"https:\/\/example.nl"}'
    signature = "sha256=" + hmac.new(b"app-secret", body, hashlib.sha256).hexdigest()
    assert verify(signature, body=body)
    assert not verify(signature, body=json.dumps(json.loads(body)).encode())


def test_handshake_answers_the_challenge_for_the_right_token():
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "tøken"}
    assert challenge_answer(asked, "tøken") == "1158201444"


@pytest.mark.parametrize(
    ("changes", "token"),
    [
        ({"hub.verify_token": "wrong"}, "tøken"),
        ({"hub.verify_token": ""}, ""),
        ({"hub.mode": "unsubscribe"}, "tøken"),
        ({"hub.challenge": ""}, "tøken"),
        ({}, ""),
    ],
)
def test_handshake_is_refused_otherwise(changes, token):
    asked = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "tøken"} | changes
    assert challenge_answer(asked, token) is None


def test_handshake_without_any_argument_is_refused():
    assert challenge_answer({}, "token") is None


@pytest.mark.parametrize(
    "body", [b"", BODY, "Ge\u00efnstalleerd \u2713 \U0001f600".encode(), b'{"a":"\\u00e9\\/"}', b"\x00\xff\n" * 1000]
)
@pytest.mark.parametrize("secret", ["app-secret", "\u00e9", "0" * 200])
def test_a_clients_verifier_agrees(verify, body, secret):
    signature = sign(secret, body)
    assert webhook_updates_validator(secret, body, signature)
    assert verify(signature, body=body, secrets=(secret,))


def test_no_changed_byte_is_let_in_by_either(verify):
    for place in range(len(BODY)):
        changed = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
        assert not verify(body=changed)
        assert not webhook_updates_validator("app-secret", changed, SIGNATURE)
    for place in range(len(SIGNATURE)):
        other = SIGNATURE[:place] + ("0" if SIGNATURE[place] != "0" else "1") + SIGNATURE[place + 1 :]
        assert not verify(other)
        assert place < len("sha256=") or not webhook_updates_validator("app-secret", BODY, other)
