"""The pages of reports by mail: made, refused with the reason, paused, tried, left and deleted; another's is nobody's."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa

from app.domain.accounts.access import viewer_of
from app.domain.scheduled_reports.actions import ScheduleContent, make_schedule
from app.domain.scheduled_reports.due import Rhythm
from app.domain.scheduled_reports.models import Every, ReportRecipient, ReportSchedule, ReportSend
from tests.web.analytics.conftest import Office

USUAL = {"every": "week", "weekday": "0", "month_day": "1", "hour": "7", "report": "medium=email&time=wall"}


def read(office: Office, *columns: Any) -> list[tuple[Any, ...]]:
    """Rows as they are now; the pages go on with nothing open."""
    rows = [tuple(row) for row in office.session.execute(sa.select(*columns))]
    office.session.commit()
    return rows


def ids_of(office: Office) -> dict[str, uuid.UUID]:
    desk = office.desk
    found = {"alice": desk.alice.id, "lena": desk.lena.id, "noah": desk.noah.id}
    office.session.commit()
    return found


def test_a_report_by_mail_from_making_it_to_deleting_it(office: Office) -> None:
    ids = ids_of(office)
    to = [str(ids["lena"]), str(ids["noah"])]
    assert "Channel type: " in office.get("/analytics/schedules/new?medium=email")
    refused = office.post("/analytics/schedules", **{**USUAL, "name": " ", "hour": "24"})
    assert refused.status_code == 422
    assert "Enter a name of at most 80 characters." in refused.text
    nobody = office.post("/analytics/schedules", **USUAL, name="Monday", to=str(ids["alice"]))
    assert nobody.status_code == 422
    assert "recipients from the list" in nobody.text
    assert office.post("/analytics/schedules", **USUAL, name="Monday", to=to).status_code == 303
    columns = (ReportSchedule.id, ReportSchedule.args, ReportSchedule.is_open, ReportSchedule.hour)
    ((schedule_id, *kept),) = read(office, *columns)
    assert kept == [{"medium": "email"}, False, 7]
    text = office.get("/analytics/schedules")
    assert "Every week on Monday at 07:00" in text
    assert "Lena, Noah" in text
    place = f"/analytics/schedules/{schedule_id}"
    assert office.post(place, **{**USUAL, "name": "Tuesday", "weekday": "1", "to": to}).status_code == 303
    assert "Tuesday" in office.get(place)
    for step, data in (("pause", {"paused": "yes"}), ("test", {}), ("leave", {})):
        assert office.post(f"{place}/{step}", **data).status_code == 303
    assert "Paused" in office.get("/analytics/schedules")
    assert read(office, ReportSend.is_test) == [(True,)]
    assert read(office, ReportRecipient.user_id) == [(ids["noah"],)]
    assert office.post(f"{place}/deletion").status_code == 303
    assert read(office, ReportSchedule.id) == []


def test_who_gets_a_report_of_somebody_else_sees_it_and_changes_nothing(office: Office) -> None:
    desk = office.desk
    content = ScheduleContent("Monday", {}, True, Rhythm(Every.WEEK), (desk.noah.id,))
    row = make_schedule(office.session, viewer_of(office.session, desk.lena), content, now=desk.now)
    place = f"/analytics/schedules/{row.id}"
    office.session.commit()
    office.as_user(desk.noah)
    assert "created by Lena" in office.get("/analytics/schedules")
    assert office.post(f"{place}/deletion").status_code == 404
