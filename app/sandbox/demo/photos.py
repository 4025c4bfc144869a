"""Draw the photos that customers of the demo sent: a ceiling with a stain of water, a charger whose light is red."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.threads.models import Attachment, Message, MessageType, Thread

if TYPE_CHECKING:
    from PIL.Image import Image

SIZE = (960, 720)
CEILING, BOARDS = (226, 222, 213), (206, 201, 190)
BRICK, JOINT = (158, 94, 72), (190, 178, 166)
CASE, CASE_EDGE, CABLE, RED = (238, 239, 240), (206, 208, 210), (38, 40, 44), (222, 38, 30)
STAIN = ((196, 176, 136), (180, 154, 108), (206, 190, 156))  # from the rim inwards


def attach_photo(session: Session, thread: Thread, filename: str) -> None:
    """Attach the photo to the customer's first message in the thread."""
    first = sa.select(Message).where(Message.thread_id == thread.id, Message.message_type == MessageType.INCOMING)
    message = session.execute(first.order_by(Message.seq).limit(1)).scalar_one()
    kept = runtime().storage.put(PHOTOS[filename]())
    row = Attachment(id=new_id(), message_id=message.id, thread_id=thread.id, filename=filename, content_type="image/jpeg")
    row.size_bytes, row.sha256, row.storage_key, row.created_at = kept.size_bytes, kept.sha256, kept.key, message.occurred_at
    session.add(row)


def draw_stain() -> bytes:
    """Return the photo as a JPEG of some 20 kB."""
    from PIL import Image, ImageDraw  # what draws is needed once, by the process that loads

    picture = Image.new("RGB", SIZE, CEILING)
    pen = ImageDraw.Draw(picture)
    for top in range(90, SIZE[1], 180):
        pen.line((0, top, SIZE[0], top - 40), fill=BOARDS, width=4)
    for ring, colour in enumerate(STAIN):
        inset = 46 * ring
        pen.ellipse((250 + inset, 170 + inset, 690 - inset, 520 - inset), fill=colour)
        pen.ellipse((520 + inset // 2, 330 + inset // 2, 800 - inset // 2, 560 - inset // 2), fill=colour)
    return _photographed(picture, blur=7)


def draw_charger() -> bytes:
    """Return the photo of the charger as a JPEG of some 40 kB."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", SIZE, JOINT)
    pen = ImageDraw.Draw(picture)
    for row, top in enumerate(range(0, SIZE[1], 48)):
        for left in range(-120 + 60 * (row % 2), SIZE[0], 120):
            pen.rectangle((left + 4, top + 4, left + 116, top + 44), fill=BRICK)
    pen.rounded_rectangle((330, 110, 630, 560), 46, fill=CASE, outline=CASE_EDGE, width=6)
    pen.rounded_rectangle((400, 180, 560, 200), 10, fill=RED)
    pen.ellipse((425, 300, 535, 410), fill=CASE_EDGE, outline=CABLE, width=12)
    pen.line(((480, 404), (486, 560), (560, 660), (720, 720)), fill=CABLE, width=26, joint="curve")
    return _photographed(picture, blur=2)


def _photographed(picture: Image, *, blur: int) -> bytes:
    from PIL import ImageFilter

    written = io.BytesIO()
    picture.filter(ImageFilter.GaussianBlur(blur)).save(written, "JPEG", quality=82)
    return written.getvalue()


PHOTOS = {"plafond.jpg": draw_stain, "laadpaal.jpg": draw_charger}
