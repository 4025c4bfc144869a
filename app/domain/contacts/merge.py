"""Merge two contacts into one, and undo a merge.

`ContactMerge.moved` lists the ids of everything that moved. The undo returns exactly these, unless they were moved again
meanwhile. The merged contact stays as an empty row that points to the kept contact. Threads and messages do not belong to
this feature; they follow by the events `ContactsMerged` and `ContactMergeUndone`, in the same transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.core.ids import new_id
from app.domain.accounts.models import User
from app.domain.contacts.actions import IdentityInput, identity_lock_key
from app.domain.contacts.edit import lock_contact
from app.domain.contacts.models import Contact, ContactAddress, ContactConsent, ContactIdentity, ContactMerge, ContactType
from app.domain.events.actions import Actor, Subject, record

UNDO_WITHIN = timedelta(days=30)
FILLED = ("job_title", "language", "address", "parent_organization_id")  # taken over where the kept contact has nothing


class UnableToMerge(Exception):
    """Raised when two contacts cannot be merged. `code`: "same" (one contact twice), "merged" (one was merged before),
    "colleague" (one belongs to a user) or "tree" (the result would break the tree of organizations)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnableToUndo(Exception):
    """Raised when a merge cannot be undone. `code`: "undone" (already), "late" (too long ago) or "merged" (the kept contact was
    since merged into another)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def merge_contacts(session: Session, *, keep_id: uuid.UUID, merge_id: uuid.UUID, now: datetime, actor: Actor) -> ContactMerge:
    """Move everything of the contact `merge_id` to the contact `keep_id`. Raises `UnableToMerge` or `ContactMissing`.

    The locks are taken in the same order as for arriving messages: identities before contacts. So a message that arrives
    meanwhile finds either the merged contact before the merge, or the kept contact after it.
    """
    if keep_id == merge_id:
        raise UnableToMerge("same")
    _lock_identities(session, (keep_id, merge_id))
    locked = {contact_id: lock_contact(session, contact_id) for contact_id in sorted((keep_id, merge_id))}
    keep, gone = locked[keep_id], locked[merge_id]
    _check(session, keep, gone)
    moved: dict[str, Any] = {
        "primary": _ids(session, ContactIdentity, gone, ContactIdentity.is_primary),
        "identities": _move(session, ContactIdentity, gone, keep, {"is_primary": False}),
        "addresses": _move(session, ContactAddress, gone, keep),
        "fields": _fill(keep, gone, may_move_up=not _ids_below(session, keep)),
        "children": _move_children(session, gone, keep),
        "consents": _take_consents(session, keep, gone),
    }
    gone.merged_into_id = keep.id
    for contact in (keep, gone):
        contact.version, contact.updated_at = contact.version + 1, now
    merge = ContactMerge(
        id=new_id(), kept_id=keep.id, merged_id=gone.id, moved=moved, merged_at=now, merged_by_user_id=actor.user_id
    )
    session.add(merge)
    session.flush()
    _record(session, "ContactsMerged", merge, now=now, actor=actor)
    return merge


def undo_merge(session: Session, merge_id: uuid.UUID, *, now: datetime, actor: Actor) -> ContactMerge:
    """Return to the merged contact everything that the merge moved, except what was moved or changed since. Raises
    `UnableToUndo` if the merge cannot be undone."""
    merge = session.get(ContactMerge, merge_id, with_for_update=True, populate_existing=True)
    if merge is None or merge.undone_at is not None:
        raise UnableToUndo("undone")
    if now - merge.merged_at > UNDO_WITHIN:
        raise UnableToUndo("late")
    _lock_identities(session, (merge.kept_id, merge.merged_id))
    locked = {contact_id: lock_contact(session, contact_id) for contact_id in sorted((merge.kept_id, merge.merged_id))}
    keep, back = locked[merge.kept_id], locked[merge.merged_id]
    if keep.merged_into_id is not None:
        raise UnableToUndo("merged")
    moved = merge.moved
    back.merged_into_id = None
    _give_back(session, ContactIdentity, moved["identities"], keep, back)
    primary = ContactIdentity.id.in_(moved["primary"]), ContactIdentity.contact_id == back.id
    _update(session, ContactIdentity, primary, {"is_primary": True})
    _give_back(session, ContactAddress, moved["addresses"], keep, back)
    children = Contact.id.in_(moved["children"]), Contact.parent_organization_id == keep.id
    _update(session, Contact, children, {"parent_organization_id": back.id})
    _empty_again(keep, moved["fields"])
    _return_consents(session, keep, moved["consents"])
    for contact in (keep, back):
        contact.version, contact.updated_at = contact.version + 1, now
    merge.undone_at = now
    session.flush()
    _record(session, "ContactMergeUndone", merge, now=now, actor=actor)
    return merge


def _lock_identities(session: Session, contact_ids: tuple[uuid.UUID, ...]) -> None:
    rows = session.execute(sa.select(ContactIdentity).where(ContactIdentity.contact_id.in_(contact_ids))).scalars()
    for key in sorted(identity_lock_key(IdentityInput(row.kind, row.value, row.scope)) for row in rows):
        advisory_xact_lock(session, key)


def _check(session: Session, keep: Contact, gone: Contact) -> None:
    if keep.merged_into_id is not None or gone.merged_into_id is not None:
        raise UnableToMerge("merged")
    if session.execute(sa.select(User.id).where(User.contact_id.in_((keep.id, gone.id)))).first() is not None:
        raise UnableToMerge("colleague")
    if _ids_below(session, gone) and keep.contact_type != ContactType.ORGANIZATION:
        raise UnableToMerge("tree")
    above = keep.parent_organization_id
    while above is not None:  # the kept one must not come to stand below itself
        if above == gone.id:
            raise UnableToMerge("tree")
        parent = session.get(Contact, above)
        above = parent.parent_organization_id if parent is not None else None


def _ids(session: Session, model: Any, contact: Contact, *conditions: Any) -> list[str]:
    query = sa.select(model.id).where(model.contact_id == contact.id, *conditions).order_by(model.id)
    return [str(row_id) for row_id in session.execute(query).scalars()]


def _update(session: Session, model: Any, conditions: Iterable[Any], values: dict[str, Any]) -> list[str]:
    statement = sa.update(model).where(*conditions).values(**values).returning(model.id)
    return [str(row_id) for row_id in session.execute(statement.execution_options(synchronize_session=False)).scalars()]


def _move(session: Session, model: Any, source: Contact, target: Contact, more: dict[str, Any] | None = None) -> list[str]:
    return _update(session, model, [model.contact_id == source.id], {"contact_id": target.id, **(more or {})})


def _give_back(session: Session, model: Any, ids: list[str], keep: Contact, back: Contact) -> None:
    _update(session, model, [model.id.in_(ids), model.contact_id == keep.id], {"contact_id": back.id})


def _move_children(session: Session, gone: Contact, keep: Contact) -> list[str]:
    return _update(session, Contact, [Contact.parent_organization_id == gone.id], {"parent_organization_id": keep.id})


def _ids_below(session: Session, contact: Contact) -> list[str]:
    query = sa.select(Contact.id).where(Contact.parent_organization_id == contact.id).limit(1)
    return [str(row_id) for row_id in session.execute(query).scalars()]


def _fill(keep: Contact, gone: Contact, *, may_move_up: bool) -> dict[str, list[str | None]]:
    """Copy to the kept contact each field that is filled only on the merged contact, and join their notes. Return {field:
    [before, after]}.

    `may_move_up` False: the parent organization is not copied, because the kept contact could then be below itself.
    """
    wanted = {name: getattr(gone, name) for name in FILLED if not getattr(keep, name) and getattr(gone, name)}
    if not may_move_up:
        wanted.pop("parent_organization_id", None)
    if gone.note and gone.note != keep.note:
        wanted["note"] = "\n\n".join(filter(None, (keep.note, gone.note)))
    changed = {name: [_text(getattr(keep, name)), _text(value)] for name, value in wanted.items()}
    for name, value in wanted.items():
        setattr(keep, name, value)
    return changed


def _empty_again(keep: Contact, fields: dict[str, list[str | None]]) -> None:
    for name, (before, after) in fields.items():
        if _text(getattr(keep, name)) == after:
            setattr(keep, name, uuid.UUID(before) if before and name == "parent_organization_id" else before)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _take_consents(session: Session, keep: Contact, gone: Contact) -> dict[str, dict[str, Any]]:
    """Copy the merged contact's consents that are newer than those of the kept contact. Return by purpose {"was": the former
    consent or None, "at": the time of the copied consent}."""
    mine = {c.purpose: c for c in _consents(session, keep)}
    taken: dict[str, dict[str, Any]] = {}
    for theirs in _consents(session, gone):
        known = mine.get(theirs.purpose)
        if known is not None and known.changed_at >= theirs.changed_at:
            continue
        taken[theirs.purpose.value] = {"was": _as_json(known) if known else None, "at": theirs.changed_at.isoformat()}
        if known is None:
            known = ContactConsent(contact_id=keep.id, purpose=theirs.purpose)
            session.add(known)
        known.is_given, known.basis = theirs.is_given, theirs.basis
        known.changed_at, known.changed_by_user_id = theirs.changed_at, theirs.changed_by_user_id
    session.flush()
    return taken


def _return_consents(session: Session, keep: Contact, taken: dict[str, dict[str, Any]]) -> None:
    for consent in _consents(session, keep):
        entry = taken.get(consent.purpose.value)
        if entry is None or consent.changed_at.isoformat() != entry["at"]:
            continue
        if entry["was"] is None:
            session.delete(consent)
            continue
        was = entry["was"]
        consent.is_given, consent.basis = was["is_given"], was["basis"]
        consent.changed_at = datetime.fromisoformat(was["changed_at"])
        consent.changed_by_user_id = uuid.UUID(was["by"]) if was["by"] else None
    session.flush()


def _consents(session: Session, contact: Contact) -> list[ContactConsent]:
    query = sa.select(ContactConsent).where(ContactConsent.contact_id == contact.id)
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def _as_json(consent: ContactConsent) -> dict[str, Any]:
    return {
        "is_given": consent.is_given,
        "basis": consent.basis,
        "changed_at": consent.changed_at.isoformat(),
        "by": _text(consent.changed_by_user_id),
    }


def _record(session: Session, event: str, merge: ContactMerge, *, now: datetime, actor: Actor) -> None:
    payload = {"merge_id": str(merge.id), "kept_id": str(merge.kept_id), "merged_id": str(merge.merged_id)}
    record(session, event, subject=Subject(), now=now, actor=actor, payload=payload, about=("contact", merge.kept_id))
