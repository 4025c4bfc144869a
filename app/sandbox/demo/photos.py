"""Draw a photo that a customer of the demo sent: a ceiling with a stain of water."""

from __future__ import annotations

import io

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.threads.models import Attachment, Message, MessageType, Thread

SIZE = (960, 720)
CEILING, BOARDS = (226, 222, 213), (206, 201, 190)
STAIN = ((196, 176, 136), (180, 154, 108), (206, 190, 156))  # from the rim inwards


def attach_photo(session: Session, thread: Thread, filename: str) -> None:
    """With the customer's first message."""
    first = sa.select(Message).where(Message.thread_id == thread.id, Message.message_type == MessageType.INCOMING)
    message = session.execute(first.order_by(Message.seq).limit(1)).scalar_one()
    kept = runtime().storage.put(draw_stain())
    row = Attachment(id=new_id(), message_id=message.id, thread_id=thread.id, filename=filename, content_type="image/jpeg")
    row.size_bytes, row.sha256, row.storage_key, row.created_at = kept.size_bytes, kept.sha256, kept.key, message.occurred_at
    session.add(row)


def draw_stain() -> bytes:
    """A JPEG of some 20 kB."""
    from PIL import Image, ImageDraw, ImageFilter  # what draws is needed once, by the process that loads

    picture = Image.new("RGB", SIZE, CEILING)
    pen = ImageDraw.Draw(picture)
    for top in range(90, SIZE[1], 180):
        pen.line((0, top, SIZE[0], top - 40), fill=BOARDS, width=4)
    for ring, colour in enumerate(STAIN):
        inset = 46 * ring
        pen.ellipse((250 + inset, 170 + inset, 690 - inset, 520 - inset), fill=colour)
        pen.ellipse((520 + inset // 2, 330 + inset // 2, 800 - inset // 2, 560 - inset // 2), fill=colour)
    written = io.BytesIO()
    picture.filter(ImageFilter.GaussianBlur(7)).save(written, "JPEG", quality=82)
    return written.getvalue()
