"""Read the lines of an order mail, its PDF files included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.partners.order_mail.lines import Line, lines_of, with_kinds
from app.domain.partners.order_mail.pdf import rows_of_pdf
from app.domain.threads.models import Attachment, Message

MOST_FILES = 3
TYPE = "application/pdf"


class StillFetched(Exception):
    """Raised when a file of the mail is still being downloaded. The event `AttachmentsFetched` follows when it is stored."""


def read_pdf_rows(session: Session, message: Message) -> list[list[str]]:
    """Return all rows of the PDF files of a mail, each row as a list of cells. Raises `StillFetched`."""
    named = sa.or_(Attachment.content_type == TYPE, sa.func.lower(Attachment.filename).endswith(".pdf"))
    query = sa.select(Attachment).where(Attachment.message_id == message.id, named).order_by(Attachment.position, Attachment.id)
    rows: list[list[str]] = []
    for file in session.execute(query.limit(MOST_FILES)).scalars():
        if file.state == "pending":
            raise StillFetched
        if file.storage_key is not None:
            with runtime().storage.open(file.storage_key) as opened:
                rows += [list(row) for row in rows_of_pdf(opened.read())]
    return rows


def all_lines(message: Message, pdf_rows: Sequence[Sequence[Any]]) -> list[Line]:
    """Return all lines of the mail and of its PDF files. The `line` of a field is an index into this list."""
    own = lines_of(message.text, message.html, subject=message.subject)
    return [*own, *with_kinds([tuple(row) for row in pdf_rows], is_reply=False)]
