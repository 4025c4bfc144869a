"""Receive files of phones in pieces, so that after a broken connection only the missing pieces are sent again. The caller owns
the transaction.

Pieces are stored in the database, so that every web process can read them. They are joined when the last one has arrived.
Only the user who sent a piece can find, continue or end its upload.
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
OTHER_PLACE = N_("Parts of the photo arrived in the wrong order.")
TOO_MUCH = N_("Too many of your photos are uploading at once. Wait until the other photos have been sent.")


class PartRefused(Exception):
    """Raised when a piece of a file is refused.

    `code`: too_large | empty_body | changed | wrong_offset | too_much | bad_digest. `offset`: how many bytes of the file are
    stored, for "wrong_offset" and some "too_large" refusals; 0 otherwise.
    """

    def __init__(self, code: str, words: str, *, offset: int = 0) -> None:
        super().__init__(words)
        self.code, self.words, self.offset = code, words, offset


@dataclass(frozen=True)
class Part:
    """A piece of a file. `content` begins at byte `offset` of a file of `whole_bytes` bytes. If the connection broke, `content`
    may be shorter than the phone meant, or even empty. `whole_sha256` is the digest of the whole file."""

    file_id: uuid.UUID
    offset: int
    content: bytes
    whole_bytes: int
    whole_sha256: str


def add_part(session: Session, part: Part, *, user_id: uuid.UUID, now: datetime) -> int:
    """Store the new bytes of a piece, and return how many bytes of the file are stored now. Raises `PartRefused`.

    Browsers repeat a request that was cut off, so bytes that are stored already are skipped. The digest is not checked here
    but by `read_whole`.
    """
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
    """Return how many bytes of a file are stored. For a complete file this is its size."""
    known = session.get(FieldFile, (user_id, file_id))
    if known is not None:
        return known.size_bytes
    counted = sa.func.coalesce(sa.func.sum(sa.func.octet_length(FieldFilePart.content)), 0)
    of_file = (FieldFilePart.user_id == user_id, FieldFilePart.file_id == file_id)
    return int(session.execute(sa.select(counted).where(*of_file)).scalar_one())


def read_whole(session: Session, *, user_id: uuid.UUID, file_id: uuid.UUID, sha256: str) -> bytes:
    """Return the joined pieces of a file. Raises `PartRefused` if their SHA-256 digest is not `sha256`."""
    of_file = (FieldFilePart.user_id == user_id, FieldFilePart.file_id == file_id)
    query = sa.select(FieldFilePart.content).where(*of_file).order_by(FieldFilePart.begins_at)
    content = b"".join(session.execute(query).scalars())
    if hashlib.sha256(content).hexdigest() != sha256:
        raise PartRefused("bad_digest", NOT_WHOLE)
    return content


def drop_parts(session: Session, *, user_id: uuid.UUID, file_id: uuid.UUID) -> None:
    """Delete the pieces of a file, because the file is complete or is sent from the beginning again."""
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
