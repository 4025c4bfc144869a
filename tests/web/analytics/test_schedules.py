"""The pages of reports by mail: made, refused with the reason, paused, tried, left and deleted; another's is nobody's."""

from __future__ import annotations

import sqlalchemy as sa

from app.domain.scheduled_reports.models import ReportRecipient, ReportSchedule, ReportSend
from tests.web.analytics.conftest import Office

USUAL = {"every": "week", "weekday": "0", "month_day": "1", "hour": "7", "report": "medium=email&time=wall"}


def row(office: Office) -> ReportSchedule | None:
    return office.session.execute(sa.select(ReportSchedule).execution_options(populate_existing=True)).scalar_one_or_none()


def test_a_report_by_mail_from_making_it_to_deleting_it(office: Office) -> None:
    desk = office.desk
    office.session.commit()
    assert "Kind of channel: " in office.get("/analytics/schedules/new?medium=email")
    refused = office.post("/analytics/schedules", **{**USUAL, "name": " ", "hour": "24"})
    assert refused.status_code == 422
    assert "Give it a name of at most 80 characters." in refused.text
    nobody = office.post("/analytics/schedules", **USUAL, name="Monday", to=str(desk.alice.id))
    assert nobody.status_code == 422
    assert "people who may see figures" in nobody.text
    to = [str(desk.lena.id), str(desk.noah.id)]
    assert office.post("/analytics/schedules", **USUAL, name="Monday", to=to).status_code == 303
    made = row(office)
    assert made is not None
    assert (made.args, made.is_open, made.hour) == ({"medium": "email"}, False, 7)
    text = office.get("/analytics/schedules")
    assert "Every week, Monday 07:00" in text
    assert "Lena, Noah" in text
    place = f"/analytics/schedules/{made.id}"
    assert office.post(place, **{**USUAL, "name": "Tuesday", "weekday": "1", "to": to}).status_code == 303
    assert "Tuesday" in office.get(place)
    for step, data in (("pause", {"paused": "yes"}), ("test", {}), ("leave", {})):
        assert office.post(f"{place}/{step}", **data).status_code == 303
    assert "Paused" in office.get("/analytics/schedules")
    assert office.session.execute(sa.select(ReportSend.is_test)).scalars().all() == [True]
    assert office.session.execute(sa.select(ReportRecipient.user_id)).scalars().all() == [desk.noah.id]
    office.as_user(desk.noah)
    assert "made by Lena" in office.get("/analytics/schedules")
    assert office.post(f"{place}/deletion").status_code == 404
    office.as_user(desk.lena)
    assert office.post(f"{place}/deletion").status_code == 303
    assert row(office) is None
