"""Read the header file of a template: uploaded with the form, or chosen from the thread."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import sqlalchemy as sa
from flask import request
from sqlalchemy.orm import Session

from app.contract.base import ChannelRules
from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.ids import new_id
from app.domain.threads.models import Attachment, Message, MessageType, Thread
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import parse_uuid
from app.web.inbox.templates import TemplateChoice

OFFERED = 20


def list_header_files(
    session: Session, thread: Thread, choices: Iterable[TemplateChoice], rules: ChannelRules
) -> dict[str, list[Attachment]]:
    """Return the thread's files that can be a template's header, newest first, by the kind of header."""
    headers = {choice.header for choice in choices if choice.header}
    find_problem = rules.find_header_problem
    if not headers or find_problem is None:
        return {}
    query = sa.select(Attachment).where(_may_be_used(thread.id)).order_by(Attachment.created_at.desc(), Attachment.id).limit(200)
    files = session.execute(query).scalars().all()
    return {
        header: [file for file in files if find_problem(header, file.content_type, file.size_bytes or 0) is None][:OFFERED]
        for header in headers
    }


def take_kept_file(thread_id: uuid.UUID, field: str) -> tuple[uuid.UUID, ...]:
    """Return the id of the thread's file that the form field names, as a tuple of one; () if it names none.

    A file that was already sent is copied, and the copy belongs to the viewer as an upload.
    """
    wanted = parse_uuid(request.form.get(field))
    query = sa.select(Attachment).where(Attachment.id == wanted, _may_be_used(thread_id))
    found = db.session().execute(query).scalar_one_or_none() if wanted else None
    if found is None:
        return ()
    if found.message_id is None:
        return (found.id,)
    copied = ("thread_id", "filename", "content_type", "size_bytes", "sha256", "storage_key")
    values = {name: getattr(found, name) for name in copied}
    copy = Attachment(id=new_id(), uploaded_by_user_id=current_viewer().user_id, created_at=utc_now(), **values)
    with transaction() as session:
        session.add(copy)
    return (copy.id,)


def _may_be_used(thread_id: uuid.UUID) -> sa.ColumnElement[bool]:
    """Return the SQL condition for files of the thread that can be used: files of messages in or out, and the viewer's unsent
    uploads.

    Files of notes never match.
    """
    sent = (MessageType.INCOMING, MessageType.OUTGOING)
    messages = sa.select(Message.id).where(
        Message.thread_id == thread_id, Message.message_type.in_(sent), Message.revoked_at.is_(None)
    )
    mine = sa.and_(
        Attachment.thread_id == thread_id,
        Attachment.message_id.is_(None),
        Attachment.uploaded_by_user_id == current_viewer().user_id,
    )
    return sa.and_(Attachment.state == "stored", sa.or_(Attachment.message_id.in_(messages), mine))
