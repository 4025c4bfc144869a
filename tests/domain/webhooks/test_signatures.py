"""What receivers verify: the vectors of the Standard Webhooks specification's library and of partners' documents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from app.core.metering import Endpoint
from app.core.standard_webhooks import plain_signature
from app.domain.webhooks.secrets import EndpointSecrets
from app.domain.webhooks.targets import Target, headers_for, shown_headers
from tests.domain.webhooks.conftest import SECRET

OTHER = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
MESSAGE_ID, AT = "msg_01KAJ3W5Y8Q2T7R4N6V9X1Z3BD", 1795253400
BODY = (
    '{"event":"status_update","order_id":"CC-2025-00123","partner_order_id":"GRO-123456","status":"scheduled",'
    '"scheduled_date":"2026-12-01","installer":"Team Zuid – Łódź ✓"}'
).encode()
A, B = "1KFYY8iSwV48zLmS2hDltvtcvl9tlEFRup/pijRSWzc=", "Jr2fY1E6BTIA0obzgfdK/2BCseDi5Tk0xQ8p1hznH7c="
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def headers(*secrets: str, at: int = AT, body: bytes = BODY, **more: Any) -> dict[str, str]:
    target = Target("https://example.com", secrets, Endpoint("callbacks", "POST"), {"Authorization": "Bearer abc"}, **more)
    return headers_for(target, body, message_id=MESSAGE_ID, event_type="status_update", now_seconds=at)


def test_the_signatures_are_those_of_the_vectors() -> None:
    assert headers(SECRET)["webhook-signature"] == f"v1,{A}"
    assert headers(OTHER, SECRET)["webhook-signature"] == f"v1,{B} v1,{A}"
    assert headers(SECRET, at=AT + 60)["webhook-signature"] == "v1,lvTetTbYXMRB+Nh1GMasE79scDe56VokbjBfvyNZFkM="
    assert headers(SECRET, body=b"")["webhook-signature"] == "v1,Zy7UFmfaUzfYuFDkBu28lnd/AYA+EzsjWo44pfmML+U="
    assert plain_signature(BODY, SECRET) == "9ad55b2ec4d174ad1c944a79e8391222c8a7845d8676cdcaeb417add2e82dc70"


def test_partners_get_their_documents_headers_beside_the_standard_ones() -> None:
    sent = headers(SECRET, signature_header="X-ChargeCars-Signature", event_header="X-ChargeCars-Event")
    assert (sent["X-ChargeCars-Event"], sent["webhook-signature"]) == ("status_update", f"v1,{A}")
    assert sent["X-ChargeCars-Signature"] == plain_signature(BODY, SECRET)
    assert "X-ChargeCars-Event" not in headers(SECRET)


def test_the_log_shows_signatures_and_no_secret() -> None:
    target = Target("https://example.com", (SECRET,), Endpoint("callbacks", "POST"), {"Authorization": "Bearer abc"})
    shown = shown_headers(target, headers(SECRET))
    assert (shown["Authorization"], shown["webhook-signature"]) == ("***", f"v1,{A}")


def test_a_rotated_secret_signs_for_a_day_and_two_old_ones_at_most() -> None:
    first = EndpointSecrets(SECRET)
    second = first.rotated(now=NOW, overlap=timedelta(hours=24))
    assert second.valid(NOW + timedelta(hours=23)) == (second.signing, SECRET)
    assert second.valid(NOW + timedelta(hours=25)) == (second.signing,)
    fourth = second.rotated(now=NOW, overlap=timedelta(hours=24)).rotated(now=NOW, overlap=timedelta(hours=24))
    assert len(fourth.valid(NOW)) == 3
    assert SECRET not in fourth.valid(NOW)
    assert second.rotated(now=NOW, overlap=timedelta()).former == ()
