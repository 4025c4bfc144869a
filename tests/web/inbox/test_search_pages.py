"""The pages of search: what is suggested, where a hit leads, what is marked there, what the palette offers, and to whom."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer, viewer_of
from app.domain.accounts.models import BrandMember, Role, User
from app.domain.events.actions import SYSTEM
from app.domain.threads.search_marks import excerpt, has_match, marked
from app.domain.threads.search_query import OPERATORS
from app.domain.threads.tags import change_tags
from app.web.inbox.search_words import HINTS
from app.web.inbox.suggestions import suggest
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread
from tests.web.inbox.test_pages import MAX_QUERIES, Desk, desk

__all__ = ["desk"]


def _viewer(desk: Desk, user: User) -> Viewer:
    return viewer_of(desk.session, user)


def _inserts(desk: Desk, typed: str, user: User | None = None) -> list[str]:
    with desk.app.app_context():
        return [s.insert for s in suggest(desk.session, viewer=_viewer(desk, user or desk.alice), typed=typed)]


def test_every_operator_is_explained() -> None:
    assert tuple(HINTS) == OPERATORS


@pytest.mark.parametrize(
    ("typed", "inserts"),
    [
        ("st", ["status:"]),
        ("laadpaal -st", ["-status:"]),
        ("status:wait", ["status:waiting_customer ", "status:waiting_internal "]),
        ("channel:wh", ["channel:whatsapp "]),
        ("assignee:m", ["assignee:me "]),
        ("has:", ["has:attachment "]),
        ('tag:"wacht', ['tag:"wacht op deel" ']),
        ("tag:deel", ['tag:"wacht op deel" ']),
        ("from:piet", ['from:"Pieter van Dam" ']),
        ("kleur:r", []),
        ("a:b", []),
        ("xyz", []),
    ],
)
def test_what_is_typed_is_completed(desk: Desk, typed: str, inserts: list[str]) -> None:
    desk.thread.tags = ["wacht op deel"]
    desk.session.flush()
    assert _inserts(desk, typed) == inserts


def test_suggestions_name_nothing_of_other_brands(desk: Desk) -> None:
    desk.thread.tags = ["geheim"]
    desk.session.flush()
    assert [_inserts(desk, typed, desk.mallory) for typed in ("tag:", "from:piet", "assignee:ali")] == [[], [], []]
    assert _inserts(desk, "brand:", desk.mallory) != _inserts(desk, "brand:")


def test_the_search_page_lists_hits_says_what_is_wrong_and_costs_few_queries(desk: Desk) -> None:
    desk.thread.tags = ["garantie"]
    desk.session.flush()
    address = "/search?q=" + quote("kleur:rood status:weg tag:garantie from:pieter assignee:none laadp")
    with desk.at_most(MAX_QUERIES + 4):  # the operators of this one ask for tags, people and colleagues too
        text = desk.client.get(address).text
    assert "kleur:” is not an operator" in text
    assert "We do not know the filter “status:weg”" in text
    assert "waiting_customer" in text
    with desk.at_most(MAX_QUERIES):
        desk.client.get("/search?q=nergenstevinden")


def test_a_hit_far_back_is_opened_where_it_stands_with_its_words_marked(desk: Desk) -> None:
    found = make_message(desk.session, desk.thread, "Het Café knippert & meer", at=NOW - timedelta(days=9))
    for n in range(30):
        make_message(desk.session, desk.thread, f"later {n}", at=NOW + timedelta(minutes=n))
    desk.session.flush()
    answer = desk.client.get(f"/messages/{found.id}?find=cafe+knip")
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith(f"#item-{found.id}")
    text = desk.client.get(answer.headers["Location"]).text
    assert f'id="item-{found.id}"' in text
    assert '<mark class="found">Café</mark> <mark class="found">knippert</mark> &amp; meer' in text
    newest = make_message(desk.session, desk.thread, "slot", at=NOW + timedelta(hours=2))
    desk.session.flush()
    assert "before=" not in desk.client.get(f"/messages/{newest.id}").headers["Location"]


def test_a_message_of_another_brand_leads_nowhere(desk: Desk) -> None:
    message = desk.newest()
    desk.as_user(desk.mallory)
    assert desk.client.get(f"/messages/{message.id}").status_code == 404


def test_the_palette_finds_pages_tags_people_and_threads_of_ones_own_brands(desk: Desk, db_session: Session) -> None:
    desk.thread.tags = ["garantie"]
    desk.thread.subject = "Laadpaal kapot"
    desk.session.flush()
    assert "Unassigned" in desk.client.get("/palette").text
    assert "Password and sessions" in desk.client.get("/palette?q=pass").text
    assert "tag=garantie" in desk.client.get("/palette?q=gara").text
    assert f"/threads/{desk.thread.id}" in desk.client.get("/palette?q=pieter").text
    assert "Laadpaal kapot" in desk.client.get("/palette?q=laadpaal").text
    assert "Teams and brands" not in desk.client.get("/palette?q=teams").text
    desk.as_user(desk.mallory)
    for typed in ("gara", "pieter", "laadpaal", f"%23{desk.thread.number}"):
        text = desk.client.get(f"/palette?q={typed}").text
        assert "garantie" not in text
        assert str(desk.thread.id) not in text


def test_a_list_is_narrowed_to_a_brand_in_its_menu_and_in_the_palette(desk: Desk) -> None:
    own = desk.thread.brand_id
    assert f"brand={own}" not in desk.client.get("/palette?q=charge").text  # Alice has one brand
    other = desk.session.execute(sa.select(BrandMember.brand_id).where(BrandMember.user_id == desk.mallory.id)).scalar_one()
    third = make_brand(desk.session, "third")
    desk.session.add(BrandMember(brand_id=third.id, user_id=desk.alice.id))
    desk.session.commit()
    desk.as_user(desk.alice)
    more = desk.client.plain.get("/inbox/more-filters", headers={"HX-Request": "true"}).text
    palette = desk.client.get("/palette?q=third").text
    assert (f"brand={third.id}" in more, f"brand={other}" in more) == (True, False)
    assert f"brand={third.id}" in palette
    assert "Remove the brand filter" in desk.client.get(f"/inbox?brand={own}").text
    assert "Remove the brand filter" not in desk.client.get(f"/inbox?brand={other}").text


def test_a_list_is_narrowed_to_a_tag_of_ones_own_brands_in_its_menu(desk: Desk) -> None:
    with desk.app.app_context():
        channel = make_channel(desk.session, make_brand(desk.session, "theirs"), keyring=runtime().keyring, address="106699")
    hidden = make_thread(desk.session, channel, make_contact(desk.session, value="31600000077"))
    for thread, tag in ((desk.thread, "3-fase & zon"), (hidden, "geheim")):
        change_tags(desk.session, thread_id=thread.id, add=(tag,), actor=SYSTEM, now=utc_now())
    desk.session.commit()
    more = desk.client.plain.get("/inbox/more-filters?priority=high", headers={"HX-Request": "true"}).text
    assert 'href="/inbox?priority=high&amp;tag=3-fase+%26+zon"' in more
    assert "geheim" not in more
    chosen = desk.client.get("/inbox/more-filters?tag=3-fase+%26+zon").text
    link = chosen.split("tag=3-fase+%26+zon")[-1].split("</a>")[0]
    assert 'aria-current="true"' in link
    assert f"/threads/{desk.thread.id}" in desk.client.get("/inbox?tag=3-fase+%26+zon").text


def test_leads_find_what_only_leads_may_open(desk: Desk) -> None:
    desk.alice.role = Role.LEAD
    desk.session.flush()
    assert "Teams and brands" in desk.client.get("/palette?q=teams").text


@pytest.mark.parametrize(
    ("html", "search", "out"),
    [
        ("Rood en rood.", "rood", '<mark class="found">Rood</mark> en <mark class="found">rood</mark>.'),
        ("deuren", "de x", "deuren"),
        ("roodachtig", "x rood", '<mark class="found">roodachtig</mark>'),
        ("een&amp;amp", "amp", 'een&amp;<mark class="found">amp</mark>'),
        ('<a href="/rood">rood</a>', "rood", '<a href="/rood"><mark class="found">rood</mark></a>'),
        ("op naam\nvan", '"op naam van"', '<mark class="found">op naam\nvan</mark>'),
        ("İstanbul straße", "strasse", "İstanbul straße"),
        ("rood", "-rood", "rood"),
        ("rood", "status:open", "rood"),
    ],
)
def test_words_are_marked_where_they_stand(html: str, search: str, out: str) -> None:
    assert marked(Markup(html), search) == out


def test_an_excerpt_shows_the_first_place_escaped() -> None:
    assert excerpt("x " * 200 + "<b> rood", "rood").endswith('&lt;b&gt; <mark class="found">rood</mark>')
    assert excerpt("niets", "rood") == ""
    assert has_match("RÓÓD", "rood")
