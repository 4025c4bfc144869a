"""A partner saves the report of a visit to its customer, and the photos; a signature and what was said are none of its."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.field.models import VisitReport
from app.domain.partners.models import Environment
from app.domain.partners.take_order import take_order
from tests.api.partners.conftest import ORDERS, Program
from tests.domain.field.conftest import Round
from tests.domain.field.conftest import day as day
from tests.domain.field.test_reports import jpeg, whole
from tests.domain.partners.factories import incoming, make_partner, make_partner_key

ALL = f"{ORDERS}/GRO%2F1/documents"


@pytest.fixture
def groendus(day: Round, client: FlaskClient) -> Program:
    """Its order is the one of the visit."""
    partner = make_partner(day.session, day.brand)
    with day.app.app_context():
        row = take_order(day.session, partner, Environment.LIVE, incoming("GRO/1"), now=day.now).row
        key = make_partner_key(day.session, partner, runtime().keyring)
    day.visit.order_id = row.order_id
    day.session.commit()
    return Program(client, key)


def listed(groendus: Program) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = groendus.get(ALL).get_json()["data"]["items"]
    return found


def test_reports_and_photos_of_an_order_are_listed_and_saved(day: Round, groendus: Program) -> None:
    assert listed(groendus) == []
    whole(day)
    day.session.merge(VisitReport(appointment_id=day.visit.id, created_at=utc_now()))
    day.session.commit()
    photo, report = listed(groendus)
    assert (photo["kind"], photo["label"], report["kind"], report["content_type"]) == (
        "photo",
        "after",
        "visit_report",
        "application/pdf",
    )
    saved = groendus.get(photo["url"])
    assert (saved.status_code, saved.data, saved.mimetype) == (200, jpeg(), "application/octet-stream")
    assert photo["name"] in saved.headers["Content-Disposition"]
    assert groendus.get(report["url"]).data.startswith(b"%PDF-")
