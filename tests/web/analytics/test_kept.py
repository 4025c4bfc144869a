"""Reports people come back to, and the targets of a brand."""

from __future__ import annotations

from html import unescape

from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import User
from app.domain.analytics.saved import list_saved_reports, read_targets
from app.domain.analytics.saved_models import SavedReport
from tests.web.analytics.conftest import Office


def kept(office: Office, user: User) -> list[str]:
    return [row.name for row in list_saved_reports(office.session, viewer_of(office.session, user))]


def test_a_report_is_kept_shared_and_opened_with_its_filters(office: Office) -> None:
    answer = office.post("/analytics/reports", name="  Maandag ", shared="yes", report="period=7&medium=email&chart=received&x=1")
    assert answer.status_code == 303
    assert office.post("/analytics/reports", name="maandag", report="period=90").status_code == 422
    assert office.post("/analytics/reports", name="", report="").status_code == 422
    office.post("/analytics/reports", name="Alleen ik", report="period=90")
    assert kept(office, office.desk.lena) == ["Alleen ik", "Maandag"]
    office.as_user(office.desk.alice)
    assert kept(office, office.desk.alice) == ["Maandag"]
    page = unescape(office.get("/analytics/reports"))
    assert "/analytics?period=7&medium=email&chart=received" in page
    assert office.post("/analytics/reports", name="Van mij", shared="yes", report="").status_code == 403


def test_only_its_owner_deletes_a_report(office: Office) -> None:
    office.post("/analytics/reports", name="Maandag", shared="yes", report="")
    row = list_of(office)[0]
    office.as_user(office.desk.alice)
    assert office.post(f"/analytics/reports/{row.id}/deletion").status_code == 404
    office.as_user(office.desk.lena)
    assert office.post(f"/analytics/reports/{row.id}/deletion").status_code == 303
    assert list_of(office) == []


def list_of(office: Office) -> list[SavedReport]:
    return list(list_saved_reports(office.session, viewer_of(office.session, office.desk.lena)))


def test_a_brands_target_is_the_line_of_its_reports(office: Office) -> None:
    brand = office.desk.brand
    assert "target 4 h" in office.get("/analytics")
    answer = office.post(f"/analytics/targets/{brand.id}", first_response="1,5", first_promise="90")
    assert answer.status_code == 303
    assert read_targets(office.session, [brand.id])["first_response"] == 5400
    page = office.get("/analytics")
    assert "target 1 h 30 min" in page
    assert "target 90" in page
    refused = office.post(f"/analytics/targets/{brand.id}", first_response="soon", first_promise="150")
    assert refused.status_code == 422
    assert "from 0 to 100." in refused.text
    assert read_targets(office.session, [brand.id])["first_response"] == 5400
    office.post(f"/analytics/targets/{brand.id}")
    assert read_targets(office.session, [brand.id])["first_response"] == 4 * 3600
