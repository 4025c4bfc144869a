"""Imports for tests."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.core.storage import StoredFile
from app.domain.accounts.models import Brand, User
from app.domain.events.actions import Actor
from app.domain.imports.actions import begin_import
from app.domain.imports.models import Import, ImportKind
from tests.factories import NOW


def make_import(session: Session, brand: Brand, user: User) -> Import:
    """One that nobody has read yet; its file is nowhere."""
    stored = StoredFile("aa/none", 1, "00")
    asked = {"brand": brand, "kind": ImportKind.ORDERS, "file_name": "orders.csv"}
    return begin_import(session, stored, **asked, now=NOW, actor=Actor(user.id))
