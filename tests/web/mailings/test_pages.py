"""Mailings on their pages: looked at, tried, sent, paused and stopped, with what became of each recipient."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.domain.accounts.models import User
from app.domain.contacts.actions import IdentityInput, find_or_create_contact
from app.domain.contacts.details import set_consent
from app.domain.contacts.models import ConsentPurpose
from app.domain.events.actions import SYSTEM
from app.domain.mailings.actions import end_mailings
from app.domain.mailings.models import Mailing, MailingRecipient
from app.domain.threads.models import Message
from tests.domain.mailings.conftest import House
from tests.domain.mailings.conftest import house as house
from tests.factories import make_thread
from tests.support.pages import PageClient
from tests.support.signing_in import post, sign_in

PEOPLE = (("Pieter Jansen", "pieter@example.nl"), ("Lotte de Boer", "lotte@example.nl"), ("Mo Haddad", "mo@example.nl"))


class Desk:
    """Leila, a lead, at the pages; three customers who agreed."""

    def __init__(self, house: House, pages: PageClient) -> None:
        self.house, self.session, self.pages = house, house.session, pages
        for name, address in PEOPLE:
            contact = find_or_create_contact(self.session, [IdentityInput("email", address)], name=name, now=utc_now())
            make_thread(self.session, house.channel, contact)
            agreed: dict[str, Any] = {"is_given": True, "basis": "order", "actor": SYSTEM, "now": utc_now()}
            set_consent(self.session, contact, ConsentPurpose.MARKETING_EMAIL, **agreed)
        self.leila = self.session.execute(sa.select(User).where(User.name == "Leila")).scalar_one()
        sign_in(pages.plain, self.session, self.leila)
        self.form = {
            "channel": str(house.channel.id),
            "subject": "Winter",
            "text": "Beste {{contact.first_name|klant}}, {{brand.name}}",
        }

    def post(self, path: str, **more: str) -> Any:
        return post(self.pages.plain, path, {**self.form, **more})

    def send(self) -> str:
        answer = self.post("/mailings", count="3")
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def messages(self) -> list[str]:
        return list(
            self.session.execute(sa.select(Message.text).where(Message.subject == "Winter").order_by(Message.id)).scalars()
        )


@pytest.fixture
def desk(house: House, page_client: PageClient) -> Desk:
    return Desk(house, page_client)


def test_a_mailing_is_looked_at_tried_and_sent(desk: Desk) -> None:
    assert "No mailings yet" in desk.pages.get("/mailings").text
    assert "You preview the recipients" in desk.pages.get("/mailings/new").text
    first = desk.post("/mailings/preview").text
    assert "This mailing goes to 3 people" in first
    shown = "".join(desk.post("/mailings/preview", shown=str(place)).text for place in (1, 2, 3))
    assert all(f"Beste {name}, " in shown for name in ("Lotte", "Pieter", "Mo"))
    assert desk.session.execute(sa.select(sa.func.count(Mailing.id))).scalar_one() == 0
    desk.session.commit()
    assert "A test is on its way to" in desk.post("/mailings/test", shown="3").text
    desk.house.carry_out()
    (test,) = desk.house.received()
    assert list(test.recipients) == [desk.leila.email]
    path = desk.send()
    desk.house.carry_out()
    after = desk.pages.get(path).text
    assert "3 of 3" in after
    assert "pieter@example.nl" in after
    assert sorted(text.partition(",")[0] for text in desk.messages()) == ["Beste Lotte", "Beste Mo", "Beste Pieter"]
    assert "Winter" in desk.pages.get("/mailings").text


def test_one_for_later_says_when_it_starts(desk: Desk) -> None:
    answer = desk.post("/mailings", count="3", send_at="2099-01-02T09:00")
    page = desk.pages.get(str(answer.location)).text
    assert "The mailing to 3 people is scheduled for 2 Jan 2099 09:00." in page
    assert "Starts 2 Jan 2099 09:00" in page
    assert "Starts 2 Jan 2099 09:00" in desk.pages.get("/mailings").text
    desk.house.carry_out()
    assert desk.messages() == []


def test_who_the_list_is_narrowed_to(desk: Desk) -> None:
    assert "This mailing goes to 1 person" in desk.post("/mailings/preview", words="lotte").text
    assert "No recipients: no matching contact" in desk.post("/mailings/preview", words="iemand anders").text
    assert desk.post("/mailings/preview", since="gisteren").status_code == 422


def test_one_that_changed_since_it_was_looked_at_is_not_sent(desk: Desk) -> None:
    answer = desk.post("/mailings", count="2")
    assert (answer.status_code, "The list has changed" in answer.text) == (409, True)
    assert desk.post("/mailings", count="3", subject="").status_code == 422
    assert desk.session.execute(sa.select(sa.func.count(Mailing.id))).scalar_one() == 0


def test_a_paused_mailing_sends_nothing_until_it_goes_on_and_a_stopped_one_never(desk: Desk) -> None:
    path = desk.send()
    desk.post(f"{path}/pause")
    desk.house.carry_out()
    assert desk.messages() == []
    assert "Paused" in desk.pages.get(path).text
    desk.post(f"{path}/resume")
    desk.house.carry_out()
    assert len(desk.messages()) == 3
    other = desk.send()
    desk.post(f"{other}/stop")
    desk.house.carry_out()
    assert len(desk.messages()) == 3
    shown = desk.pages.get(other).text
    assert shown.count("Not sent: mailing stopped") == 5  # the count, the filter, and each of the three
    desk.post(f"{other}/resume")
    desk.house.carry_out()
    assert len(desk.messages()) == 3


def test_each_recipient_says_what_became_of_them(desk: Desk) -> None:
    path = desk.send()
    contact = find_or_create_contact(desk.session, [IdentityInput("email", "lotte@example.nl")], name="", now=utc_now())
    refused: dict[str, Any] = {"is_given": False, "basis": "asked", "actor": SYSTEM, "now": utc_now()}
    set_consent(desk.session, contact, ConsentPurpose.MARKETING_EMAIL, **refused)
    desk.session.commit()
    desk.house.carry_out()
    pieter = desk.session.execute(sa.select(MailingRecipient).where(MailingRecipient.address == "pieter@example.nl")).scalar_one()
    end_mailings(desk.session, pieter.id, now=utc_now())
    desk.session.commit()
    shown = desk.pages.get(path).text
    assert "The contact declined mailings" in shown
    assert "Unsubscribed" in shown
    alone = desk.pages.get(f"{path}?outcome=no_consent").text
    assert "lotte@example.nl" in alone
    assert "pieter@example.nl" not in alone
