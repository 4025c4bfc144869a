"""Receive files of phones in pieces, so that after a cut only what is missing is sent again. The caller owns the transaction.

The pieces lie in the database, where every web process finds them, and are put together once the last one is there. They belong
to whoever sent them: nobody else finds, continues or ends them.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.core.text import mark as N_
from app.domain.field.models import FILE_BYTES, FieldFile, FieldFilePart

MOST_UNDER_WAY = 20  # files of one person; a phone sends one after the other
EMPTY = N_("The file is empty")
TOO_LARGE = N_("The photo is larger than 10 MB.")
NOT_WHOLE = N_("The photo upload is incomplete.")
OTHER_FILE = N_("Another photo with this name already exists.")
OTHER_PLACE = N_("Parts of the photo arrived out of order.")
TOO_MUCH = N_("Too many of your photos are uploading. Send the others first.")


class PartRefused(Exception):
    """`code`: too_large | empty_body | changed | wrong_offset | too_much | bad_digest; `offset`: how many bytes are here."""

    def __init__(self, code: str, words: str, *, offset: int = 0) -> None:
        super().__init__(words)
        self.code, self.words, self.offset = code, words, offset


@dataclass(frozen=True)
class Part:
    """`content` begins at `offset` of a file of `whole_bytes` with that digest; it may be cut short, even empty."""

    file_id: uuid.UUID
    offset: int
    content: bytes
    whole_bytes: int
    whole_sha256: str


def add_part(session: Session, part: Part, *, user_id: uuid.UUID, now: datetime) -> int:
    """Store the new bytes of a piece; returns how many bytes are here now. Raises PartRefused. A repeated piece is fine; of
    one that begins earlier the bytes behind the known ones are taken, as browsers repeat a cut request by themselves. The
    digest is checked at the end."""
    if not 0 < part.whole_bytes <= FILE_BYTES:
        raise PartRefused(*(("too_large", TOO_LARGE) if part.whole_bytes > 0 else ("empty_body", EMPTY)))
    advisory_xact_lock(session, f"field-file:{user_id}:{part.file_id}")
    here = count_bytes(session, user_id=user_id, file_id=part.file_id)
    first = session.get(FieldFilePart, (user_id, part.file_id, 0))
    if first is not None and (first.whole_bytes, first.whole_sha256) != (part.whole_bytes, part.whole_sha256):
        raise PartRefused("changed", OTHER_FILE)
    if part.offset > here:
        raise PartRefused("wrong_offset", OTHER_PLACE, offset=here)
    fresh = part.content[here - part.offset :]
    if here + len(fresh) > part.whole_bytes:
        raise PartRefused("too_large", OTHER_PLACE, offset=here)
    if fresh:
        _check_room(session, user_id, first)
        _keep(session, replace(part, offset=here, content=fresh), user_id, now)
    return here + len(fresh)


def count_bytes(session: Session, *, user_id: uuid.UUID, file_id: uuid.UUID) -> int:
    """Count how many bytes of an upload are here; all of them where it is whole."""
    known = session.get(FieldFile, (user_id, file_id))
    if known is not None:
        return known.size_bytes
    counted = sa.func.coalesce(sa.func.sum(sa.func.octet_length(FieldFilePart.content)), 0)
    of_file = (FieldFilePart.user_id == user_id, FieldFilePart.file_id == file_id)
    return int(session.execute(sa.select(counted).where(*of_file)).scalar_one())


def read_whole(session: Session, *, user_id: uuid.UUID, file_id: uuid.UUID, sha256: str) -> bytes:
    """Join the pieces of an upload. Raises PartRefused where the digest differs."""
    of_file = (FieldFilePart.user_id == user_id, FieldFilePart.file_id == file_id)
    query = sa.select(FieldFilePart.content).where(*of_file).order_by(FieldFilePart.begins_at)
    content = b"".join(session.execute(query).scalars())
    if hashlib.sha256(content).hexdigest() != sha256:
        raise PartRefused("bad_digest", NOT_WHOLE)
    return content


def drop_parts(session: Session, *, user_id: uuid.UUID, file_id: uuid.UUID) -> None:
    """Delete the pieces: the file is whole, or begins anew."""
    session.execute(sa.delete(FieldFilePart).where(FieldFilePart.user_id == user_id, FieldFilePart.file_id == file_id))


def _check_room(session: Session, user_id: uuid.UUID, first: FieldFilePart | None) -> None:
    if first is not None:
        return
    query = sa.select(sa.func.count()).where(FieldFilePart.user_id == user_id, FieldFilePart.begins_at == 0)
    if session.execute(query).scalar_one() >= MOST_UNDER_WAY:
        raise PartRefused("too_much", TOO_MUCH)


def _keep(session: Session, part: Part, user_id: uuid.UUID, now: datetime) -> None:
    kept = FieldFilePart(user_id=user_id, file_id=part.file_id, begins_at=part.offset, content=part.content, created_at=now)
    kept.whole_bytes, kept.whole_sha256 = part.whole_bytes, part.whole_sha256
    session.add(kept)
    session.flush()
