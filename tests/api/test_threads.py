"""Threads: start, change, guard against each other's changes, and take nothing that is not for the taking."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.accounts.models import BrandMember
from app.domain.events.models import AuditEntry, Event
from app.domain.orders.actions import link_thread
from app.domain.threads.models import Thread
from tests.api.conftest import Caller, World
from tests.domain.orders.factories import make_order
from tests.factories import NOW, make_brand, make_contact, make_message, make_thread

CONTRACT = (
    "id, thread_subject, thread_type, priority, status, channel_id, brand, order_id, customer_contact_id, partner_contact_id, "
    "assigned_to_contact_id, assigned_team_id, created_by_contact_id, created_at, last_message_at, response_due_at, "
    "snoozed_until, tags, external_references, unread"
)
HOSTILE = [
    "'; DROP TABLE threads; --",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "\u202e\ufeff𝒳",
    "%00",
    "a" * 500,
    "\\x00",
    "\n\r\t",
]


def test_threads_are_listed_by_the_order_they_are_about(alice: Caller, world: World, db_session: Session) -> None:
    order = make_order(db_session, world.brand, world.contact)
    link_thread(db_session, order, world.thread.id, now=NOW)
    db_session.commit()
    shown = alice.get(f"/communication/threads?order_id={order.id}").json["items"]
    assert [one["id"] for one in shown] == [str(world.thread.id)]
    assert alice.get(f"/communication/threads?order_id={new_id()}").json["items"] == []


def test_who_a_thread_is_with_is_said_in_its_timeline_also_by_the_api(alice: Caller, world: World, db_session: Session) -> None:
    lotte = make_contact(db_session, "Lotte", value="31600000077")
    make_thread(db_session, world.channel, lotte)  # whoever never wrote to a brand is not seen in it
    db_session.commit()
    for who, event in (("customer", "CustomerChanged"), ("partner", "PartnerChanged")):
        for _again in range(2):
            changed = alice.patch(path_of(world), {f"{who}_contact_id": str(lotte.id)})
            assert changed.json[f"{who}_contact_id"] == str(lotte.id), changed.text  # type: ignore[index]
        said = db_session.execute(sa.select(Event).where(Event.type == event)).scalars().all()
        assert [one.payload["to"] for one in said] == ["Lotte"], "what is as it was says nothing"


def test_its_type_is_changed_as_by_hand_and_a_ticket_stays_one(alice: Caller, world: World, db_session: Session) -> None:
    assert alice.patch(path_of(world), {"thread_type": "complaint"}).json["thread_type"] == "complaint"  # type: ignore[index]
    (said,) = db_session.execute(sa.select(Event.payload).where(Event.type == "ThreadTypeChanged")).scalars()
    assert (said["from"], said["to"]) == ("customer_support", "complaint")
    assert alice.patch(path_of(world), {"thread_type": "internal_ticket"}).status_code == 422


def path_of(world: World) -> str:
    return f"/communication/threads/{world.thread.id}"


def reload(session: Session, world: World) -> Thread:
    session.expire_all()
    return session.get_one(Thread, world.thread.id)


def test_a_thread_has_the_fields_of_the_contract(alice: Caller, world: World) -> None:
    shown = alice.get(path_of(world)).json
    assert shown is not None
    assert list(shown) == CONTRACT.split(", ")
    assert shown["created_at"].endswith("Z")
    assert shown["brand"] == "chargecars"
    assert shown["customer_contact_id"] == str(world.contact.id)


def test_both_prefixes_serve_the_same(alice: Caller, world: World) -> None:
    assert Caller(alice.client, alice.token, "/api").get(path_of(world)).data == alice.get(path_of(world)).data


def test_an_internal_thread_is_started_in_the_only_brand_of_its_author(alice: Caller, world: World) -> None:
    made = alice.post(
        "/communication/threads", {"thread_subject": "Stock count", "thread_type": "internal_task", "tags": ["a", "a"]}
    )
    assert made.status_code == 201, made.text
    assert made.json is not None
    assert made.json["brand"] == "chargecars"
    assert made.json["channel_id"] is None
    assert made.json["tags"] == ["a"]
    assert made.json["created_by_contact_id"] == str(world.alice.contact_id)
    shown = alice.client.get(made.headers["Location"], headers={"Authorization": f"Bearer {alice.token}"})
    assert shown.json == made.json
    assert shown.headers["ETag"] == made.headers["ETag"]


def test_a_conversation_is_started_with_a_channel_and_a_contact(alice: Caller, world: World) -> None:
    body = {
        "thread_subject": "Your quote",
        "channel_id": str(world.channel.id),
        "customer_contact_id": str(world.contact.id),
        "assigned_to_contact_id": str(world.bob.contact_id),
        "priority": "high",
        "external_references": {"crm": "42"},
    }
    made = alice.post("/communication/threads", body)
    assert made.status_code == 201, made.text
    assert made.json is not None
    assert {name: made.json[name] for name in body} == body


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("channel_id", "other_channel"),
        ("customer_contact_id", "other_contact"),
        ("partner_contact_id", "other_contact"),
        ("assigned_to_contact_id", "mallory"),
        ("brand", "laderthuis"),
        ("assigned_team_id", None),
    ],
)
def test_ids_of_another_brand_in_a_body_change_nothing(
    alice: Caller, world: World, db_session: Session, field: str, value: str | None
) -> None:
    foreign = getattr(world, value).id if value and hasattr(world, value) else value or new_id()
    if value == "mallory":
        foreign = world.mallory.contact_id
    count = db_session.scalar(sa.select(sa.func.count(Thread.id)))
    created = alice.post("/communication/threads", {"thread_subject": "x", field: str(foreign)})
    assert (created.status_code, created.json["errors"][0]["field"]) == (422, field)  # type: ignore[index]
    version = reload(db_session, world).version
    changed = alice.patch(path_of(world), {"priority": "low", field: str(foreign)})
    assert (changed.status_code, changed.json["errors"][0]["field"]) == (422, field)  # type: ignore[index]
    assert db_session.scalar(sa.select(sa.func.count(Thread.id))) == count
    assert reload(db_session, world).version == version


def test_somebody_of_several_brands_must_name_one(alice: Caller, world: World, db_session: Session) -> None:
    db_session.add(BrandMember(brand_id=make_brand(db_session, "third").id, user_id=world.alice.id))
    db_session.commit()
    assert alice.post("/communication/threads", {"thread_subject": "x"}).json["errors"][0]["field"] == "brand"  # type: ignore[index]
    mixed = {
        "thread_subject": "x",
        "brand": "third",
        "channel_id": str(world.channel.id),
        "customer_contact_id": str(world.contact.id),
    }
    assert alice.post("/communication/threads", mixed).status_code == 422


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_change_changes_what_is_sent_and_nothing_else(alice: Caller, world: World, db_session: Session, method: str) -> None:
    before = alice.get(path_of(world)).json
    body = {"status": "resolved", "thread_subject": "Solved", "external_references": {"jira": "CC-7"}}
    changed = alice.call(method, path_of(world), json=body)
    assert changed.status_code == 200, changed.text
    assert changed.json == {**(before or {}), **body}
    assert changed.json == alice.get(path_of(world)).json
    types = db_session.scalars(sa.select(Event.type).where(Event.actor_user_id == world.alice.id)).all()
    assert {"ThreadEdited", "ThreadStatusChanged"} <= set(types)
    actions = db_session.scalars(sa.select(AuditEntry.action).where(AuditEntry.actor_user_id == world.alice.id)).all()
    assert {"ThreadEdited", "ThreadStatusChanged"} <= set(actions)
    assert alice.call(method, path_of(world), json=body).headers["ETag"] == changed.headers["ETag"]


def test_the_same_etag_is_needed_where_one_is_named(alice: Caller, world: World, db_session: Session) -> None:
    first = alice.get(path_of(world)).headers["ETag"]
    changed = alice.patch(path_of(world), {"priority": "high"}, headers={"If-Match": first})
    assert changed.status_code == 200
    for stale in (first, '"nonsense"', "nonsense", "", f"W/{changed.headers['ETag']}"):
        late = alice.patch(path_of(world), {"priority": "critical"}, headers={"If-Match": stale})
        assert (late.status_code, late.json["code"]) == (412, "version_conflict"), stale  # type: ignore[index]
    assert reload(db_session, world).priority == "high"
    for good in ("*", changed.headers["ETag"], f'"other", {changed.headers["ETag"]}'):
        assert alice.patch(path_of(world), {"priority": "high"}, headers={"If-Match": good}).status_code == 200
    make_message(db_session, reload(db_session, world), "another")
    db_session.commit()
    assert alice.patch(path_of(world), {"priority": "low"}, headers={"If-Match": changed.headers["ETag"]}).status_code == 412


def test_what_is_known_already_is_not_sent_again(alice: Caller, world: World) -> None:
    etag = alice.get(path_of(world)).headers["ETag"]
    again = alice.get(path_of(world), headers={"If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    assert alice.get(path_of(world), headers={"If-None-Match": '"old"'}).status_code == 200


def test_only_listed_columns_can_be_written(alice: Caller, world: World, db_session: Session) -> None:
    allowed = {"priority", "status", "thread_type", "tags", "external_references"}
    columns = {column.key for column in Thread.__table__.columns} - allowed
    names = columns | {"order_id", "unread_count", "created_by_contact_id", "last_message_at", "response_due_at", "__class__"}
    for name in sorted(names):
        for answer in (
            alice.patch(path_of(world), {name: str(new_id())}),
            alice.put(path_of(world), {name: 1}),
            alice.post("/communication/threads", {"thread_subject": "x", name: "1"}),
        ):
            if name in ("channel_id",) and answer.request.method == "POST":
                continue
            assert answer.status_code == 422, (name, answer.text)
            assert answer.json["errors"][0]["field"] == name  # type: ignore[index]
    assert reload(db_session, world).version == world.thread.version


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_as_text_in_every_field(alice: Caller, world: World, text: str) -> None:
    tag = text.strip()[:50]
    body = {"thread_subject": text, "external_references": {"key " + text[:50]: text}, **({"tags": [tag]} if tag else {})}
    changed = alice.patch(path_of(world), body)
    assert changed.status_code == 200, changed.text
    shown = {**body, "thread_subject": " ".join(text.split())}  # a subject is one line
    assert {name: changed.json[name] for name in body} == shown  # type: ignore[index]
    assert len(alice.get("/communication/threads").json["items"]) == 1  # type: ignore[index]


@pytest.mark.parametrize(
    "body",
    [
        {"thread_subject": "\x00"},
        {"thread_subject": "\ud800"},
        {"thread_subject": "x" * 501},
        {"tags": ["x" * 51]},
        {"tags": ["x"] * 51},
        {"tags": [""]},
        {"tags": ["\x00"]},
        {"tags": "x"},
        {"external_references": {"\x00": "x"}},
        {"external_references": {"x": "\udfff"}},
        {"external_references": {"x": {"y": "z"}}},
        {"external_references": {str(n): "x" for n in range(51)}},
        {"status": "OPEN"},
        {"status": None},
        {"priority": 3},
        {"unread": True},
        {"assigned_to_contact_id": "7"},
        {"customer_contact_id": None},
        {"status": ["open"]},
        {"status": {"$ne": "open"}},
    ],
    ids=str,
)
def test_a_change_that_makes_no_sense_is_refused_by_field(
    alice: Caller, world: World, db_session: Session, body: dict[str, Any]
) -> None:
    answer = alice.patch(path_of(world), body)
    assert answer.status_code == 422, answer.text
    assert answer.json["errors"][0]["field"].split(".")[0] == next(iter(body))  # type: ignore[index]
    assert reload(db_session, world).version == world.thread.version


def test_reading_a_thread_is_told_with_unread_false(alice: Caller, world: World) -> None:
    assert alice.get(path_of(world)).json["unread"] is True  # type: ignore[index]
    assert alice.patch(path_of(world), {"unread": False}).json["unread"] is False  # type: ignore[index]
