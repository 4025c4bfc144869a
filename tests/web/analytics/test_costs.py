"""What channels cost, from a date on, and what one message or call comes to."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest

from app.core.clock import utc_now
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Role
from app.domain.analytics.costs import Spent, read_spent, totals
from app.domain.analytics.slices import slice_for
from app.domain.orders.settings import set_money
from tests.web.analytics.conftest import Office


def today() -> date:
    return utc_now().date()


MAIL = {"per_month": "36,50", "per_message": "0.10", "minutes": "6", "per_hour": "30"}


@pytest.fixture
def managed(office: Office) -> Office:
    """Lena manages."""
    office.desk.lena.role = Role.MANAGER
    office.session.commit()
    return office


def spent(office: Office, **narrowed: object) -> list[Spent]:
    days = {"first": today() - timedelta(days=10), "last": today() - timedelta(days=1)}
    return read_spent(office.session, slice_for(viewer_of(office.session, office.desk.lena), **days, **narrowed))


def keep(office: Office, days_ago: int, **amounts: str) -> int:
    from_date = (today() - timedelta(days=days_ago)).isoformat()
    return office.post(f"/analytics/costs/{office.desk.mail.id}", from_date=from_date, **amounts).status_code


def test_an_interaction_costs_its_share_of_the_month_the_provider_and_the_work(managed: Office) -> None:
    office = managed
    assert spent(office) == []
    assert keep(office, 2, **MAIL) == 303
    (mail,) = spent(office)
    # Two days, each with two questions and two answers: 2 x 1.20, 4 x 0.10, 8 x 6 minutes at 30 an hour.
    assert (mail.interactions, mail.fixed, mail.provider, mail.work) == (8, Decimal("2.4"), Decimal("0.4"), Decimal(24))
    assert mail.each == Decimal("3.35")
    assert keep(office, 1, **{**MAIL, "per_hour": "60"}) == 303
    assert spent(office)[0].work == 12 + 24
    assert office.post(f"/analytics/costs/{office.desk.mail.id}/{today() - timedelta(days=1)}/deletion").status_code == 303
    assert spent(office) == [mail]


def test_the_page_shows_the_parts_and_opens_the_messages_they_are_divided_by(managed: Office) -> None:
    office = managed
    keep(office, 2, **MAIL)
    path = f"/analytics?period=own&from={today() - timedelta(days=9)}&to={today() - timedelta(days=1)}"
    table = office.get(path).partition('id="costs-title"')[2].partition("</section>")[0]
    cells = [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", table)]
    assert cells == ["8", "€2.40", "€0.40", "€24.00", "€3.35"]
    found = re.search(r'href="(/analytics/list[^"]+)"', table)
    assert found
    assert 'Messages and calls: <span class="num">8</span>' in office.get(unescape(found[1]))
    assert "costs-title" not in office.get(path + "&priority=normal")
    assert "costs-title" not in office.get(path + "&medium=whatsapp")


def test_currencies_stand_apart(managed: Office) -> None:
    office = managed
    keep(office, 2, **MAIL)
    set_money(office.session, office.desk.brand.id, currency="CAD", tax_code="qc", prices_include_tax=False)
    keep(office, 1, **MAIL)
    assert [(one.currency, one.interactions) for one in totals(spent(office))] == [("CAD", 4), ("EUR", 4)]


def test_amounts_that_are_none_are_refused_at_their_fields(managed: Office) -> None:
    office = managed
    for wrong in ({"per_hour": "much"}, {"per_month": "-3"}, {"per_message": "1.250"}):
        assert keep(office, 2, **wrong) == 422
    assert office.post(f"/analytics/costs/{office.desk.mail.id}", per_hour="3").status_code == 422
    assert office.post(f"/analytics/costs/{office.desk.mail.id}/{today()}/deletion").status_code == 404
    assert spent(office) == []
    assert office.get("/analytics/costs").count("Add costs, in EUR") == 2
