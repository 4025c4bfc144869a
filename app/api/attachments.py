"""Serve /communication/attachments: upload files for a message, download files of messages."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from urllib.parse import quote

from flask import request
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer, show
from app.api.authorize import current_viewer
from app.api.idempotency import write
from app.api.registry import Routes
from app.api.schemas.base import IdPath
from app.api.schemas.messages import AttachmentInput, AttachmentOut, UploadForm
from app.api.serialize import attachment_out
from app.core.clock import utc_now
from app.core.db import db
from app.core.problems import Problem, invalid
from app.core.runtime import runtime
from app.core.storage import FileMissing
from app.domain.accounts.access import Viewer
from app.domain.threads.api_queries import find_free_uploads
from app.domain.threads.edit import keep_upload
from app.domain.threads.models import Attachment
from app.domain.threads.queries import get_attachment
from app.mail.filenames import safe_filename
from app.mail.filetypes import real_content_type

routes = Routes("Attachments")
UPLOAD_BYTES = 25 * 1024 * 1024
CHUNK = 64 * 1024


@routes.add(
    "post", "/communication/attachments", scope="threads:write", answers=AttachmentOut, status=201, refuses=(409,), takes="form"
)
def upload_attachment(form: UploadForm) -> Response:
    """Upload a file to send.

    Then send one message with the `id` of the file in `attachments`. Until then only you can see the file.
    """
    return write(lambda session: _upload(session, current_viewer()))


@routes.add("get", "/communication/attachments/<uuid:id>", scope="threads:read", answers=AttachmentOut, refuses=(404,))
def get_attachment_info(path: IdPath) -> Response:
    """Show the name, type, size and state of a file."""
    return show(attachment_out(get_attachment(db.session(), viewer=current_viewer(), attachment_id=path.id)))


@routes.add("get", "/communication/attachments/<uuid:id>/content", scope="threads:read", answers=None, refuses=(404, 409))
def get_attachment_content(path: IdPath) -> Response:
    """Download a file."""
    attachment = get_attachment(db.session(), viewer=current_viewer(), attachment_id=path.id)
    if attachment.storage_key is None:
        raise Problem("state_conflict", "The file is not here yet")
    try:
        file = runtime().storage.open(attachment.storage_key)
    except FileMissing as error:
        raise Problem("not_found", "The file is gone") from error
    response = Response(iter(lambda: file.read(CHUNK), b""), mimetype="application/octet-stream")
    response.call_on_close(file.close)
    response.headers.update(_download_headers(attachment))
    return response


def _download_headers(attachment: Attachment) -> dict[str, str]:
    """Return the headers of a file download. They make the browser save the file, never show it, so nothing in it runs in our
    origin."""
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(attachment.filename, safe='')}",
        "Content-Length": str(attachment.size_bytes or 0),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


def _upload(session: Session, viewer: Viewer) -> Answer:
    file = request.files.get("file")
    content = file.stream.read(UPLOAD_BYTES + 1) if isinstance(file, FileStorage) else b""
    if file is None or not content:
        raise invalid("file", "must be a file with something in it")
    attachment = _keep(session, viewer, file.filename or "", file.mimetype, content)
    shown = attachment_out(attachment)
    return answer(shown, 201, location=f"/api/v1/communication/attachments/{shown.id}")


def _keep(session: Session, viewer: Viewer, filename: str, content_type: str, content: bytes) -> Attachment:
    if len(content) > UPLOAD_BYTES:
        raise Problem("payload_too_large", f"A file may have {UPLOAD_BYTES} bytes")
    name = safe_filename(filename, content_type=content_type)
    kind = real_content_type(content_type, content, filename=name)[:150]
    stored = runtime().storage.put(content)
    return keep_upload(session, stored, filename=name, content_type=kind, user_id=viewer.user_id, now=utc_now())


def claim_files(session: Session, viewer: Viewer, wanted: Sequence[AttachmentInput]) -> list[uuid.UUID]:
    """Return the ids of the files to send, in the order of `wanted`. Store the inline files among them.

    Raises `Problem` if a named file was not uploaded by the viewer, was sent already, or is named twice.
    """
    named = [item.id for item in wanted if item.id is not None]
    free = find_free_uploads(session, viewer=viewer, attachment_ids=named) if named else set()
    for place, item in enumerate(wanted):
        if item.id is not None and (item.id not in free or named.count(item.id) > 1):
            raise invalid(f"attachments.{place}.id", "is no file of yours that can still be sent")
    return [item.id or _keep_inline(session, viewer, item) for item in wanted]


def _keep_inline(session: Session, viewer: Viewer, item: AttachmentInput) -> uuid.UUID:
    return _keep(session, viewer, item.filename or "", item.content_type, item.content()).id
