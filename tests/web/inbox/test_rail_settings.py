"""One's own sidebar: the order of its links, and the channels one hides."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import User
from app.domain.events.models import AuditEntry
from tests.factories import make_brand, make_user
from tests.support.desk import HTMX, PageDesk
from tests.support.pages import PageClient

USUAL = ["Inbox", "Mine", "Unassigned", "Mentions", "Snoozed", "Tasks", "Overdue", "Contacts", "Orders"]
CHANNELS = ["Email", "WhatsApp", "SMS", "Phone", "Internal"]


@dataclass
class Desk(PageDesk):
    alice: User
    bob: User

    def rail(self, path: str = "/inbox") -> list[str]:
        """The labels of the rail's links, in order."""
        rail = self.get(path).split('id="rail-views"')[1].split("</nav>")[0]
        return re.findall(r'class="nav__label">([^<]+)<', rail)

    def arrange(self, name: str, to: str) -> int:
        return self.post("/settings/sidebar", name=name, to=to).status_code


@pytest.fixture
def desk(page_client: PageClient, db_session: Session) -> Desk:
    brand = make_brand(db_session)
    alice, bob = (make_user(db_session, name, brands=(brand,)) for name in ("Alice", "Bob"))
    db_session.commit()
    made = Desk(page_client, db_session, alice, bob)
    made.as_user(alice)
    return made


def test_links_are_moved_for_whoever_moves_them_alone(desk: Desk) -> None:
    assert desk.rail()[: len(USUAL)] == USUAL
    assert desk.arrange("overdue", "up") == 303
    assert desk.arrange("overdue", "up") == 303
    assert desk.arrange("open", "down") == 303
    assert desk.rail()[:7] == ["Mine", "Inbox", "Unassigned", "Mentions", "Overdue", "Snoozed", "Tasks"]
    assert desk.arrange("mine", "up") == 303  # it is the first
    assert desk.rail()[0] == "Mine"
    desk.as_user(desk.bob)
    assert desk.rail()[: len(USUAL)] == USUAL


def test_a_hidden_channel_is_not_in_the_rail_but_where_one_is_in_it(desk: Desk) -> None:
    assert desk.arrange("sms", "hide") == 303
    assert desk.arrange("internal", "up") == 303
    shown = [label for label in desk.rail() if label in CHANNELS]
    assert shown == ["Email", "WhatsApp", "Internal", "Phone"]
    assert "SMS" in desk.rail("/inbox/sms")
    chips = desk.get("/inbox").split('class="chips"')[1].split("</nav>")[0]
    assert (">SMS<" in chips, ">WhatsApp<" in chips) == (False, True)
    page = desk.get("/settings/sidebar")
    assert page.count("Hidden") == 1
    assert desk.arrange("sms", "show") == 303
    assert [label for label in desk.rail() if label in CHANNELS] == ["Email", "WhatsApp", "SMS", "Internal", "Phone"]


def test_without_any_channel_their_heading_goes_too(desk: Desk) -> None:
    for name in ("email", "whatsapp", "sms", "phone", "internal"):
        desk.arrange(name, "hide")
    rail = desk.get("/inbox").split('id="rail-views"')[1].split("</nav>")[0]
    assert (">Channels<" in rail, ">Archives<" in rail) == (False, True)


def test_a_link_that_is_new_to_somebody_stands_behind_its_usual_neighbour(desk: Desk) -> None:
    desk.alice.rail_order = ["overdue", "open", "unassigned", "mentions", "snoozed", "tasks", "contacts", "orders"]
    desk.session.commit()
    assert desk.rail()[:4] == ["Overdue", "Inbox", "Mine", "Unassigned"]
    assert set(desk.rail()) >= set(USUAL)


def test_it_is_as_usual_again_on_request_and_noted(desk: Desk) -> None:
    desk.arrange("mine", "up")
    desk.arrange("phone", "hide")
    assert desk.post("/settings/sidebar").status_code == 303
    labels = desk.rail()
    assert labels[: len(USUAL)] == USUAL
    assert set(CHANNELS) <= set(labels)
    noted = desk.session.execute(sa.select(sa.func.count()).where(AuditEntry.action == "RailArranged")).scalar_one()
    assert noted == 3


@pytest.mark.parametrize(("name", "to"), [("mine", "hide"), ("nowhere", "up"), ("mine", "sideways"), ("settings", "down")])
def test_what_cannot_be_moved_or_hidden_is_refused(desk: Desk, name: str, to: str) -> None:
    assert desk.arrange(name, to) == 400
    assert desk.rail()[: len(USUAL)] == USUAL


def test_with_scripts_the_links_change_in_place_and_the_rail_is_told(desk: Desk) -> None:
    answer = desk.post("/settings/sidebar", headers={**HTMX, "HX-Target": "sidebar-links"}, name="mine", to="up")
    assert answer.status_code == 200
    assert answer.text.index("Move Mine up") < answer.text.index("Move Inbox up")
    assert "<html" not in answer.text
    assert "views-moved" in answer.headers["HX-Trigger"]
    assert "Mine is now in position 1 of" in answer.headers["HX-Trigger"]
