"""Blueprint of the contact pages, with the Jinja filters of their templates."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, current_app, g
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from app.domain.contacts.actions import IdentityInput
from app.domain.contacts.book import not_a_colleague
from app.domain.contacts.edit import lock_contact
from app.domain.contacts.models import Contact
from app.domain.contacts.queries import ContactMissing, contact_exists
from app.domain.threads.api_queries import contact_in_sight, is_reserved
from app.web import error_pages
from app.web.accounts.session import current_viewer
from app.web.contacts import words

bp = Blueprint("contacts", __name__)


@bp.before_request
def _signed_in_only() -> Any:
    if not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    g.current_view = "contacts"
    return None


@bp.errorhandler(ContactMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())


@bp.record_once
def _register_filters(state: Any) -> None:
    state.app.jinja_env.filters.update(words.FILTERS)


def in_sight() -> sa.ColumnElement[bool]:
    """Return the SQL condition for contacts that the viewer may see."""
    return contact_in_sight(current_viewer())


class Reserved(Exception):
    """Raised when the viewer may not add an address or number, because a contact they cannot see or a channel of ours has it."""


def check_free_to_add(session: Session, identity: IdentityInput | None) -> None:
    """Raise `Reserved` if the viewer may not add this address or number. None is always allowed."""
    if identity and is_reserved(session, viewer=current_viewer(), identities=[identity]):
        raise Reserved


def lock_visible(session: Session, contact_id: uuid.UUID) -> Contact:
    """Return the contact, locked for a change. Raises `ContactMissing` if the viewer cannot see it."""
    within = sa.and_(in_sight(), not_a_colleague())
    if not contact_exists(session, contact_id=contact_id, within=within):
        raise ContactMissing(str(contact_id))
    return lock_contact(session, contact_id)
