"""The report: what it says, who sees what of it, and that every number opens as many as it says."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

from app.core.clock import utc_now
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Role
from app.domain.analytics.figures import count_facts
from app.domain.analytics.measures import MEASURES
from app.domain.analytics.rollups import roll_next
from app.domain.analytics.slices import NONE, slice_for
from tests.factories import make_brand, make_user
from tests.support.queries import at_most
from tests.web.analytics.conftest import DAYS, Office

NUMBERS = re.compile(r'<a class="an-figure" href="(/analytics/list[^"]+)"[^>]*>([^<]+)</a>')


def listed(office: Office, href: str) -> int:
    """How many the list behind a number says it has."""
    found = re.search(r'<h2 id="list-title">[^<]*: <span class="num">(\d+)</span>', office.get(unescape(href)))
    assert found
    return int(found[1])


def test_the_report_says_what_happened(office: Office) -> None:
    text = office.get("/analytics?period=28")
    assert "12 min" in text  # the median of 5, 12 and 19
    assert ">12 of 12<" in text
    assert "No figure for these days" in office.get("/analytics?period=own&from=2020-01-01&to=2020-01-31")


def test_every_count_opens_as_many_as_it_says(office: Office) -> None:
    """Shares and times open the facts they rest on; counts are compared here."""
    compared, seen = 0, set[str]()
    for query in ("", "?period=7&chart=received", "?chart=first_promise&time=wall&medium=whatsapp"):
        for href, words in sorted(set(NUMBERS.findall(office.get(f"/analytics{query}"))))[::3]:
            key = parse_qs(urlsplit(unescape(href)).query)["m"][0]
            seen.add(key)
            if MEASURES[key].shape == "count" and "weekday" not in href:
                assert listed(office, href) == int(words.replace(",", "")), href
                compared += 1
            else:
                assert listed(office, href) > 0
    assert compared > 8
    assert len(seen) > 5


def test_an_agent_sees_their_own_figures_and_nobody_elses(office: Office) -> None:
    office.as_user(office.desk.bob)
    text = office.get("/analytics?chart=messages_out")
    assert "your own figures" in text
    people = office.get("/analytics/people")
    assert "Bob" in people
    assert "Alice" not in people.split('class="an-report__head"')[1]
    assert listed(office, "/analytics/list?m=messages_out") == DAYS
    assert listed(office, f"/analytics/list?m=messages_out&person={office.desk.alice.id}") == 0


def test_people_stand_by_name_and_are_no_ranking(office: Office) -> None:
    office.desk.now = utc_now() - timedelta(days=3)
    office.desk.ask(office.desk.thread(value="missed@example.nl"))
    office.desk.now = utc_now()
    office.reports.settle()
    table = office.get("/analytics/people").split("<tbody>")[-1]
    assert table.index("Alice") < table.index("Bob")
    assert "Unassigned" in table


def test_somebody_of_another_brand_sees_nothing_of_this_one(office: Office) -> None:
    other = make_user(office.session, "Moritz", role=Role.LEAD, brands=(make_brand(office.session, "laderthuis"),))
    office.as_user(other)
    assert "No figure for these days" in office.get("/analytics")
    assert listed(office, f"/analytics/list?m=received&brand={office.desk.brand.id}") == 0


def test_live_figures_open_their_threads(office: Office) -> None:
    assert f'href="/threads/{office.waiting.id}"' in office.get("/analytics/now/unassigned")
    assert office.client.get("/analytics/now/burning").status_code == 404
    assert office.client.get("/analytics/list?m=burning").status_code == 404


def test_days_that_make_no_period_are_refused_with_the_reason(office: Office) -> None:
    answer = office.client.get("/analytics?period=own&from=2026-03-02&to=2026-03-01")
    assert answer.status_code == 422
    assert "The last day comes before the first." in answer.text


def test_a_report_costs_few_queries(office: Office) -> None:
    """Nine at most, beside the one that looks up who asks; rolled up or not."""
    office.get("/analytics")
    paths = ("/analytics", "/analytics?period=90", "/analytics/orders", "/analytics/people", "/analytics/wall")
    paths += ("/analytics/list?m=received", "/analytics/now/waiting", "/analytics/reports", "/analytics/schedules")
    paths += (f"/analytics?person={office.desk.bob.id}", "/analytics?team=none&priority=normal")
    for rolled in (False, True):
        while rolled and roll_next(office.session, now=office.desk.now) is not None:
            pass
        for path in paths:
            office.session.commit()
            office.session.expunge_all()
            with at_most(office.session, 9):
                office.get(path)


def test_parts_add_up_to_the_whole_with_those_of_nobody(office: Office) -> None:
    viewer = viewer_of(office.session, office.desk.noah)
    tomorrow = utc_now().date() + timedelta(days=1)  # the brand's day begins before that of UTC
    received = MEASURES["received"]
    whole = slice_for(viewer, first=tomorrow.replace(year=2020), last=tomorrow)
    total = count_facts(office.session, whole, received)
    people = [office.desk.alice.id, office.desk.bob.id, office.desk.lena.id, office.desk.noah.id, NONE]
    parts = [slice_for(viewer, first=whole.first, last=whole.last, user_id=one) for one in people]
    assert sum(count_facts(office.session, part, received) for part in parts) == total == 3 * DAYS + 1


def test_the_wallboard_shows_figures_and_no_names(office: Office) -> None:
    text = office.get("/analytics/wall")
    assert "<dt>waiting, 1 unassigned</dt><dd>1</dd>" in text
    assert "1 today" in text
    assert "0@example.nl" not in text
    assert office.client.fragment("/analytics/wall", target="wall").text.lstrip().startswith("<main")
