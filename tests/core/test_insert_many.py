"""Many rows at once: what is written is what an INSERT writes, and what refuses an INSERT refuses it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.insert_many import insert_many
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.imports.models import Import, ImportKind, ImportPhase, ImportRow, RowOutcome
from tests.factories import NOW, make_brand

HOSTILE = 'tab\tline\nreturn\r \\N \\. "quoted", 50 % é €'


def make_import(session: Session) -> Import:
    columns = {"brand_id": make_brand(session).id, "kind": ImportKind.ORDERS, "phase": ImportPhase.READING, "created_at": NOW}
    found = Import(**columns, file_name="a.csv", storage_key="a", size_bytes=1, sha256="")
    session.add(found)
    session.flush()
    return found


def test_values_and_defaults_are_those_of_an_insert(db_session: Session) -> None:
    import_id, entity_id = make_import(db_session).id, new_id()
    said: dict[str, Any] = {"import_id": import_id, "number": 1, "cells": [{"a": HOSTILE}], "outcome": RowOutcome.NEW}
    said |= {"entity_id": None, "after": None}
    other = {**said, "number": 2, "cells": [], "outcome": RowOutcome.SAME, "entity_id": entity_id, "after": {"b": None}}
    insert_many(db_session, ImportRow, [said, other])
    one, two = db_session.execute(sa.select(ImportRow).order_by(ImportRow.number)).scalars()
    assert (one.cells, one.outcome, one.problems, one.entity_id) == ([{"a": HOSTILE}], RowOutcome.NEW, [], None)
    assert (two.cells, two.outcome, two.entity_id, two.after) == ([], RowOutcome.SAME, entity_id, {"b": None})
    assert db_session.execute(sa.select(ImportRow.number).where(ImportRow.after.is_(sa.null()))).scalars().all() == [1]


def test_ids_are_made_where_none_is_given(db_session: Session) -> None:
    insert_many(db_session, Contact, [{"name": HOSTILE, "created_at": NOW, "updated_at": NOW}] * 2)
    found = db_session.execute(sa.select(Contact.id).where(Contact.name == HOSTILE)).scalars().all()
    assert len(set(found)) == 2


def test_what_refuses_an_insert_refuses_all_rows(db_session: Session) -> None:
    contact_id = new_id()
    insert_many(db_session, Contact, [{"id": contact_id, "name": "Jan", "created_at": NOW, "updated_at": NOW}])
    row = {"contact_id": contact_id, "kind": "email", "scope": "", "value": "jan@example.com", "created_at": NOW}
    with pytest.raises(IntegrityError, match="uq_contact_identities_value"), db_session.begin_nested():
        insert_many(db_session, ContactIdentity, [row, row])
    assert db_session.execute(sa.select(sa.func.count()).select_from(ContactIdentity)).scalar_one() == 0


def test_nothing_is_nothing(db_session: Session) -> None:
    insert_many(db_session, Contact, [])
