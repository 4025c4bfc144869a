"""Reports people come back to, and the targets of a brand."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Role, User
from app.domain.analytics.saved import list_saved_reports, read_targets, save_report
from app.domain.analytics.saved_models import SavedReport
from tests.web.analytics.conftest import Office


@pytest.fixture
def managed(office: Office) -> Office:
    """Lena manages."""
    office.desk.lena.role = Role.MANAGER
    office.session.commit()
    return office


def kept(office: Office, user: User) -> list[str]:
    return [row.name for row in list_saved_reports(office.session, viewer_of(office.session, user))]


def test_a_report_is_kept_shared_and_opened_with_its_filters(managed: Office) -> None:
    office = managed
    answer = office.post("/analytics/reports", name="  Maandag ", shared="yes", report="period=7&medium=email&chart=received&x=1")
    assert answer.status_code == 303
    assert office.post("/analytics/reports", name="maandag", report="period=90").status_code == 422
    assert office.post("/analytics/reports", name="", report="").status_code == 422
    office.post("/analytics/reports", name="Alleen ik", report="period=90")
    assert kept(office, office.desk.lena) == ["Alleen ik", "Maandag"]
    assert kept(office, office.desk.alice) == ["Maandag"]
    (href,) = re.findall(r'<td><a href="(/analytics\?[^"]+)">Maandag', office.get("/analytics/reports"))
    assert parse_qs(urlsplit(unescape(href)).query) == {"period": ["7"], "medium": ["email"], "chart": ["received"]}
    assert office.post(f"/analytics/reports/{list_of(office)[0].id}/deletion").status_code == 303
    assert kept(office, office.desk.lena) == ["Maandag"]


def test_only_its_owner_deletes_a_report_and_only_managers_share(managed: Office) -> None:
    office = managed
    lena = viewer_of(office.session, office.desk.lena)
    row = save_report(office.session, lena, name="Maandag", args={"period": "7"}, is_shared=True, now=office.desk.now)
    office.session.commit()
    office.as_user(office.desk.alice)
    assert "/analytics?period=7" in office.get("/analytics/reports")
    assert office.post(f"/analytics/reports/{row.id}/deletion").status_code == 404
    assert office.post("/analytics/reports", name="Van mij", shared="yes", report="").status_code == 403
    assert office.post("/analytics/reports", name="Van mij", report="").status_code == 303
    assert kept(office, office.desk.lena) == ["Maandag"]


def list_of(office: Office) -> list[SavedReport]:
    return list(list_saved_reports(office.session, viewer_of(office.session, office.desk.lena)))


def test_a_brands_target_is_the_line_of_its_reports(managed: Office) -> None:
    office = managed
    brand = office.desk.brand
    assert "target 4 h" in office.get("/analytics")
    answer = office.post(f"/analytics/targets/{brand.id}", first_response="1,5", first_promise="90")
    assert answer.status_code == 303
    assert read_targets(office.session, [brand.id])["first_response", ""] == 5400
    page = office.get("/analytics")
    assert "target 1 h 30 min" in page
    assert "target 90" in page
    refused = office.post(f"/analytics/targets/{brand.id}", first_response="soon", first_promise="150")
    assert refused.status_code == 422
    assert "from 0 to 100." in refused.text
    assert read_targets(office.session, [brand.id])["first_response", ""] == 5400
    office.post(f"/analytics/targets/{brand.id}")
    assert read_targets(office.session, [brand.id])["first_response", ""] == 4 * 3600


def test_a_kind_of_channel_has_a_target_of_its_own(managed: Office) -> None:
    office, brand = managed, managed.desk.brand
    assert "target 1 h<" in office.get("/analytics?medium=whatsapp")  # as the house proposes
    assert "target 1 h<" in office.get(f"/analytics?channel={office.desk.chat.id}")
    assert office.post(f"/analytics/targets/{brand.id}", **{"first_response-whatsapp": "0,5"}).status_code == 303
    assert read_targets(office.session, [brand.id])["first_response", "whatsapp"] == 1800
    table = office.get("/analytics").partition('id="channels-title"')[2].partition("</section>")[0]
    assert ("target 4 h" in table, "target 30 min" in table) == (True, True)
    assert "target 4 h<" in office.get("/analytics?medium=email")
