"""Serve files, raw sources and the formatted view of a mail, so that their content can run no scripts."""

from __future__ import annotations

import base64
import uuid
from io import SEEK_END, BytesIO
from typing import BinaryIO
from urllib.parse import quote

from flask import Blueprint, Response, abort, current_app, redirect, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.http import HttpFailure
from app.core.metering import Endpoint
from app.core.runtime import runtime
from app.core.storage import FileMissing
from app.domain.delivery.queries import list_files
from app.domain.events.actions import Subject, record
from app.domain.ingest.attachments import announce_again
from app.domain.ingest.models import InboundEvent
from app.domain.threads.models import Attachment, Message
from app.domain.threads.queries import get_attachment, get_message
from app.mail.filetypes import real_content_type
from app.mail.html import render_frame, sanitise
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp
from app.web.pages import page

# Apart from the inbox, because a frame without an origin sends no cookie: the signed link is the permission.
public = Blueprint("inbox_public", __name__)

HEAD_BYTES = 512  # enough to recognise a file's type
SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
INLINE_IMAGE_BYTES = 3 * 1024 * 1024
REMOTE_IMAGE_BYTES = 5 * 1024 * 1024
REMOTE_LINK_SECONDS = 3600
_PICTURE = Endpoint("pictures", "GET picture of a mail")
FRAME_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data: 'self'; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'; form-action 'none'; base-uri 'none'"
)
FILE_POLICY = "sandbox; default-src 'none'; img-src 'self' data:; frame-ancestors 'none'"


def picture_type(content: bytes) -> str:
    """Return the media type of a picture from its bytes, whatever type the sender claimed."""
    return real_content_type("application/octet-stream", content)


def _open(storage_key: str) -> BinaryIO:
    try:
        return runtime().storage.open(storage_key)
    except FileMissing:
        abort(404)


@bp.get("/attachments/<uuid:attachment_id>")
def attachment(attachment_id: uuid.UUID) -> ResponseReturnValue:
    """Serve an attachment. It is shown inline only if its bytes really are a plain picture, otherwise it is a download."""
    found = get_attachment(db.session(), viewer=current_viewer(), attachment_id=attachment_id)
    if found.storage_key is None:
        abort(404)
    file = _open(found.storage_key)
    real_type = picture_type(file.read(HEAD_BYTES))
    inline = real_type in SHOWN_INLINE and "download" not in request.args
    return _file(file, real_type if inline else "application/octet-stream", found.filename, inline=inline)


@bp.post("/attachments/<uuid:attachment_id>/fetch")
def fetch_again(attachment_id: uuid.UUID) -> ResponseReturnValue:
    """Let a file be fetched once more from the provider, after fetching it had failed for good."""
    viewer = current_viewer()
    message_id = get_attachment(db.session(), viewer=viewer, attachment_id=attachment_id).message_id or abort(404)
    message = get_message(db.session(), viewer=viewer, message_id=message_id)
    with transaction() as session:
        if announce_again(session, attachment_id):
            about = Subject(brand_id=message.brand_id, thread_id=message.thread_id, message_id=message.id)
            record(session, "AttachmentsAnnounced", subject=about, now=utc_now(), actor=viewer.actor)
    runtime().nudger.nudge()
    if request.htmx:
        return "", 204, {"HX-Trigger": "thread-changed-here"}
    return redirect(url_for("inbox.show_thread", thread_id=message.thread_id, _anchor=f"item-{message.id}"), 303)


def _file(file: BinaryIO, content_type: str, filename: str, *, inline: bool = False) -> Response:
    """Serve the open file as a stream, or only the byte range that was requested."""
    size = file.seek(0, SEEK_END)
    file.seek(0)
    response = Response(wrap_file(request.environ, file), content_type=content_type, direct_passthrough=True)
    response.content_length = size
    name = quote(filename.encode("utf-8", "replace"), safe="")
    response.headers["Content-Disposition"] = f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{name}"
    response.headers["Content-Security-Policy"] = FILE_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, max-age=300"
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable:
        file.close()
        raise
    return response


@bp.get("/messages/<uuid:message_id>/source")
def source(message_id: uuid.UUID) -> ResponseReturnValue:
    """Serve a message's raw bytes as received: the mail, or the provider's event."""
    session = db.session()
    message = get_message(session, viewer=current_viewer(), message_id=message_id)
    if message.raw_key is not None:
        return _file(_open(message.raw_key), "application/octet-stream", f"message-{message.id}.eml")
    event = session.get(InboundEvent, message.inbound_event_id) if message.inbound_event_id else None
    if event is None:
        abort(404)
    return _file(BytesIO(event.body), "application/octet-stream", f"event-{event.id}.json")


@bp.get("/messages/<uuid:message_id>/original")
def original(message_id: uuid.UUID) -> ResponseReturnValue:
    """Show the whole message: all of its text, the formatted version in its frame, its files."""
    message = get_message(db.session(), viewer=current_viewer(), message_id=message_id)
    return page("inbox/original.html", message=message, files=list_files(db.session(), message.id))


@bp.get("/messages/<uuid:message_id>/frame")
def frame(message_id: uuid.UUID) -> ResponseReturnValue:
    """Serve the formatted version of a message as a document for a sandboxed frame.

    Remote pictures are shown only if the user has asked for them (`images=shown`).
    """
    session = db.session()
    message = get_message(session, viewer=current_viewer(), message_id=message_id)
    show_remote = _remote_link if request.args.get("images") == "shown" else None
    document = render_frame(
        message.html, cid_urls=_inline_images(message, list_files(session, message.id)), show_remote=show_remote
    )
    response = Response(document, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = FRAME_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _inline_images(message: Message, files: list[Attachment]) -> dict[str, str]:
    """Return the inline images of a message as {content id: data URL}.

    The frame has no origin, so it cannot fetch files with the user's cookie.
    """
    wanted = set(sanitise(message.html).cid_refs)
    urls: dict[str, str] = {}
    for file in files:
        if file.content_id in wanted and file.content_id and file.storage_key and (file.size_bytes or 0) <= INLINE_IMAGE_BYTES:
            with _open(file.storage_key) as stored:
                content = stored.read()
            kind = picture_type(content)
            if kind in SHOWN_INLINE:
                urls[file.content_id] = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return urls


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="remote-image")


def _remote_link(address: str) -> str:
    return url_for("inbox_public.remote_image", link=_signer().dumps(address), _external=True)


@public.get("/remote-image/<link>")
def remote_image(link: str) -> ResponseReturnValue:
    """Fetch a remote picture for a frame, and serve it if it is a real raster picture.

    The link must be signed by us. Nothing about the user is passed on to the other server.
    """
    try:
        address = _signer().loads(link, max_age=REMOTE_LINK_SECONDS)
        answer = runtime().foreign_http.request("GET", address, called=_PICTURE, max_bytes=REMOTE_IMAGE_BYTES)
    except (BadSignature, HttpFailure):
        abort(404)
    kind = picture_type(answer.body)
    if answer.status != 200 or kind not in SHOWN_INLINE:
        abort(404)
    return _file(BytesIO(answer.body), kind, "image", inline=True)
