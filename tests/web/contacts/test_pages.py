"""The address book and one contact's page: who is found how, what is shown, what is changed, and who sees what."""

from __future__ import annotations

from datetime import timedelta

import html5lib
import pytest
import sqlalchemy as sa

from app.contract.address_register import Match
from app.core.clock import utc_now
from app.core.ids import new_id
from app.domain.addresses.models import Address
from app.domain.contacts.models import ConsentPurpose, Contact, ContactConsent, ContactType
from app.domain.events.actions import Actor
from app.domain.events.models import AuditEntry
from app.domain.tasks.actions import TaskContent, create_task
from app.domain.threads.models import MessageType
from app.sandbox.simulators.common import RunningServer
from tests.domain.addresses.conftest import look_up
from tests.domain.contacts.conftest import Desk
from tests.factories import NOW, make_message


def test_the_book_has_those_the_viewer_may_see_by_name(desk: Desk) -> None:
    desk.add("anna zonder berichten")
    text = desk.get("/contacts")
    assert text.index("anna zonder") < text.index("Pieter van Dam")
    assert "Lotte Bakker" not in text, "has threads of another brand alone"
    assert "<b>Alice</b>" not in text, "a colleague is no contact of the book"
    desk.as_user(desk.mallory)
    text = desk.get("/contacts")
    assert "Lotte Bakker" in text
    assert "Pieter" not in text


@pytest.mark.parametrize(
    "typed",
    ["pieter", "VAN DAM", "0612345678", "06-12 34 56 78", "+31 6 12345678", "+31 (0)6 12345678", "0031612345678", "345678",
     "keizersgracht", "1015 CJ"],
)  # fmt: skip
def test_a_contact_is_found_by_name_number_and_address(desk: Desk, typed: str) -> None:
    pieter = desk.read(desk.pieter)
    pieter.address = "Keizersgracht 12, 1015 CJ Amsterdam"
    desk.add("Iemand anders", kind="email", value="iemand@example.nl")
    answer = desk.client.get("/contacts", query_string={"q": typed})
    assert "Pieter van Dam" in answer.text
    assert "Iemand anders" not in answer.text


def test_what_finds_nobody_says_so_and_an_address_finds_its_person(desk: Desk) -> None:
    assert "No contact found" in desk.get("/contacts?q=nergens")
    assert "Lotte" not in desk.get("/contacts?q=0687654321")
    desk.add("Joris", kind="email", value="joris@example.nl")
    assert "Joris" in desk.get("/contacts?q=JORIS@example.nl")


def test_the_book_is_paged_and_costs_few_queries(desk: Desk) -> None:
    for number in range(60):
        desk.add(f"Contact {number:02}", kind="email", value=f"c{number}@example.nl")
    desk.get("/contacts")
    with desk.at_most(8):
        first = desk.get("/contacts")
    link = first.split('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    second = desk.get(link)
    assert "Contact 49" in first
    assert "Contact 50" not in first
    assert "Contact 50" in second
    assert "Pieter van Dam" in second
    assert "Contact 49" not in second


def test_a_page_shows_everything_known_and_written(desk: Desk) -> None:
    second = desk.talk(desk.pieter, "Wanneer komt u?")
    make_message(desk.session, second, "Let op de hond", message_type=MessageType.INTERNAL_NOTE, at=NOW + timedelta(hours=1))
    content = TaskContent(desk.brand.id, "Monteur sturen", thread_id=second.id)
    create_task(desk.session, content, now=NOW, actor=Actor(desk.alice.id))
    desk.session.commit()
    desk.get(f"/contacts/{desk.pieter.id}")
    with desk.at_most(16):
        text = desk.get(f"/contacts/{desk.pieter.id}")
    for words in ("Pieter van Dam", "+31 6 12345678", "De laadpaal knippert rood", "Wanneer komt u?", "Monteur sturen"):
        assert words in text, words
    assert text.index("Let op de hond") < text.index("De laadpaal knippert rood")
    assert f'href="/contacts/{desk.pieter.id}"' in desk.get(f"/threads/{second.id}")


def test_a_timeline_keeps_to_the_viewers_brands_and_is_paged(desk: Desk) -> None:
    desk.talk(desk.pieter, "Alleen voor Laderthuis", channel=desk.other_channel)
    for number in range(35):
        make_message(desk.session, desk.thread, f"Bericht {number}", at=NOW + timedelta(minutes=number))
    desk.session.commit()
    text = desk.get(f"/contacts/{desk.pieter.id}")
    assert "Alleen voor Laderthuis" not in text
    assert "Bericht 34" in text
    assert "De laadpaal knippert rood" not in text
    link = text.split('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    assert "De laadpaal knippert rood" in desk.get(link)


def test_nobody_reads_or_changes_a_contact_of_another_brand(desk: Desk) -> None:
    for path in (f"/contacts/{desk.lotte.id}", f"/contacts/{desk.lotte.id}/edit", f"/contacts/{new_id()}"):
        assert desk.client.get(path).status_code == 404
    assert desk.post(f"/contacts/{desk.lotte.id}/edit", name="Mijn").status_code == 404
    assert desk.post(f"/contacts/{desk.lotte.id}/addresses", address="Dam 1").status_code == 404
    assert desk.client.get(f"/contacts/{desk.alice.contact_id}").status_code == 404
    assert desk.read(desk.lotte).name == "Lotte Bakker"


def test_a_contact_is_added_with_a_number(desk: Desk) -> None:
    assert "New contact" in desk.get("/contacts/new?name=Joris")
    answer = desk.post("/contacts", name="Joris  Smit", kind="phone", value="06 87654399", contact_type="person")
    assert answer.status_code == 303
    made = desk.session.execute(sa.select(Contact).where(Contact.name == "Joris Smit")).scalar_one()
    assert desk.ways(made) == [("phone", "+31687654399")]
    assert "No messages so far" in desk.get(answer.location)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " "}, "Enter a name."),
        ({"name": "x" * 201}, "Use at most 200 characters."),
        ({"name": "x", "kind": "phone", "value": "bel me"}, "Enter a phone number"),
        ({"name": "x", "kind": "email", "value": "bel me"}, "Enter an email address"),
        ({"name": "x", "kind": "wa_id", "value": "0612345678"}, "Another contact already has this address or number."),
        ({"name": "x", "parent_organization_id": "nonsense"}, "Choose one from the list."),
    ],
    ids=["no name", "long", "phone", "email", "taken", "organisation"],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(desk: Desk, fields: dict[str, str], said: str) -> None:
    answer = desk.post("/contacts", note="Belt liever", **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert "Belt liever" in answer.text


def test_an_edit_after_somebody_elses_keeps_what_was_typed(desk: Desk) -> None:
    path = f"/contacts/{desk.pieter.id}/edit"
    version = desk.read(desk.pieter).version
    assert "Pieter van Dam" in desk.get(path)
    fields = {"name": "Pieter van Dam", "job_title": "Beheerder", "language": "nl", "address": "Dam 1", "version": version}
    assert desk.post(path, **fields).status_code == 303
    now = desk.read(desk.pieter)
    assert (now.job_title, now.language, now.address, now.version) == ("Beheerder", "nl", "Dam 1", version + 1)
    late = desk.post(path, **{**fields, "job_title": "Te laat getypt"})
    assert late.status_code == 409
    assert "Te laat getypt" in late.text
    assert desk.read(desk.pieter).job_title == "Beheerder"


def test_people_belong_to_organizations_in_a_tree(desk: Desk) -> None:
    group = desk.add("Zon Groep", contact_type=ContactType.ORGANIZATION)
    daughter = desk.add("Zon West", contact_type=ContactType.ORGANIZATION, parent_organization_id=group.id)
    look = desk.post(f"/contacts/{desk.pieter.id}/edit", name="Pieter van Dam", organization_q="west", look="1")
    assert str(daughter.id) in look.text
    assert str(group.id) not in look.text
    by_enter = desk.post(f"/contacts/{desk.pieter.id}/edit", name="Getypt", organization_q="west")
    assert (by_enter.status_code, desk.read(desk.pieter).name) == (200, "Pieter van Dam")
    assert 'value="Getypt"' in by_enter.text
    desk.post(f"/contacts/{desk.pieter.id}/edit", name="Pieter van Dam", parent_organization_id=daughter.id)
    text = desk.get(f"/contacts/{desk.pieter.id}")
    assert f"/contacts/{group.id}" in text
    assert "Pieter van Dam" in desk.get(f"/contacts/{daughter.id}")
    fields = {"name": "Zon Groep", "contact_type": "organization", "parent_organization_id": daughter.id}
    refused = desk.post(f"/contacts/{group.id}/edit", **fields)
    assert refused.status_code == 422
    assert "the organisation you chose belongs to the contact you are editing" in refused.text


def test_ways_to_reach_are_added_preferred_and_removed(desk: Desk) -> None:
    base = f"/contacts/{desk.pieter.id}"
    for value in ("P.vanDam@example.nl", "pieter@example.nl"):
        assert desk.post(f"{base}/identities", kind="email", value=value).status_code == 303
    second = [way for way in desk.ways(desk.pieter) if way[0] == "email"]
    assert second == [("email", "p.vandam@example.nl"), ("email", "pieter@example.nl")]
    wa = desk.way(desk.pieter, "wa_id")
    assert desk.post(f"{base}/identities/{wa.id}/preference").status_code == 303
    assert desk.way(desk.pieter, "wa_id").is_primary is True
    assert "Preferred" in desk.get(base)
    assert desk.post(f"{base}/identities/{wa.id}/removal").status_code == 303
    assert ("wa_id", "31612345678") not in desk.ways(desk.pieter)
    assert desk.post(f"{base}/identities/{wa.id}/removal").status_code == 303, "gone already is as good"
    audited = desk.session.scalars(sa.select(AuditEntry.action).where(AuditEntry.object_id == str(desk.pieter.id)))
    assert set(audited) == {"IdentityAdded", "IdentityPreferred", "IdentityRemoved"}


def test_a_number_of_somebody_else_names_them_if_the_viewer_may_know(desk: Desk) -> None:
    joris = desk.add("Joris", kind="email", value="joris@example.nl")
    taken = desk.post(f"/contacts/{desk.pieter.id}/identities", kind="email", value="joris@example.nl")
    assert taken.status_code == 422
    assert "Another contact already has this address or number." in taken.text
    assert f"/contacts/{joris.id}" in taken.text
    hidden = desk.post(f"/contacts/{desk.pieter.id}/identities", kind="wa_id", value="+31687654321")
    assert hidden.status_code == 422
    assert "Only an administrator can add this address or number." in hidden.text
    assert "Lotte" not in hidden.text
    desk.channel.display_address = "+31 20 123 45 67"
    desk.session.commit()
    for path in (f"/contacts/{desk.pieter.id}/identities", "/contacts"):
        ours = desk.post(path, name="x", kind="phone", value="020 123 45 67")
        assert (
            "Only an administrator can add this address or number." in ours.text
        )  # what is said of the other may mean this as well


def test_addresses_are_added_and_removed(desk: Desk) -> None:
    base = f"/contacts/{desk.pieter.id}"
    assert "Enter an address." in desk.post(f"{base}/addresses", label="Werkplaats", address=" ").text
    desk.post(f"{base}/addresses", label="Werkplaats", address="Industrieweg 4, 1234 AB Hoorn")
    text = desk.get(base)
    assert "Industrieweg 4, 1234 AB Hoorn" in text
    assert "Pieter van Dam" in desk.get("/contacts?q=industrieweg")
    removal = text.split(f"{base}/addresses/")[1].partition("/removal")[0]
    desk.post(f"{base}/addresses/{removal}/removal")
    assert "Industrieweg" not in desk.get(base)


def test_the_register_says_what_it_knows_of_an_address_and_lets_one_choose(desk: Desk, pdok: RunningServer) -> None:
    base = f"/contacts/{desk.pieter.id}"
    desk.post(f"{base}/addresses", label="", address="Molenweg 7, 3511CD Utrecht")
    waiting = desk.session.execute(sa.select(Address).where(Address.contact_id == desk.pieter.id)).scalar_one()
    assert "Address not checked yet" in desk.get(base)
    places = html5lib.parse(desk.get(base), namespaceHTMLElements=False).find(".//*[@id='contact-places']")
    assert places is not None
    assert places.get("hx-trigger") == "load delay:5s"
    assert places.find(".//input[@name='address']") is None, "what somebody types would go with the part that is fetched anew"
    look_up(desk.session, waiting)
    assert "Several addresses possible" in desk.get(base)
    one, path = waiting.candidates[0], f"{base}/addresses/{waiting.id}/choice"
    assert desk.post(f"/contacts/{desk.lotte.id}/addresses/{waiting.id}/choice", bag_id=one["bag_id"]).status_code == 404
    desk.post(path, bag_id="other")
    assert "You can no longer choose this address." in desk.get(base)
    desk.post(path, bag_id=one["bag_id"])
    shown = desk.get(base)
    assert "Valid address" in shown
    assert f"In the address register: {Match(**one).words}" in shown


def test_a_consent_says_who_wrote_it_down_when_and_why(desk: Desk) -> None:
    path = f"/contacts/{desk.pieter.id}/consents"
    refused = desk.post(path, purpose="marketing_email", given="yes", basis="")
    assert refused.status_code == 422
    assert "Enter the source of consent" in refused.text
    before = utc_now()
    desk.post(path, purpose="marketing_email", given="yes", basis="Formulier van 3 maart")
    desk.post(path, purpose="survey", given="no")
    text = desk.get(f"/contacts/{desk.pieter.id}")
    assert "Formulier van 3 maart" in text
    assert "Nothing recorded" in text
    kept = desk.session.get_one(ContactConsent, (desk.pieter.id, ConsentPurpose.MARKETING_EMAIL))
    assert (kept.is_given, kept.changed_by_user_id) == (True, desk.alice.id)
    assert kept.changed_at >= before


def test_duplicates_are_suggested(desk: Desk) -> None:
    desk.read(desk.pieter).address = "Keizersgracht 12, 1015CJ Amsterdam"
    same_number = desk.add("P. van Dam", kind="phone", value="0612345678")
    same_name = desk.add("pieter VAN dam", address="Keizersgracht 12 1015 cj Amsterdam")
    other_place = desk.add("Pieter van Dam", address="Dam 1, 9999 ZZ Groningen")
    desk.post(f"/contacts/{desk.pieter.id}/identities", kind="email", value="pieter@example.nl")
    tagged = desk.add("Pieter", kind="email", value="pieter+webshop@example.nl")
    text = desk.get(f"/contacts/{desk.pieter.id}")
    banner = text.partition("Possible duplicate")[2].partition("</section>")[0]
    assert {c.id for c in (same_number, same_name, tagged) if str(c.id) in banner} == {same_number.id, same_name.id, tagged.id}
    assert str(other_place.id) not in banner
    assert "Possible duplicate" in desk.get(f"/contacts/{tagged.id}")
    assert "Possible duplicate" not in desk.get(f"/contacts/{other_place.id}")
