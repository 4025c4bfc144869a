"""Lists: every filter, and what a list refuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy.orm import Session

from app.contract.base import DeliveryStatus
from app.core.ids import new_id
from app.domain.accounts.models import Team, TeamMember
from app.domain.contacts.models import ContactType
from app.domain.threads.models import MessageType, Priority, ThreadStatus, ThreadType
from tests.api.conftest import Caller, World
from tests.factories import NOW, make_message


def everything(caller: Caller, path: str, **query: Any) -> list[dict[str, Any]]:
    """Walk all pages."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        asked = {**query, **({"cursor": cursor} if cursor else {})}
        page = caller.get(f"{path}?{urlencode(asked)}")
        assert page.status_code == 200, page.text
        assert page.json is not None
        assert len(page.json["items"]) <= query.get("limit", 50)
        items += page.json["items"]
        cursor = page.json["next_cursor"]
        if cursor is None:
            return items


BAD = ["limit=0", "limit=201", "limit=x", "limit=", "limit=1e2", "sort=priority", "sort=", "sort=created_at;drop", "unknown=1"]
BAD_CURSORS = ["cursor=abc", "cursor=%00", "cursor=W10", "cursor=" + "A" * 1001, "cursor=bnVsbA"]
LISTS = [
    "/communication/threads",
    "/communication/messages",
    "/contacts",
    "/tasks",
    "/templates",
    "/channels",
    "/users",
    "/teams",
]


@pytest.mark.parametrize("bad", BAD + BAD_CURSORS)
@pytest.mark.parametrize("path", LISTS)
def test_a_list_refuses_what_it_does_not_know(alice: Caller, path: str, bad: str) -> None:
    answer = alice.get(f"{path}?{bad}")
    assert answer.status_code == 422, answer.text
    assert answer.json is not None
    assert answer.json["errors"][0]["field"] == bad.split("=")[0]


OF_CUSTOMERS = [kind for kind in ThreadType if kind is not ThreadType.INTERNAL_TICKET]  # nothing becomes a ticket


@pytest.mark.parametrize(
    ("field", "values"),
    [("status", ThreadStatus), ("priority", Priority), ("thread_type", OF_CUSTOMERS)],
)
def test_threads_are_filtered_by_every_value(alice: Caller, world: World, field: str, values: Any) -> None:
    for value in values:
        assert alice.patch(f"/communication/threads/{world.thread.id}", {field: value.value}).status_code == 200
        found = everything(alice, "/communication/threads", **{field: value.value})
        assert [t["id"] for t in found] == [str(world.thread.id)]
        assert found[0][field] == value.value
    assert alice.get(f"/communication/threads?{field}=nonsense").status_code == 422


def test_threads_are_filtered_by_people_tags_and_unread(alice: Caller, world: World, db_session: Session) -> None:
    team = Team(id=new_id(), name="Technicians")
    db_session.add_all([team, TeamMember(team_id=team.id, user_id=world.bob.id)])
    db_session.commit()
    thread = {"id": str(world.thread.id)}
    path = f"/communication/threads/{thread['id']}"

    def found(**query: Any) -> bool:
        return [t["id"] for t in everything(alice, "/communication/threads", **query)] == [thread["id"]]

    assert found(assigned_to_contact_id="none", assigned_team_id="none", unread="true")
    changed = alice.patch(
        path,
        {
            "assigned_to_contact_id": str(world.bob.contact_id),
            "assigned_team_id": str(team.id),
            "partner_contact_id": str(world.contact.id),
            "tags": ["warranty", "x'; --"],
            "unread": False,
        },
    )
    assert changed.status_code == 200, changed.text
    for query in (
        {"assigned_to_contact_id": str(world.bob.contact_id)},
        {"assigned_team_id": str(team.id)},
        {"partner_contact_id": str(world.contact.id)},
        {"customer_contact_id": str(world.contact.id)},
        {"channel_id": str(world.channel.id)},
        {"brand": world.brand.key},
        {"tags": "x'; --"},
        {"unread": "false"},
    ):
        assert found(**query), query
    for query in (
        {"assigned_to_contact_id": "none"},
        {"assigned_to_contact_id": str(world.alice.contact_id)},
        {"assigned_to_contact_id": str(new_id())},
        {"brand": world.other_brand.key},
        {"brand": "nonsense"},
        {"tags": "other"},
        {"unread": "true"},
        {"created_by_contact_id": str(world.alice.contact_id)},
    ):
        assert not found(**query), query


def test_messages_are_filtered_by_every_field(alice: Caller, world: World, db_session: Session) -> None:
    made = {
        kind: make_message(
            db_session, world.thread, kind.value, message_type=kind, at=NOW + timedelta(minutes=1), sender_user_id=world.bob.id
        )
        for kind in MessageType
        if kind != MessageType.INCOMING
    }
    made[MessageType.INCOMING] = world.message
    statuses = list(DeliveryStatus)
    for kind, message in made.items():
        found = everything(alice, "/communication/messages", thread_id=world.thread.id, message_type=kind.value)
        assert [m["id"] for m in found] == [str(message.id)]
    ways = {m["direction"] for m in everything(alice, "/communication/messages", thread_id=world.thread.id)}
    assert ways == {"incoming", "outgoing", "internal"}
    for way, count in (("incoming", 1), ("outgoing", 2), ("internal", 3)):
        assert len(everything(alice, "/communication/messages", direction=way)) == count
    assert everything(alice, "/communication/messages", direction="incoming", message_type="outgoing") == []
    by_bob = everything(alice, "/communication/messages", sender_contact_id=world.bob.contact_id)
    assert len(by_bob) == len(made) - 1
    for status in statuses:
        made[MessageType.OUTGOING].delivery_status = status.value
        db_session.commit()
        found = everything(alice, "/communication/messages", delivery_status=status.value)
        assert [m["delivery_status"] for m in found] == [status.value]


def test_contacts_are_filtered_by_type_name_and_address(alice: Caller, world: World) -> None:
    made = alice.post("/contacts", {"name": "Zorg & Co 100%", "contact_type": "organization", "emails": ["Info@Zorg.example"]})
    assert made.json is not None
    for query in (
        {"contact_type": ContactType.ORGANIZATION.value},
        {"name": "zorg"},
        {"name": "100%"},
        {"email": "INFO@zorg.example"},
    ):
        assert [c["id"] for c in everything(alice, "/contacts", **query)] == [made.json["id"]], query
    assert everything(alice, "/contacts", name="%%%") == []
    assert [c["id"] for c in everything(alice, "/contacts", phone="06 12345678")] == [str(world.contact.id)]
