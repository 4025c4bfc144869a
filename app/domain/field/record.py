"""Read the record of a visit from the ledger of phone actions: steps, checks, meters, photos, signature."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import User
from app.domain.field.models import ActionKind, FieldFile, Outcome, PhoneAction, PhotoLabel


@dataclass(frozen=True)
class Reported:
    """An applied phone action with the user who did it. `at`: when it was done; `received_at`: when it reached us."""

    id: uuid.UUID
    kind: ActionKind
    body: dict[str, Any]
    file_id: uuid.UUID | None
    user_id: uuid.UUID
    user_name: str
    at: datetime
    received_at: datetime


@dataclass(frozen=True)
class VisitRecord:
    """All applied actions of a visit.

    `checks`: {checklist item: its newest answer}. `meters`: {"before" or "after": the newest meter reading}. `serials`: the
    serial numbers, each in its last corrected form. `typed`: {id of the last correction: the earlier texts of that serial
    number}.
    """

    steps: tuple[Reported, ...] = ()
    notes: tuple[Reported, ...] = ()
    photos: tuple[Reported, ...] = ()
    serials: tuple[Reported, ...] = ()
    typed: dict[uuid.UUID, tuple[str, ...]] = field(default_factory=dict)
    checks: dict[str, Reported] = field(default_factory=dict)
    meters: dict[str, Reported] = field(default_factory=dict)
    signature: Reported | None = None
    voices: tuple[Reported, ...] = ()
    follow_ups: tuple[Reported, ...] = ()
    transcripts: dict[uuid.UUID, str] = field(default_factory=dict)  # by file of a voice note, where a machine wrote one
    codes: tuple[str, ...] = ()  # read from photos of nameplates, and kept as no serial number yet

    @property
    def labels(self) -> set[str]:
        """Return the labels of all photos."""
        return {photo.body["label"] for photo in self.photos}

    @property
    def meter_runs_back(self) -> bool:
        """Return True if the meter shows less after the work than before it. The meter was then replaced or read wrongly."""
        before, after = (self.meters.get(when) for when in ("before", "after"))
        return before is not None and after is not None and Decimal(after.body["value"]) < Decimal(before.body["value"])


def read_record(session: Session, appointment_id: uuid.UUID) -> VisitRecord:
    """Return the record of a visit. One query; a second one if there are voice notes or photos of nameplates."""
    query = sa.select(PhoneAction, User.name).join(User, User.id == PhoneAction.user_id)
    query = query.where(PhoneAction.appointment_id == appointment_id, PhoneAction.outcome == Outcome.APPLIED)
    rows = session.execute(query.order_by(PhoneAction.number)).all()
    record = make_record([_reported(row.PhoneAction, row.name) for row in rows])
    looked_at = [one.file_id for one in (*record.voices, *record.photos) if one.body.get("label") in (None, PhotoLabel.NAMEPLATE)]
    if not looked_at:
        return record
    written = sa.select(FieldFile.id, FieldFile.transcript, FieldFile.codes).where(FieldFile.id.in_(looked_at))
    files = session.execute(written.order_by(FieldFile.created_at, FieldFile.id)).all()
    typed = {one.body["text"] for one in record.serials} | {text for texts in record.typed.values() for text in texts}
    codes = dict.fromkeys(code for row in files for code in row.codes if code not in typed)
    return replace(record, transcripts={row.id: row.transcript for row in files if row.transcript}, codes=tuple(codes))


def make_record(reported: list[Reported]) -> VisitRecord:
    """Return the record made of a visit's applied actions, given oldest first."""
    of = {kind: tuple(one for one in reported if one.kind == kind) for kind in ActionKind}
    serials, typed = _put_right(of[ActionKind.SERIAL])
    return VisitRecord(
        steps=of[ActionKind.STEP],
        notes=of[ActionKind.NOTE],
        photos=of[ActionKind.PHOTO],
        serials=serials,
        typed=typed,
        checks={one.body["item"]: one for one in of[ActionKind.CHECKLIST]},
        meters={one.body["when"]: one for one in of[ActionKind.METER]},
        signature=of[ActionKind.SIGNATURE][-1] if of[ActionKind.SIGNATURE] else None,
        voices=of[ActionKind.VOICE],
        follow_ups=of[ActionKind.FOLLOW_UP],
    )


def _put_right(serials: tuple[Reported, ...]) -> tuple[tuple[Reported, ...], dict[uuid.UUID, tuple[str, ...]]]:
    """Replace each serial number by its last correction, in the order of the first entries.

    Return these serial numbers, and {id of the last correction: the earlier texts of that serial number}.
    """
    now: dict[uuid.UUID, Reported] = {}  # by the id of the first
    first: dict[str, uuid.UUID] = {}
    before: dict[uuid.UUID, tuple[str, ...]] = {}
    for one in serials:
        root = first.get(one.body.get("corrects", ""), one.id)
        if root in now:
            before[root] = (*before.get(root, ()), now[root].body["text"])
        now[root], first[str(one.id)] = one, root
    return tuple(now.values()), {now[root].id: texts for root, texts in before.items()}


def find_file(session: Session, *, appointment_id: uuid.UUID, file_id: uuid.UUID) -> FieldFile | None:
    """Return the file with this id if an applied action of the visit names it. Return None otherwise."""
    query = sa.select(FieldFile).join(
        PhoneAction, sa.and_(PhoneAction.user_id == FieldFile.user_id, PhoneAction.file_id == FieldFile.id)
    )
    query = query.where(PhoneAction.appointment_id == appointment_id, PhoneAction.outcome == Outcome.APPLIED)
    return session.execute(query.where(FieldFile.id == file_id).limit(1)).scalar_one_or_none()


def count_codes(session: Session, *, appointment_ids: list[uuid.UUID]) -> int:
    """Return how many bar and QR codes were read from the photos of these visits."""
    named = sa.and_(PhoneAction.user_id == FieldFile.user_id, PhoneAction.file_id == FieldFile.id)
    counted = sa.func.coalesce(sa.func.sum(sa.func.cardinality(FieldFile.codes)), 0)
    query = sa.select(counted).join(PhoneAction, named).where(PhoneAction.appointment_id.in_(appointment_ids))
    return int(session.execute(query).scalar_one())


def list_thumbnails(session: Session, *, appointment_ids: list[uuid.UUID], limit: int) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Return (visit id, file id) for the photos of these visits that have a thumbnail, newest first, at most `limit`."""
    named = sa.and_(PhoneAction.user_id == FieldFile.user_id, PhoneAction.file_id == FieldFile.id)
    query = sa.select(PhoneAction.appointment_id, FieldFile.id).join(FieldFile, named)
    query = query.where(PhoneAction.appointment_id.in_(appointment_ids), PhoneAction.outcome == Outcome.APPLIED)
    query = query.where(FieldFile.thumbnail_key.is_not(None)).order_by(PhoneAction.number.desc()).limit(limit)
    return [(row[0], row[1]) for row in session.execute(query) if row[0] is not None]


def known_outcomes(session: Session, *, user_id: uuid.UUID, action_ids: list[uuid.UUID]) -> dict[uuid.UUID, Outcome]:
    """Return {action id: outcome} for those of the user's `action_ids` that have arrived. A phone that lost the answers uses
    it."""
    query = sa.select(PhoneAction.id, PhoneAction.outcome).where(PhoneAction.user_id == user_id, PhoneAction.id.in_(action_ids))
    return {row.id: row.outcome for row in session.execute(query)}


def _reported(row: PhoneAction, name: str) -> Reported:
    assert row.kind is not None
    return Reported(row.id, row.kind, row.body, row.file_id, row.user_id, name, row.occurred_at, row.received_at)
