"""List and read the documents of an order's visits: reports and photos, not signatures and voice notes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.storage import Storage
from app.domain.appointments.models import Appointment
from app.domain.field.models import ActionKind, FieldFile, Outcome, PhoneAction, VisitReport


class DocumentKind(StrEnum):
    VISIT_REPORT = "visit_report"
    PHOTO = "photo"


@dataclass(frozen=True)
class OrderDocument:
    """A visit report or a photo of a visit for an order.

    `storage_key` is None for a report, because it is drawn on request. `label` says what a photo shows (a value of
    `PhotoLabel`); it is "" for a report.
    """

    id: uuid.UUID
    kind: DocumentKind
    label: str
    content_type: str
    created_at: datetime
    storage_key: str | None = None

    @property
    def name(self) -> str:
        kind = "report" if self.kind == DocumentKind.VISIT_REPORT else self.label or self.kind.value
        suffix = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}.get(self.content_type)
        return f"{kind}-{self.id.hex[:8]}" + (f".{suffix}" if suffix else "")


def list_order_documents(session: Session, order_id: uuid.UUID) -> list[OrderDocument]:
    """List the documents of an order's visits, oldest first. Two queries."""
    over = sa.select(VisitReport.appointment_id, VisitReport.created_at).join(
        Appointment, Appointment.id == VisitReport.appointment_id
    )
    over = over.where(Appointment.order_id == order_id)
    found = [
        OrderDocument(row.appointment_id, DocumentKind.VISIT_REPORT, "", "application/pdf", row.created_at)
        for row in session.execute(over)
    ]
    named = sa.and_(PhoneAction.user_id == FieldFile.user_id, PhoneAction.file_id == FieldFile.id)
    taken = sa.select(FieldFile, PhoneAction.body).join(PhoneAction, named)
    taken = taken.join(Appointment, Appointment.id == PhoneAction.appointment_id).where(
        Appointment.order_id == order_id, PhoneAction.kind == ActionKind.PHOTO, PhoneAction.outcome == Outcome.APPLIED
    )
    for file, body in session.execute(taken):
        label = str(body.get("label", ""))
        found.append(OrderDocument(file.id, DocumentKind.PHOTO, label, file.content_type, file.created_at, file.storage_key))
    return sorted(found, key=lambda one: (one.created_at, one.id))


def read_order_document(session: Session, document: OrderDocument, *, storage: Storage, now: datetime) -> bytes:
    """Return the bytes of a document. A report is drawn now. Raises `FileMissing` if the stored file is gone."""
    if document.storage_key is None:
        from app.domain.field.report_paper import draw_report, read_facts  # what draws takes long to import

        return draw_report(read_facts(session, document.id), storage=storage, now=now)
    with storage.open(document.storage_key) as kept:
        return kept.read()
