"""Routes that receive pictures and sounds from phones, whole or in pieces.

A larger file comes in pieces by `PATCH`, as in tus.io but with an id that the phone made. `Upload-Offset` says where the
piece begins; `Upload-Length` and `Repr-Digest` are those of the whole file. If the connection breaks, the bytes of the piece
that have arrived are stored. `GET` returns how many bytes have arrived.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import uuid
from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.storage import undone_on_error
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.accounts.access import Viewer
from app.domain.field.actions import keep_file
from app.domain.field.models import FILE_BYTES, FieldFile
from app.domain.field.uploads import Part, PartRefused, add_part, count_bytes, drop_parts, read_whole
from app.mail.filetypes import real_content_type
from app.web.accounts.session import current_viewer
from app.web.field.blueprint import bp

READ_AT_ONCE = 4 * 1024  # bytes; a broken connection loses at most as many
STATUS = {"too_large": 413, "empty_body": 400, "changed": 409, "wrong_offset": 409, "too_much": 429, "bad_digest": 400}


@bp.put("/field/uploads/<uuid:file_id>")
def upload(file_id: uuid.UUID) -> ResponseReturnValue:
    """Store a whole picture or sound. `Content-Digest: sha-256=:…:` must fit its bytes.

    Answer 200 if the same file is stored already, 400 if the file is incomplete.
    """
    viewer = current_viewer()
    if not _is_theirs(viewer):
        return other_person()
    content = request.get_data(cache=False)
    if not content:
        return jsonify(code="empty_body", problem=_("The file is empty")), 400
    if len(content) > FILE_BYTES:
        return jsonify(code="too_large", problem=_("The photo is larger than 10 MB.")), 413
    if _digest("Content-Digest") != hashlib.sha256(content).hexdigest():
        return jsonify(code="bad_digest", problem=_("The photo upload is incomplete.")), 400
    return _keep(viewer, file_id, content)


@bp.get("/field/uploads/<uuid:file_id>")
def reached(file_id: uuid.UUID) -> ResponseReturnValue:
    """Return {"id", "offset"}, where `offset` is the number of bytes of the file that have arrived. It is 0 for an unknown
    file."""
    viewer = current_viewer()
    offset = count_bytes(db.session(), user_id=viewer.user_id, file_id=file_id)
    response = jsonify(id=str(file_id), offset=offset)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.patch("/field/uploads/<uuid:file_id>")
def upload_part(file_id: uuid.UUID) -> ResponseReturnValue:
    """Store a piece of a file and return {"id", "offset"}. After the last piece the answer also has "sha256".

    If the piece begins at the wrong place, answer 409 with the code `wrong_offset` and the right place in `offset`.
    """
    viewer = current_viewer()
    if not _is_theirs(viewer):
        return other_person()
    offset, whole, sha256 = _number("Upload-Offset"), _number("Upload-Length"), _digest("Repr-Digest")
    if offset is None or whole is None or sha256 is None:
        return jsonify(code="bad_part", problem=_("Something is missing; reload the page and try again.")), 400
    known = db.session().get(FieldFile, (viewer.user_id, file_id))
    if known is not None:  # the answer to the last piece was lost
        return _known(known, sha256)
    try:
        part = Part(file_id, offset, _what_arrives(whole - offset), whole, sha256)
        with transaction() as session:
            here = add_part(session, part, user_id=viewer.user_id, now=utc_now())
        return _finish(viewer, part) if here == whole else jsonify(id=str(file_id), offset=here)
    except PartRefused as refused:
        said: dict[str, Any] = {"code": refused.code, "problem": told(refused.words), "offset": refused.offset}
        return jsonify(**said), STATUS[refused.code]


def _what_arrives(most: int) -> bytes:
    """Return the request's body, or the part of it that arrived before the connection broke.

    At most `most` + 1 bytes are read, so that a body that is too long can be recognised.
    """
    pieces, missing = [], max(0, min(most, FILE_BYTES)) + 1
    try:
        while missing > 0 and (piece := request.stream.read(min(READ_AT_ONCE, missing))):
            pieces.append(piece)
            missing -= len(piece)
    except (BadRequest, OSError):  # the connection is cut; what has arrived is kept
        pass
    return b"".join(pieces)


def _finish(viewer: Viewer, part: Part) -> ResponseReturnValue:
    """Join the pieces after the last one and store the file.

    If the process dies before the end, the phone sends an empty piece, which leads here again.
    """
    owned = {"user_id": viewer.user_id, "file_id": part.file_id}
    try:
        content = read_whole(db.session(), sha256=part.whole_sha256, **owned)
    except PartRefused:
        with transaction() as session:
            drop_parts(session, **owned)
            known = session.get(FieldFile, (viewer.user_id, part.file_id), populate_existing=True)
        if known is not None:  # another tab finished it meanwhile
            return _known(known, part.whole_sha256)
        raise
    answer = _keep(viewer, part.file_id, content)
    with transaction() as session:
        drop_parts(session, **owned)
    return answer


def _keep(viewer: Viewer, file_id: uuid.UUID, content: bytes) -> ResponseReturnValue:
    known = db.session().get(FieldFile, (viewer.user_id, file_id))
    if known is None:
        store_file(viewer, file_id, content)
        known = db.session().get_one(FieldFile, (viewer.user_id, file_id), populate_existing=True)
    return _known(known, hashlib.sha256(content).hexdigest())


def _known(file: FieldFile, sha256: str) -> ResponseReturnValue:
    if file.sha256 != sha256:
        return jsonify(code="changed", problem=_("Another photo with this name already exists.")), 409
    return jsonify(id=str(file.id), offset=file.size_bytes, sha256=sha256), 200


def store_file(viewer: Viewer, file_id: uuid.UUID, content: bytes) -> None:
    """Store the file under this id. If a file with this id is stored already, change nothing."""
    with undone_on_error(runtime().storage) as storage:
        kept = storage.put(content)
        row = FieldFile(user_id=viewer.user_id, id=file_id, sha256=kept.sha256, size_bytes=kept.size_bytes)
        row.storage_key, row.created_at = kept.key, utc_now()
        row.content_type = real_content_type("application/octet-stream", content)
        with transaction() as session:
            is_new = keep_file(session, row)
    if not is_new:
        runtime().storage.delete(kept.key)


def other_person() -> tuple[Response, int]:
    """Return the 409 answer for a phone whose user is not the signed-in user."""
    return jsonify(code="other_user", problem=_("Another person is signed in here. Nothing was sent.")), 409


def _is_theirs(viewer: Viewer) -> bool:
    return request.headers.get("X-Field-User") == str(viewer.user_id)


def _number(header: str) -> int | None:
    text = request.headers.get(header, "")
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _digest(header: str) -> str | None:
    """Return the digest in a header `sha-256=:<base64>:` as lower-case hex, or None if the header is missing or not valid."""
    found = re.fullmatch(r"sha-256=:([A-Za-z0-9+/]{43}=):", request.headers.get(header, ""))
    try:
        return base64.b64decode(found[1], validate=True).hex() if found else None
    except binascii.Error:
        return None
