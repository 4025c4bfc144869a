"""Accept partners' reports about the states of their orders."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response, g
from pydantic import Field, StringConstraints

from app.api.partners.door import current_caller, current_partner, json_answer, operation, read_json
from app.api.partners.shapes import Sent, Text, Words, read, unknown_fields
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.problems import Problem
from app.core.runtime import runtime
from app.domain.partners.models import PartnerOrder, PartnerReport, Scope
from app.domain.partners.reported import PartnerOrderMissing, Report, take_report

REPORTS = ("/api/v1/webhooks/partner-status/<partner>", "/webhooks/partner-status/<partner>")


class TechnicianSent(Sent):
    """The partner's technician who works on an order."""

    name: Text = ""
    phone: Text = ""


class StatusSent(Sent):
    """The state of an order, in the partner's word."""

    partner_order_id: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    partner_customer_id: Text = ""
    status: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    timestamp: Text = ""
    notes: Words = ""
    technician_info: TechnicianSent = Field(default_factory=TechnicianSent)


@operation("POST", *REPORTS, scope=Scope.STATUS_WRITE)
def take_status(partner: str) -> Response:
    """Accept a partner's report of an order's state.

    If the partner's word has no meaning here, or the order cannot change to that state, the report is stored and answered as
    skipped.
    """
    body = read_json()
    sent = read(StatusSent, body)
    g.partner_order_id = sent.partner_order_id
    context = {"partner_customer_id": sent.partner_customer_id, "partner_technician": body.get("technician_info")}
    report = Report(sent.partner_order_id, sent.status, sent.timestamp, sent.notes, body, context)
    with transaction() as session:
        try:
            made = take_report(session, current_partner(), current_caller().environment, report, now=utc_now())
        except PartnerOrderMissing as error:
            raise Problem("not_found", "There is no order of this number") from error
        row = session.get_one(PartnerOrder, made.partner_order_row_id)
        answer: dict[str, Any] = {"success": True, "data": _told(made, row)}
    runtime().nudger.nudge()
    warnings = list(unknown_fields(sent))
    return json_answer({**answer, "warnings": warnings} if warnings else answer)


def _told(made: PartnerReport, row: PartnerOrder) -> dict[str, Any]:
    return {
        "chargecars_order_id": row.order_number,
        "partner_order_id": row.partner_order_id,
        "mapped_status": made.mapped_status or None,
        "transition_id": made.transition_id or None,
        "outcome": made.outcome.value,
        "reason": made.reason or None,
    }
