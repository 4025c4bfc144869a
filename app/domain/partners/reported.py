"""Apply a partner's report about the state of an order. The report names the state in the partner's own word.

A word without a mapping to our states changes nothing, but the report is stored and shown. The same report is applied once
only. The caller owns the transaction.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.orders.models import OrderStatus
from app.domain.partners.models import Environment, Partner, PartnerOrder, PartnerReport, ReportOutcome
from app.domain.partners.move_order import move_order
from app.domain.partners.order_thread import note_in_thread
from app.domain.partners.status_map import NO_MAPPING, our_status


class PartnerOrderMissing(Exception):
    """Raised when the partner has no order with this number."""


@dataclass(frozen=True)
class Report:
    """A partner's report about the state of an order. `word` is the partner's word for the state. `payload` is everything the
    partner sent.

    `told_at` is the partner's time of the report as text, or "".
    """

    partner_order_id: str
    word: str
    told_at: str
    notes: str
    payload: dict[str, Any]
    context: dict[str, Any] = field(default_factory=dict)


def take_report(session: Session, partner: Partner, environment: Environment, report: Report, *, now: datetime) -> PartnerReport:
    """Apply a report and return it with its outcome. A report that was applied before is returned without changes.

    Raises `PartnerOrderMissing`.
    """
    row = lock_partner_order(session, partner, environment, report.partner_order_id)
    key = _key(report)
    query = sa.select(PartnerReport).where(PartnerReport.partner_order_row_id == row.id, PartnerReport.dedupe_key == key)
    known = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if known is not None:
        return known
    made = PartnerReport(
        id=new_id(),
        partner_id=partner.id,
        partner_order_row_id=row.id,
        dedupe_key=key,
        word=report.word,
        mapped_status="",
        outcome=ReportOutcome.SKIPPED,
        reason=NO_MAPPING,
        notes=report.notes,
        payload=report.payload,
        created_at=now,
    )
    wanted = our_status(partner.status_mapping, report.word)
    if wanted is not None:
        made.mapped_status = wanted.value
        made.outcome, made.reason, made.transition_id = _apply(session, partner, row, wanted, report, now=now)
    if made.outcome == ReportOutcome.SKIPPED and row.order_id is not None:
        words = f"{partner.name} says {report.word}" + (f": {report.notes}" if report.notes else "")
        note_in_thread(session, row.order_id, f"{words} ({made.reason}: nothing follows)", author_name=partner.name, now=now)
    session.add(made)
    session.flush()
    return made


def lock_partner_order(session: Session, partner: Partner, environment: Environment, partner_order_id: str) -> PartnerOrder:
    """Return the partner's order with this number and lock its row. Raises `PartnerOrderMissing`."""
    query = sa.select(PartnerOrder).where(
        PartnerOrder.partner_id == partner.id,
        PartnerOrder.environment == environment,
        PartnerOrder.partner_order_id == partner_order_id,
    )
    query = query.with_for_update().execution_options(populate_existing=True)
    row = session.execute(query).scalar_one_or_none()
    if row is None:
        raise PartnerOrderMissing(partner_order_id)
    return row


def _apply(
    session: Session, partner: Partner, row: PartnerOrder, wanted: OrderStatus, report: Report, *, now: datetime
) -> tuple[ReportOutcome, str, str]:
    if row.order_status == wanted.value:
        return ReportOutcome.UNCHANGED, "", ""
    reason = f"Partner update: {report.notes or 'Status changed by partner'}"
    context = {
        "partner_source": True,
        "partner_order_id": report.partner_order_id,
        "original_partner_status": report.word,
        **report.context,
    }
    moved = move_order(session, partner, row, wanted, reason=reason, context=context, now=now)
    return (ReportOutcome.SKIPPED, moved.refused, "") if moved.refused else (ReportOutcome.APPLIED, "", moved.transition_id)


def _key(report: Report) -> str:
    """Return the key by which a repeated report is recognised: a hash of the word and the partner's time of the report.

    Without a time, it is a hash of the word and the whole content.
    """
    named = report.told_at or json.dumps(report.payload, sort_keys=True)
    return hashlib.sha256(f"{report.word}\n{named}".encode("utf-8", "surrogatepass")).hexdigest()
