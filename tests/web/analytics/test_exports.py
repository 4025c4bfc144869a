"""Files of reports: as many rows as the number says, safe in a spreadsheet, and in the audit."""

from __future__ import annotations

import csv
import io
import zipfile

import sqlalchemy as sa

from app.domain.events.models import AuditEntry
from tests.web.analytics.conftest import DAYS, Office


def rows_of(office: Office, path: str, delimiter: str = ",") -> list[dict[str, str]]:
    answer = office.client.get(path, buffered=True)  # read and closed, as a browser does
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=delimiter))


def test_files_hold_what_the_number_says(office: Office) -> None:
    rows = rows_of(office, "/analytics/list/export?m=first_response&format=programs")
    assert len(rows) == 3 * DAYS
    assert rows[0]["at"].endswith("Z")
    assert "contact_name" not in rows[0]
    assert "contact_name" in rows_of(office, "/analytics/list/export?m=first_response&format=programs&names=yes")[0]
    report = rows_of(office, "/analytics/export?format=programs&time=wall")
    assert {"measure": "first_response", "day": "", "value": "720", "of": str(3 * DAYS)} in report
    paper = office.client.get("/analytics/export?format=pdf&medium=email", buffered=True)
    assert (paper.status_code, paper.data[:5]) == (200, b"%PDF-")
    assert office.client.get("/analytics/list/export?m=received&format=pdf").status_code == 404
    sheet = office.client.get("/analytics/list/export?m=received&format=xlsx", buffered=True)
    assert sheet.status_code == 200
    book = zipfile.ZipFile(io.BytesIO(sheet.data))
    assert book.read("xl/worksheets/sheet2.xml").decode().count("<row ") == 3 * DAYS + 2
    assert office.client.get("/analytics/export?format=docx").status_code == 404
    audited = sa.select(AuditEntry).where(AuditEntry.action == "ReportExported").order_by(AuditEntry.id)
    found = office.session.execute(audited).scalars().all()
    assert (found[0].object_id, found[0].detail["rows"]) == ("first_response", 3 * DAYS)
    assert len(found) == 5


def test_an_agent_takes_away_their_own_figures_alone(office: Office) -> None:
    office.as_user(office.desk.bob)
    rows = rows_of(office, "/analytics/list/export?m=first_response&format=programs&names=yes")
    assert {row["user_name"] for row in rows} == {"Bob"}
    assert "contact_name" not in rows[0]
