"""Bodies that are not what they should be: a clear answer, nothing stored, never a 500."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.contacts.models import Contact
from tests.api.conftest import Caller, World


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"not json", 400),
        (b'{"name": NaN}', 400),
        (b'{"name": Infinity}', 400),
        (b'{"name": "\xff\xfe"}', 400),
        ('{"name": "x"}'.encode("utf-16"), 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 500 + b"1" + b"}" * 500, 400),
        (b"1" * 10_000, 400),
        (b"[]", 422),
        (b"null", 422),
        (b'"{}"', 422),
        (b'"{\\"name\\": \\"x\\"}"', 422),
        (b"7", 422),
        (b"{}", 422),
        (b'{"name": "\\ud800"}', 422),
        (b'{"name": "\\u0000"}', 422),
        (b'{"name": "x", "name": 3}', 422),
    ],
)
def test_a_body_that_is_no_good_is_refused(alice: Caller, db_session: Session, body: bytes, status: int) -> None:
    before = db_session.scalar(sa.select(sa.func.count(Contact.id)))
    answer = alice.call("POST", "/contacts", data=body, content_type="application/json")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
    assert db_session.scalar(sa.select(sa.func.count(Contact.id))) == before


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", None]
)
def test_another_content_type_is_refused(alice: Caller, kind: str | None) -> None:
    answer = alice.call("POST", "/contacts", data=b'{"name": "x"}', content_type=kind)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")  # type: ignore[index]


def test_a_compressed_body_is_refused(alice: Caller) -> None:
    headers = {"Content-Encoding": "gzip"}
    assert alice.call("POST", "/contacts", data=b"x", content_type="application/json", headers=headers).status_code == 415


def test_json_may_name_its_charset(alice: Caller) -> None:
    sent = alice.call("POST", "/contacts", data='{"name": "Zoë"}'.encode(), content_type="application/json; charset=utf-8")
    assert (sent.status_code, sent.json["name"]) == (201, "Zoë")  # type: ignore[index]


def test_too_large_a_body_is_refused(alice: Caller, world: World) -> None:
    body = b'{"name": "' + b"x" * (13 * 1024 * 1024) + b'"}'
    answer = alice.call("POST", "/contacts", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (413, "payload_too_large")  # type: ignore[index]


def test_every_fault_is_named_and_nothing_that_was_sent_is_repeated(alice: Caller) -> None:
    body = {"name": "", "emails": ["hunter2"], "phones": ["12"], "password": "hunter2", "contact_type": "robot"}
    answer = alice.post("/contacts", body)
    assert answer.status_code == 422
    fields = [e["field"] for e in answer.json["errors"]]  # type: ignore[index]
    assert sorted(fields) == ["contact_type", "emails.0", "name", "password", "phones.0"]
    assert "hunter2" not in answer.text


def test_a_problem_has_the_number_of_its_request(alice: Caller) -> None:
    answer = alice.get("/contacts?limit=0")
    assert answer.json["instance"] == f"urn:uuid:{answer.headers['X-Request-Id']}"  # type: ignore[index]
    assert alice.get("/contacts").headers["X-Request-Id"] != answer.headers["X-Request-Id"]
