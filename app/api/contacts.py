"""Serve /contacts: list, read, create and change contacts."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer, check_if_match, show, version_tag
from app.api.authorize import current_viewer, require
from app.api.idempotency import write
from app.api.registry import Routes
from app.api.schemas.base import IdPath
from app.api.schemas.contacts import ContactCreate, ContactListQuery, ContactOut, ContactPage, ContactUpdate
from app.api.serialize import contact_out
from app.core.clock import utc_now
from app.core.db import db
from app.core.keyset import Sort
from app.core.problems import Problem, invalid
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import User
from app.domain.accounts.permissions import Permission
from app.domain.contacts.actions import IdentityInput
from app.domain.contacts.book import find_kept
from app.domain.contacts.edit import ContactEdit, create_contact, lock_contact, update_contact
from app.domain.contacts.models import Contact
from app.domain.contacts.queries import ContactFilter, contact_exists
from app.domain.contacts.queries import get_contact as find_contact
from app.domain.contacts.queries import list_contacts as find_contacts
from app.domain.threads.api_queries import contact_in_sight, is_reserved

routes = Routes("Contacts")
KINDS = {"emails": "email", "phones": "phone", "whatsapp_numbers": "wa_id"}
CREATE = {
    "name": "Lotte Bakker",
    "emails": ["lotte.bakker@example.nl"],
    "phones": ["+31612345678"],
    "whatsapp_numbers": ["+31612345678"],
    "language": "nl",
}


@routes.add("get", "/contacts", scope="contacts:read", answers=ContactPage)
def list_contacts(query: ContactListQuery) -> Response:
    """List contacts.

    Limited to contacts with a thread that the token's owner may see, and contacts without any thread.
    """
    page = find_contacts(
        db.session(),
        filter=ContactFilter(**query.model_dump(exclude={"limit", "cursor", "sort"})),
        within=contact_in_sight(current_viewer()),
        sort=Sort.parse(query.sort),
        cursor=query.cursor,
        limit=query.limit,
    )
    return answer(ContactPage(items=[contact_out(r) for r in page.items], next_cursor=page.next_cursor)).response()


@routes.add("get", "/contacts/<uuid:id>", scope="contacts:read", answers=ContactOut, refuses=(404,))
def get_contact(path: IdPath) -> Response:
    """Show one contact.

    If the contact was merged into another one, the answer is that other contact.
    """
    session, within = db.session(), contact_in_sight(current_viewer())
    record = find_contact(session, contact_id=find_kept(session, path.id) or path.id, within=within)
    return show(contact_out(record), etag=version_tag(record.contact))


@routes.add("post", "/contacts", scope="contacts:write", answers=ContactOut, status=201, refuses=(409,), example=CREATE)
def create_a_contact(body: ContactCreate) -> Response:
    """Add a contact.

    An address or number that belongs to another contact already is refused with 409.
    """
    return write(lambda session: _create(session, current_viewer(), body))


@routes.change(
    "/contacts/<uuid:id>",
    scope="contacts:write",
    answers=ContactOut,
    example={"job_title": "Facility manager"},
    example_of_put={"phones": ["+31612345678"]},
)
def update_a_contact(path: IdPath, body: ContactUpdate) -> Response:
    """Change a contact.

    PUT and PATCH do the same: a field that is left out does not change.
    """
    return write(lambda session: _update(session, current_viewer(), path.id, body))


def _create(session: Session, viewer: Viewer, body: ContactCreate) -> Answer:
    _check_parent(session, viewer, body)
    edit = _edit(body, body.model_dump())
    _check_identities(session, viewer, edit)
    contact = create_contact(session, edit, actor=viewer.actor, now=utc_now())
    return _answer(session, viewer, contact, 201)


def _update(session: Session, viewer: Viewer, contact_id: uuid.UUID, body: ContactUpdate) -> Answer:
    find_contact(session, contact_id=contact_id, within=contact_in_sight(viewer))
    contact = lock_contact(session, contact_id)
    check_if_match(version_tag(contact))
    if contact.id != viewer.contact_id and _is_colleague(session, contact):
        require(Permission.PEOPLE_MANAGE)
    _check_parent(session, viewer, body)
    edit = _edit(body, body.model_dump(exclude_unset=True))
    _check_identities(session, viewer, edit)
    update_contact(session, contact, edit, actor=viewer.actor, now=utc_now())
    return _answer(session, viewer, contact, 200)


def _is_colleague(session: Session, contact: Contact) -> bool:
    return session.execute(sa.select(User.id).where(User.contact_id == contact.id)).first() is not None


def _check_parent(session: Session, viewer: Viewer, body: ContactCreate | ContactUpdate) -> None:
    parent_id = body.parent_organization_id
    if parent_id is not None and not contact_exists(session, contact_id=parent_id, within=contact_in_sight(viewer)):
        raise invalid("parent_organization_id", "there is no such contact")


def _check_identities(session: Session, viewer: Viewer, edit: ContactEdit) -> None:
    if is_reserved(session, viewer=viewer, identities=[one for group in edit.identities.values() for one in group]):
        raise Problem("state_conflict", "One of these addresses and numbers is for an administrator to add")


def _edit(body: ContactCreate | ContactUpdate, values: dict[str, Any]) -> ContactEdit:
    identities = {KINDS[name]: [_identity(KINDS[name], v) for v in values.pop(name)] for name in KINDS if name in values}
    return ContactEdit(columns=values, identities=identities)


def _identity(kind: str, value: str) -> IdentityInput:
    return IdentityInput(kind, value.removeprefix("+") if kind == "wa_id" else value, display=value)


def _answer(session: Session, viewer: Viewer, contact: Contact, status: int) -> Answer:
    record = find_contact(session, contact_id=contact.id, within=contact_in_sight(viewer))
    location = f"/api/v1/contacts/{contact.id}" if status == 201 else None
    return answer(contact_out(record), status, etag=version_tag(contact), location=location)
