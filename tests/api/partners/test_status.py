"""States both ways by polling and by report, orders listed by their change, and cancelled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.api.partners.reads import etag_of
from app.core.clock import utc_now
from app.domain.orders.models import OrderStatus
from app.domain.partners.models import PartnerReport
from app.domain.threads.models import Message
from tests.api.partners.conftest import ORDERS, Gateway, body

STATUS = f"{ORDERS}/GRO-123456/status"
REPORT = "/api/v1/webhooks/partner-status/groendus"


def report(word: str, **more: object) -> dict[str, object]:
    return {"partner_order_id": "GRO-123456", "status": word, "timestamp": "2026-11-21T10:30:00Z", **more}


@pytest.fixture
def posted(gateway: Gateway) -> Gateway:
    assert gateway.live.post(body()).status_code == 201
    assert gateway.sandbox.post(body()).status_code == 201
    return gateway


def test_the_state_is_polled_once_a_minute_and_costs_nothing_while_unchanged(posted: Gateway) -> None:
    first = posted.live.get(STATUS)
    data = first.json["data"]  # type: ignore[index]
    assert (first.status_code, data["status"], data["partner_status"], data["sequence"]) == (200, "new", "RECEIVED", 1)
    assert '"poll";q=1;w=60' in first.headers["RateLimit-Policy"]
    second = posted.live.get(STATUS)
    assert (second.status_code, second.json["violated-policies"]) == (429, ["poll"])  # type: ignore[index]
    assert 50 <= int(second.headers["Retry-After"]) <= 60
    unchanged = posted.sandbox.get(STATUS, headers={"If-None-Match": '"nothing"'})
    assert unchanged.status_code == 200, "another key polls for itself"


def test_an_unchanged_state_is_answered_304_on_the_short_path(posted: Gateway) -> None:
    row = next(one for one in posted.rows_of_orders() if one.order_id is not None)
    tag = etag_of(row.order_number, row.order_status, row.updated_at)
    answer = posted.live.get("/orders/GRO-123456/status", headers={"If-None-Match": f'"{tag}"'})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", f'"{tag}"')
    assert "RateLimit" in answer.headers


def test_the_tag_is_that_of_the_vector() -> None:
    at = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    assert etag_of("CC-2025-00123", "scheduled", at) == "4e498bbc24c2e9f11a7b468048704f64"


def test_what_another_partner_has_is_not_there(posted: Gateway) -> None:
    assert posted.live.get(f"{ORDERS}/NOBODY/status").status_code == 404
    assert posted.live.get("/api/v1/partners/essent/orders/GRO-123456/status").status_code == 404


def test_orders_are_listed_in_the_order_of_their_change(posted: Gateway) -> None:
    posted.live.post(body(partner_order_id="GRO/2"))
    page = posted.live.get(f"{ORDERS}?limit=1").json["data"]  # type: ignore[index]
    rest = posted.live.get(f"{ORDERS}?limit=5&cursor={page['next_cursor']}").json["data"]  # type: ignore[index]
    assert [one["partner_order_id"] for one in (*page["items"], *rest["items"])] == ["GRO-123456", "GRO/2"]
    later = (utc_now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert posted.live.get(f"{ORDERS}?updated_since={later}").json["data"]["items"] == []  # type: ignore[index]
    assert posted.live.get(f"{ORDERS}/GRO/2").json["data"]["order"]["partner_order_id"] == "GRO/2"  # type: ignore[index]
    for wrong in ("updated_since=2026-11-20", "limit=0", "limit=x", "cursor=x", "unknown=1"):
        assert posted.live.get(f"{ORDERS}?{wrong}").status_code == 422, wrong


def test_a_report_moves_the_order_once(posted: Gateway) -> None:
    first = posted.live.post(report("CONFIRMED", technician_info={"name": "Team"}, extra=1), REPORT)
    assert first.status_code == 200, first.text
    data = first.json["data"]  # type: ignore[index]
    assert (data["mapped_status"], data["outcome"]) == ("approved", "applied")
    assert data["transition_id"]
    assert first.json["warnings"][0]["field"] == "extra"  # type: ignore[index]
    again = posted.live.post(report("CONFIRMED", technician_info={"name": "Team"}, extra=1), "/webhooks/partner-status/groendus")
    assert again.json["data"] == data  # type: ignore[index]
    assert posted.orders()[0].status == OrderStatus.APPROVED
    told = posted.live.get(STATUS).json["data"]  # type: ignore[index]
    assert (told["status"], told["partner_status"], told["sequence"]) == ("approved", "CONFIRMED", 2)


def test_a_word_without_meaning_is_kept_and_shown(posted: Gateway) -> None:
    answer = posted.live.post(report("PAUSED_BY_US", notes="Klant op vakantie"), REPORT)
    assert (answer.json["data"]["outcome"], answer.json["data"]["reason"]) == ("skipped", "no_status_mapping")  # type: ignore[index]
    assert posted.orders()[0].status == OrderStatus.NEW
    (kept,) = posted.rows(PartnerReport)
    assert (kept.word, kept.payload["notes"]) == ("PAUSED_BY_US", "Klant op vakantie")
    notes = posted.session.execute(sa.select(Message.text).where(Message.text.contains("PAUSED_BY_US"))).scalars().all()
    assert len(notes) == 1


def test_the_state_it_has_already_changes_nothing(posted: Gateway) -> None:
    assert posted.live.post(report("RECEIVED"), REPORT).json["data"]["outcome"] == "unchanged"  # type: ignore[index]
    assert posted.live.post(report("X", partner_order_id="NOBODY"), REPORT).status_code == 404
    assert posted.live.post({"status": ""}, REPORT).status_code == 422


def test_reports_work_in_the_sandbox_and_touch_no_order(posted: Gateway) -> None:
    assert posted.sandbox.post(report("DELIVERED"), REPORT).json["data"]["outcome"] == "applied"  # type: ignore[index]
    assert posted.sandbox.get(STATUS).json["data"]["status"] == "completed"  # type: ignore[index]
    assert posted.orders()[0].status == OrderStatus.NEW


def test_an_order_is_cancelled_once(posted: Gateway) -> None:
    path = f"{ORDERS}/GRO-123456/cancel"
    first = posted.live.post({"reason": "Klant ziet ervan af"}, path)
    assert (first.status_code, first.json["data"]["status"]) == (200, "cancelled")  # type: ignore[index]
    assert first.json["data"]["skipped"] == "no_status_mapping"  # type: ignore[index]
    assert posted.orders()[0].status == OrderStatus.CANCELLED
    assert posted.live.call("POST", path).status_code == 200
    assert posted.live.post({}, f"{ORDERS}/NOBODY/cancel").status_code == 404
