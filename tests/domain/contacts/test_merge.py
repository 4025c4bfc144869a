"""Two contacts made one and two again: what moves, what stays, what comes back, and who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.domain.accounts.tokens import create_token
from app.domain.contacts.actions import IdentityInput, find_or_create_contact
from app.domain.contacts.details import set_consent
from app.domain.contacts.merge import UNDO_WITHIN, UnableToMerge, UnableToUndo, merge_contacts, undo_merge
from app.domain.contacts.models import ConsentPurpose, Contact, ContactConsent, ContactMerge, ContactType
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.threads.models import Message, Thread
from tests.domain.contacts.conftest import Desk
from tests.factories import NOW, make_message, make_thread

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def double(desk: Desk) -> Contact:
    """Pieter again, by mail, with a thread."""
    contact = desk.add("P. van Dam", kind="email", value="pieter@example.nl", job_title="Beheerder", note="Belt liever")
    thread = desk.talk(contact, "Per mail dan maar")
    written = sa.update(Message).where(Message.thread_id == thread.id).values(sender_contact_id=contact.id)
    desk.session.execute(written)
    desk.session.commit()
    return contact


def merge(desk: Desk, keep: Contact, gone: Contact) -> ContactMerge:
    with desk.app.app_context():
        made = merge_contacts(desk.session, keep_id=keep.id, merge_id=gone.id, now=NOW, actor=Actor(desk.alice.id))
        desk.session.commit()
    return made


def undo(desk: Desk, made: ContactMerge) -> None:
    with desk.app.app_context():
        undo_merge(desk.session, made.id, now=LATER, actor=Actor(desk.alice.id))
        desk.session.commit()


def state(desk: Desk) -> dict[str, object]:
    """Everything a merge touches, but versions and times of change."""
    desk.session.expire_all()
    contacts = desk.session.scalars(sa.select(Contact).order_by(Contact.id)).all()
    names = ("name", "job_title", "language", "address", "note", "parent_organization_id", "merged_into_id")
    consents = desk.session.scalars(sa.select(ContactConsent).order_by(ContactConsent.contact_id, ContactConsent.purpose)).all()
    return {
        "contacts": [[getattr(c, name) for name in names] for c in contacts],
        "ways": [desk.ways(c) for c in contacts],
        "threads": desk.session.execute(sa.select(Thread.id, Thread.contact_id).order_by(Thread.id)).all(),
        "partners": desk.session.execute(sa.select(Thread.id, Thread.partner_contact_id).order_by(Thread.id)).all(),
        "senders": desk.session.execute(sa.select(Message.id, Message.sender_contact_id).order_by(Message.id)).all(),
        "consents": [(c.contact_id, c.purpose, c.is_given, c.basis, c.changed_at, c.changed_by_user_id) for c in consents],
    }


def consent(desk: Desk, contact: Contact, *, is_given: bool, hours: int) -> None:
    actor, at = Actor(desk.alice.id), NOW - timedelta(hours=hours)
    purpose = ConsentPurpose.MARKETING_EMAIL
    set_consent(desk.session, contact, purpose, is_given=is_given, basis=f"{hours}", actor=actor, now=at)
    desk.session.commit()


def test_everything_goes_over(desk: Desk, double: Contact) -> None:
    merge(desk, desk.pieter, double)
    assert desk.ways(desk.pieter) == [("email", "pieter@example.nl"), ("wa_id", "31612345678")]
    kept, gone = desk.read(desk.pieter), desk.read(double)
    assert (kept.name, kept.job_title, kept.note) == ("Pieter van Dam", "Beheerder", "Belt liever")
    assert gone.merged_into_id == kept.id
    text = desk.get(f"/contacts/{kept.id}")
    assert "Per mail dan maar" in text
    assert "De laadpaal knippert rood" in text
    assert desk.client.get(f"/contacts/{gone.id}").location == f"/contacts/{kept.id}"
    assert "P. van Dam" not in desk.get("/contacts")
    recorded = desk.session.scalars(sa.select(Event.type).where(Event.type.like("Contact%"))).all()
    assert recorded == ["ContactsMerged"]


@pytest.mark.parametrize("theirs_is_later", [True, False])
def test_an_undo_is_exact(desk: Desk, double: Contact, theirs_is_later: bool) -> None:
    organization = desk.add("Zon", contact_type=ContactType.ORGANIZATION)
    desk.read(double).parent_organization_id = organization.id
    partner = make_thread(desk.session, desk.channel, desk.lotte)
    partner.partner_contact_id = double.id
    desk.way(double, "email").is_primary = True
    consent(desk, desk.read(desk.pieter), is_given=True, hours=2)
    consent(desk, desk.read(double), is_given=False, hours=1 if theirs_is_later else 3)
    before = state(desk)
    made = merge(desk, desk.pieter, double)
    assert state(desk) != before
    kept = desk.session.get_one(ContactConsent, (desk.pieter.id, ConsentPurpose.MARKETING_EMAIL))
    assert kept.is_given is not theirs_is_later, "the later word counts"
    undo(desk, made)
    assert state(desk) == before
    assert desk.way(double, "email").is_primary is True
    with pytest.raises(UnableToUndo):
        undo(desk, made)


def test_what_was_changed_since_is_not_taken_back(desk: Desk, double: Contact) -> None:
    made = merge(desk, desk.pieter, double)
    desk.read(desk.pieter).job_title = "Directeur"
    elsewhere = desk.add("Iemand anders")
    moved = desk.session.scalars(sa.select(Thread).where(Thread.id == made.moved["threads"][0])).one()
    moved.contact_id = elsewhere.id
    desk.session.commit()
    undo(desk, made)
    desk.session.expire_all()
    assert desk.read(desk.pieter).job_title == "Directeur"
    assert desk.session.get_one(Thread, moved.id).contact_id == elsewhere.id
    assert desk.ways(double) == [("email", "pieter@example.nl")]


def test_a_late_message_goes_to_the_kept_contact_and_back_with_its_thread(desk: Desk, double: Contact) -> None:
    made = merge(desk, desk.pieter, double)
    found = find_or_create_contact(desk.session, [IdentityInput("email", "pieter@example.nl")], name="P. van Dam", now=LATER)
    assert found.id == desk.pieter.id
    thread = desk.session.get_one(Thread, made.moved["threads"][0], populate_existing=True)
    late = make_message(desk.session, thread, "Nog iets", at=LATER)
    late.sender_contact_id, late.created_at = found.id, LATER
    desk.session.commit()
    undo(desk, made)
    desk.session.expire_all()
    assert desk.session.get_one(Message, late.id).sender_contact_id == double.id
    again = find_or_create_contact(desk.session, [IdentityInput("email", "pieter@example.nl")], name="P. van Dam", now=LATER)
    assert again.id == double.id


def test_a_chain_is_taken_back_in_its_order(desk: Desk, double: Contact) -> None:
    third = desk.add("Piet", kind="email", value="piet@example.nl")
    before = state(desk)
    first = merge(desk, double, third)
    second = merge(desk, desk.pieter, double)
    assert desk.client.get(f"/contacts/{third.id}").location == f"/contacts/{desk.pieter.id}"
    with pytest.raises(UnableToUndo, match="merged"):
        undo(desk, first)
    desk.session.rollback()
    undo(desk, second)
    undo(desk, first)
    assert state(desk) == before


def test_an_old_merge_stays(desk: Desk, double: Contact) -> None:
    made = merge(desk, desk.pieter, double)
    with pytest.raises(UnableToUndo, match="late"):
        undo_merge(desk.session, made.id, now=NOW + UNDO_WITHIN + timedelta(seconds=1), actor=Actor(desk.alice.id))


def test_what_cannot_be_one(desk: Desk, double: Contact) -> None:
    group = desk.add("Zon Groep", contact_type=ContactType.ORGANIZATION)
    daughter = desk.add("Zon West", contact_type=ContactType.ORGANIZATION, parent_organization_id=group.id)
    colleague = desk.session.get_one(Contact, desk.alice.contact_id)
    for keep, gone, code in (
        (double, double, "same"),
        (double, colleague, "colleague"),
        (colleague, double, "colleague"),
        (daughter, group, "tree"),
        (double, group, "tree"),
    ):
        with pytest.raises(UnableToMerge, match=code):
            merge(desk, keep, gone)
        desk.session.rollback()
    merge(desk, group, daughter)
    assert desk.read(group).parent_organization_id is None
    with pytest.raises(UnableToMerge, match="merged"):
        merge(desk, double, daughter)


def test_the_pages_lead_from_the_hint_to_the_merge_and_back(desk: Desk) -> None:
    same = desk.add("P. van Dam", kind="phone", value="0612345678")
    base = f"/contacts/{desk.pieter.id}"
    assert f"{base}/merge?other={same.id}" in desk.get(base)
    compared = desk.get(f"{base}/merge?other={same.id}")
    assert "0612345678" in compared
    assert f"/contacts/{same.id}/merge?other={desk.pieter.id}" in compared
    assert desk.post(f"{base}/merge", other=same.id).status_code == 303
    text = desk.get(base)
    assert "Merged into this contact" in text
    undoing = text.split('action="')
    path = next(part for part in undoing if part.startswith(f"{base}/merges/")).partition('"')[0]
    assert desk.post(path).status_code == 303
    assert "Merged into this contact" not in desk.get(base)
    assert desk.read(same).merged_into_id is None
    assert "This merge was already undone." in desk.client.get(desk.post(path).location).text


def test_the_other_contact_is_looked_for_by_hand(desk: Desk, double: Contact) -> None:
    base = f"/contacts/{desk.pieter.id}/merge"
    assert f"{base}?other={double.id}" in desk.get(f"{base}?q=pieter@")
    assert "No contact found" in desk.get(f"{base}?q=lotte")
    assert desk.post(base, other="nonsense").status_code == 422


def test_nobody_merges_what_they_do_not_see(desk: Desk, double: Contact) -> None:
    base = f"/contacts/{desk.pieter.id}/merge"
    assert desk.client.get(f"{base}?other={desk.lotte.id}").status_code == 404
    assert desk.post(base, other=desk.lotte.id).status_code == 404
    desk.talk(double, "Ook bij Laderthuis", channel=desk.other_channel)
    refused = desk.post(base, other=double.id)
    assert refused.status_code == 422
    assert "threads of a brand you cannot see" in refused.text
    assert desk.read(double).merged_into_id is None


def test_the_api_answers_with_the_kept_contact(desk: Desk, double: Contact) -> None:
    _row, token = create_token(desk.session, desk.alice, name="test", scopes=(), now=NOW)
    merge(desk, desk.pieter, double)
    headers = {"Authorization": f"Bearer {token}"}
    answer = desk.client.plain.get(f"/api/v1/contacts/{double.id}", headers=headers)
    assert answer.json["id"] == str(desk.pieter.id)  # type: ignore[index]
    assert answer.json["emails"] == ["pieter@example.nl"]  # type: ignore[index]
    items = desk.client.plain.get("/api/v1/contacts", headers=headers).json["items"]  # type: ignore[index]
    assert str(double.id) not in {item["id"] for item in items}
    assert desk.client.plain.patch(f"/api/v1/contacts/{double.id}", json={"name": "x"}, headers=headers).status_code == 404
