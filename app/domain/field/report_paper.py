"""Draw the report of a visit as a PDF in the customer's language. Internal notes are left out."""

from __future__ import annotations

import io
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import force_locale, format_date
from flask_babel import gettext as _
from PIL import Image, ImageDraw
from sqlalchemy.orm import Session

from app.core.pdf import Column, Document, Picture, UnreadablePicture
from app.core.storage import FileMissing, Storage
from app.core.translation import told
from app.domain.accounts.models import Brand, User
from app.domain.appointments.models import Appointment
from app.domain.contacts.models import Contact
from app.domain.field.effects import LABEL_WORDS, language_of
from app.domain.field.models import FieldFile
from app.domain.field.record import VisitRecord, read_record
from app.domain.field.steps import VisitStep
from app.domain.orders.models import Order

MOST_PHOTOS = 30
GLASS = (1000, 375)


@dataclass(frozen=True)
class ReportFacts:
    """The content of a visit report. `photos`: (storage key, label) of each photo."""

    language: str
    brand: str
    customer: str
    title: str
    place: str
    order_number: str
    technician: str
    starts_at: datetime
    zone: str
    record: VisitRecord
    photos: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """Return the file name of the PDF. It consists of order number and day, and contains nothing that a customer wrote."""
        day = f"{self.starts_at.astimezone(ZoneInfo(self.zone)):%Y-%m-%d}"
        return f"{self.order_number or 'visit'}-{day}.pdf".lower()


def read_facts(session: Session, appointment_id: uuid.UUID) -> ReportFacts:
    """Read the content of a visit's report, without the bytes of its photos."""
    one = session.get_one(Appointment, appointment_id)
    contact, brand = session.get_one(Contact, one.contact_id), session.get_one(Brand, one.brand_id)
    technician = session.get(User, one.technician_user_id) if one.technician_user_id else None
    order = session.get(Order, one.order_id) if one.order_id else None
    record = read_record(session, one.id)
    keys = _keys(session, [photo.file_id for photo in record.photos if photo.file_id])
    photos = [(keys[photo.file_id], photo.body["label"]) for photo in record.photos if photo.file_id in keys]
    return ReportFacts(
        language=language_of(contact, brand),
        brand=brand.name,
        customer=contact.name,
        title=one.title,
        place=one.place,
        order_number=order.order_number if order else "",
        technician=technician.name if technician else "",
        starts_at=one.starts_at,
        zone=one.zone,
        record=record,
        photos=tuple(photos[:MOST_PHOTOS]),
    )


def draw_report(facts: ReportFacts, *, storage: Storage, now: datetime) -> bytes:
    """Return the report as the bytes of a PDF. Photos that cannot be read are left out."""
    with force_locale(facts.language):
        document = Document(
            title=str(_("Report on our visit")), language=facts.language, made_at=now, footer=f"{facts.brand} · {facts.title}"
        )
        document.heading(str(_("Report on our visit")), aside=facts.brand)
        document.facts(_pairs(facts))
        _add_done(document, facts.record)
        _add_photos(document, facts, storage)
        _add_signature(document, facts)
    return document.to_bytes()


def _keys(session: Session, file_ids: list[uuid.UUID]) -> dict[uuid.UUID | None, str]:
    rows = session.execute(sa.select(FieldFile.id, FieldFile.storage_key).where(FieldFile.id.in_(file_ids)))
    return {row.id: row.storage_key for row in rows}


def _pairs(facts: ReportFacts) -> list[tuple[str, str]]:
    zone, steps = ZoneInfo(facts.zone), {one.body["to"]: one.at for one in facts.record.steps}
    came, went = (steps.get(step.value) for step in (VisitStep.ARRIVED, VisitStep.DONE))
    times = " – ".join(f"{at.astimezone(zone):%H:%M}" for at in (came, went) if at)
    day = format_date(facts.starts_at.astimezone(zone).date(), "EEEE d MMMM y")
    return [
        (str(_("Customer")), facts.customer),
        (str(_("Order number")), facts.order_number),
        (str(_("Work")), facts.title),
        (str(_("Place")), facts.place),
        (str(_("Day")), str(day)),
        (str(_("Time on site")), times),
        (str(_("Technician")), facts.technician),
    ]


def _add_done(document: Document, record: VisitRecord) -> None:
    answers = {"yes": str(_("yes")), "no": str(_("no")), "na": str(_("does not apply"))}
    if record.checks:
        document.heading(str(_("Checklist")), level=2)
        rows = [(item, answers[one.body["answer"]], one.body.get("text", "")) for item, one in record.checks.items()]
        document.table([Column(str(_("Item")), 4), Column(str(_("Answer given"))), Column(str(_("Remark")), 2)], rows)
    if record.serials:
        document.heading(str(_("Serial numbers")), level=2)
        rows = [(one.body["text"], one.body.get("what", ""), "") for one in record.serials]
        document.table([Column(str(_("Number")), 2), Column(str(_("Device")), 3)], [row[:2] for row in rows])
    if record.meters:
        words = {"before": str(_("Meter reading before the work")), "after": str(_("Meter reading after the work"))}
        document.facts([(words[when], str(_("%(value)s kWh", value=one.body["value"]))) for when, one in record.meters.items()])


def _add_photos(document: Document, facts: ReportFacts, storage: Storage) -> None:
    pictures = []
    for key, label in facts.photos:
        with suppress(FileMissing), storage.open(key) as kept:
            pictures.append(Picture(kept.read(), told(LABEL_WORDS.get(label, LABEL_WORDS["other"]))))
    if pictures:
        document.heading(str(_("Photos")), level=2)
        _draw(document, pictures)


def _draw(document: Document, pictures: list[Picture]) -> None:
    try:
        document.pictures(pictures)
    except UnreadablePicture:
        for one in pictures:
            with suppress(UnreadablePicture):
                document.pictures([one])


def _add_signature(document: Document, facts: ReportFacts) -> None:
    signed = facts.record.signature
    if signed is None:
        return
    document.heading(str(_("Signature")), level=2)
    document.paragraph(signed.body.get("statement", ""))
    if signed.body.get("strokes"):
        document.pictures([Picture(_drawn(signed.body["strokes"]))], across=2, height=28)
    document.paragraph(f"{signed.body['name']}, {signed.at.astimezone(ZoneInfo(facts.zone)):%d-%m-%Y %H:%M}", bold=True)


def _drawn(strokes: str) -> bytes:
    """Return a PNG picture of a signature. `strokes` has the form "x,y x,y;x,y" with coordinates from 0 to 1,000. Malformed
    points are left out."""
    picture = Image.new("L", GLASS, 255)
    pen = ImageDraw.Draw(picture)
    for stroke in strokes.split(";"):
        pairs = [point.split(",") for point in stroke.split()]
        points = [(int(pair[0]), int(pair[1])) for pair in pairs if len(pair) == 2 and all(part.isdecimal() for part in pair)]
        if points:
            pen.line([*points, points[-1]], fill=20, width=6, joint="curve")
    kept = io.BytesIO()
    picture.save(kept, "PNG")
    return kept.getvalue()
