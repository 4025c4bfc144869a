"""Contacts: with their addresses and numbers, each of which belongs to one contact."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.accounts.models import Role
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.events.models import AuditEntry
from tests.api.conftest import Caller, World, make_token
from tests.factories import make_user


def test_a_contact_is_added_with_its_addresses_as_they_are_matched(alice: Caller, db_session: Session) -> None:
    body = {
        "name": " Lotte Bakker ",
        "emails": ["Lotte@Example.NL", "lotte@example.nl"],
        "phones": ["06-12 34 56 79"],
        "whatsapp_numbers": ["+31612345679"],
        "language": "nl",
    }
    made = alice.post("/contacts", body)
    assert made.status_code == 201, made.text
    assert made.json is not None
    assert made.json["name"] == "Lotte Bakker"
    assert (made.json["emails"], made.json["phones"]) == (["lotte@example.nl"], ["+31612345679"])
    assert made.json["whatsapp_numbers"] == ["+31612345679"]
    stored = {(i.kind, i.value) for i in db_session.scalars(sa.select(ContactIdentity)) if str(i.contact_id) == made.json["id"]}
    assert stored == {("email", "lotte@example.nl"), ("phone", "+31612345679"), ("wa_id", "31612345679")}
    shown = alice.get(f"/contacts/{made.json['id']}")
    assert (shown.json, shown.headers["ETag"]) == (made.json, made.headers["ETag"])
    audit = db_session.scalars(sa.select(AuditEntry).where(AuditEntry.object_id == made.json["id"])).one()
    assert (audit.action, audit.actor_user_id is not None) == ("ContactCreated", True)


def test_an_address_belongs_to_one_contact(alice: Caller, mallory: Caller, world: World, db_session: Session) -> None:
    before = db_session.scalar(sa.select(sa.func.count(Contact.id)))
    taken = {"name": "Thief", "whatsapp_numbers": ["+31612345678"]}
    for caller in (alice, mallory):
        answer = caller.post("/contacts", taken)
        assert (answer.status_code, answer.json["code"]) == (409, "state_conflict")  # type: ignore[index]
        assert str(world.contact.id) not in answer.text
        assert world.contact.name not in answer.text
    assert db_session.scalar(sa.select(sa.func.count(Contact.id))) == before


def test_an_address_tells_nobody_whether_somebody_of_another_brand_has_it(
    alice: Caller, client: FlaskClient, world: World, db_session: Session
) -> None:
    world.channel.display_address = "+31 20 123 45 67"
    admin = make_user(db_session, "Noah", role=Role.ADMIN)
    db_session.commit()
    theirs, ours = {"whatsapp_numbers": ["+31687654321"]}, {"phones": ["+31201234567"]}
    refused = [alice.post("/contacts", {"name": "Probe", **probe}) for probe in (theirs, ours)]
    refused += [alice.patch(f"/contacts/{world.contact.id}", probe) for probe in (theirs, ours)]
    assert {answer.status_code for answer in refused} == {409}
    assert len({answer.json["detail"] for answer in refused if answer.json}) == 1
    named = Caller(client, make_token(db_session, admin)).post("/contacts", {"name": "Probe", **theirs})
    assert named.json is not None
    assert "belongs to another contact" in named.json["detail"]
    seen = alice.post("/contacts", {"name": "Probe", "whatsapp_numbers": ["+31612345678"]})
    assert seen.json is not None
    assert "belongs to another contact" in seen.json["detail"]


@pytest.mark.parametrize(
    ("path", "sent"),
    [("/contacts", "Lotte\r\nBcc: all@example.nl"), ("/contacts", " Lotte\x0b\x85 Bcc:  all@example.nl\u2028")],
    ids=["line break", "other breaks"],
)
def test_a_name_is_one_line(alice: Caller, world: World, path: str, sent: str) -> None:
    made = alice.post(path, {"name": sent, "job_title": "a\nb", "address": "a\r\n b", "note": "one\ntwo"})
    assert made.json is not None
    folded = "Lotte Bcc: all@example.nl"
    assert [made.json[name] for name in ("name", "job_title", "address", "note")] == [folded, "a b", "a b", "one\ntwo"]
    changed = alice.patch(f"/contacts/{world.contact.id}", {"name": sent})
    assert changed.json is not None
    assert changed.json["name"] == folded
    assert alice.post(path, {"name": "\r\n"}).status_code == 422


def test_a_list_replaces_the_list_there_is(alice: Caller, world: World) -> None:
    path = f"/contacts/{world.contact.id}"
    added = alice.patch(path, {"emails": ["a@example.nl", "b@example.nl"]})
    assert added.json["emails"] == ["a@example.nl", "b@example.nl"], added.text  # type: ignore[index]
    changed = alice.patch(path, {"emails": ["c@example.nl", "b@example.nl"], "job_title": "Director"})
    assert changed.json["emails"] == ["b@example.nl", "c@example.nl"]  # type: ignore[index]
    assert changed.json["whatsapp_numbers"] == ["+31612345678"]  # type: ignore[index]
    assert alice.post("/contacts", {"name": "New owner", "emails": ["a@example.nl"]}).status_code == 201
    assert alice.put(path, {"emails": []}).json["emails"] == []  # type: ignore[index]


def test_the_same_etag_is_needed_where_one_is_named(alice: Caller, world: World) -> None:
    path = f"/contacts/{world.contact.id}"
    first = alice.get(path).headers["ETag"]
    second = alice.patch(path, {"note": "calls back"}, headers={"If-Match": first}).headers["ETag"]
    assert second != first
    assert alice.patch(path, {"note": "x"}, headers={"If-Match": first}).status_code == 412
    assert alice.patch(path, {"note": "calls back"}).headers["ETag"] == second
    assert alice.get(path, headers={"If-None-Match": second}).status_code == 304


def test_organizations_form_a_tree(alice: Caller, world: World) -> None:
    ids = []
    for name in ("Holding", "Daughter"):
        parent = {"parent_organization_id": ids[-1]} if ids else {}
        made = alice.post("/contacts", {"name": name, "contact_type": "organization", **parent})
        assert made.status_code == 201, made.text
        ids.append(made.json["id"])  # type: ignore[index]
    for child, parent_id in ((ids[0], ids[1]), (ids[0], ids[0]), (ids[1], str(world.contact.id)), (ids[1], str(new_id()))):
        refused = alice.patch(f"/contacts/{child}", {"parent_organization_id": parent_id})
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "parent_organization_id")  # type: ignore[index]
    assert alice.patch(f"/contacts/{ids[1]}", {"parent_organization_id": None}).status_code == 200


def test_a_colleagues_contact_is_theirs_to_change(alice: Caller, world: World) -> None:
    assert alice.patch(f"/contacts/{world.bob.contact_id}", {"emails": ["evil@example.com"]}).status_code == 403
    assert alice.patch(f"/contacts/{world.alice.contact_id}", {"job_title": "Agent"}).status_code == 200


def test_ids_of_another_brand_change_nothing(alice: Caller, world: World, db_session: Session) -> None:
    refused = alice.post("/contacts", {"name": "x", "parent_organization_id": str(world.other_contact.id)})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "parent_organization_id")  # type: ignore[index]
    assert alice.patch(f"/contacts/{world.other_contact.id}", {"name": "Mine"}).status_code == 404
    db_session.expire_all()
    assert db_session.get_one(Contact, world.other_contact.id).name == "Lotte Bakker"


def test_only_listed_columns_can_be_written(alice: Caller, world: World) -> None:
    allowed = {"contact_type", "name", "parent_organization_id", "language", "job_title", "address", "note"}
    names = {column.key for column in Contact.__table__.columns} - allowed | {"identities", "user_id"}
    path, before = f"/contacts/{world.contact.id}", alice.get(f"/contacts/{world.contact.id}").json
    for name in sorted(names):
        for answer in (
            alice.patch(path, {name: "1"}),
            alice.put(path, {name: {}}),
            alice.post("/contacts", {"name": "x", name: 1}),
        ):
            assert answer.status_code == 422, name
            assert answer.json["errors"][0]["field"] == name  # type: ignore[index]
    assert alice.get(path).json == before


@pytest.mark.parametrize("text", ["'; DROP TABLE contacts; --", "<b onmouseover=alert(1)>x</b>", "\u202eevil", "{{7*7}}"])
def test_hostile_text_is_kept_as_text_in_every_field(alice: Caller, world: World, text: str) -> None:
    body = {"name": text, "job_title": text, "address": text, "note": text}
    changed = alice.patch(f"/contacts/{world.contact.id}", body)
    assert changed.status_code == 200, changed.text
    assert {name: changed.json[name] for name in body} == body  # type: ignore[index]


@pytest.mark.parametrize("email", ["x", "a@b", "a b@c.nl", "a@b..nl", "a@b.nl\n", "<a@b.nl>", "a@b.nl, c@d.nl", "\x00@b.nl"])
def test_what_is_no_address_is_refused(alice: Caller, email: str) -> None:
    answer = alice.post("/contacts", {"name": "x", "emails": [email]})
    expected = 201 if email.strip() == "a@b.nl" else 422
    assert answer.status_code == expected, answer.text


@pytest.mark.parametrize("phone", ["1", "abc", "+0", "0800-FLOWERS-AND-MORE-LETTERS", "+31 6 12345678 ext 5"])
def test_what_is_no_number_is_refused(alice: Caller, phone: str) -> None:
    assert alice.post("/contacts", {"name": "x", "phones": [phone]}).status_code == 422
