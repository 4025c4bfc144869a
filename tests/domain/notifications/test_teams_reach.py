"""Whom no card in Teams can reach is said where cards are chosen and where addresses are entered."""

from __future__ import annotations

import html

import pytest

from app.core.ids import new_id
from app.domain.accounts.models import Role, Team
from tests.domain.notifications.conftest import House
from tests.domain.notifications.test_teams import Channel, channel
from tests.factories import make_user
from tests.support.pages import PageClient
from tests.support.signing_in import sign_in

__all__ = ["channel"]
NO_CHANNEL_OF_YOURS = "None of your teams has a Teams channel"


def seen(house: House, client: PageClient, path: str) -> str:
    house.session.commit()
    return html.unescape(client.get(path).text)


@pytest.mark.parametrize(("who", "is_said"), [("alice", False), ("bob", True)])
def test_whoever_is_in_no_team_with_a_channel_reads_so_in_their_settings(
    house: House, channel: Channel, page_client: PageClient, who: str, is_said: bool
) -> None:
    sign_in(page_client.plain, house.session, getattr(house, who))
    assert (NO_CHANNEL_OF_YOURS in seen(house, page_client, "/settings/notifications")) is is_said


def test_without_any_channel_the_way_is_not_offered_and_nothing_is_said(house: House, page_client: PageClient) -> None:
    sign_in(page_client.plain, house.session, house.alice)
    assert NO_CHANNEL_OF_YOURS not in seen(house, page_client, "/settings/notifications")


def test_administrators_see_which_people_and_teams_a_card_does_not_reach(
    house: House, channel: Channel, page_client: PageClient
) -> None:
    house.session.add(Team(id=new_id(), name="Planning <b>"))
    sign_in(page_client.plain, house.session, make_user(house.session, "Noor", role=Role.ADMIN))
    addresses = seen(house, page_client, "/settings/teams-cards")
    who = addresses[addresses.index("in no team with a channel") - 40 :].split("This person gets a card")[0]
    assert "Bob" in who
    assert "Alice" not in who
    policy = seen(house, page_client, "/settings/policies/new")
    assert "These teams have no channel in Microsoft Teams: Planning <b>." in policy
