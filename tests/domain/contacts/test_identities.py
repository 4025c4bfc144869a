"""Whoever writes from an address is one contact, however many workers see them first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock, transaction
from app.domain.contacts.actions import IdentityInput, find_or_create_contact, identity_lock_key, normalise_identity
from app.domain.contacts.models import Contact, ContactIdentity
from tests.factories import NOW

WA = IdentityInput("wa_id", "31612345678")
PHONE = IdentityInput("phone", "+31612345678")
MAIL = IdentityInput("email", "pieter@example.nl")


def test_a_known_identity_finds_its_contact_and_teaches_it_the_others(app_context: Flask, db_session: Session) -> None:
    first = find_or_create_contact(db_session, [WA], name="Pieter", now=NOW)
    again = find_or_create_contact(db_session, [WA, PHONE], name="Pieter", now=NOW)
    by_phone = find_or_create_contact(db_session, [PHONE], name="", now=NOW)
    assert first.id == again.id == by_phone.id


def test_the_most_trusted_identity_decides_and_nobody_loses_theirs(app_context: Flask, db_session: Session) -> None:
    chat = find_or_create_contact(db_session, [WA], name="Pieter", now=NOW)
    mail = find_or_create_contact(db_session, [MAIL], name="P. van Dam", now=NOW)
    assert find_or_create_contact(db_session, [WA, MAIL], name="", now=NOW).id == chat.id
    assert find_or_create_contact(db_session, [MAIL], name="", now=NOW).id == mail.id


def test_a_name_somebody_typed_outlasts_the_providers(app_context: Flask, db_session: Session) -> None:
    contact = find_or_create_contact(db_session, [WA], name="piet123", now=NOW)
    contact.name, contact.name_source = "Pieter van Dam", "user"
    assert find_or_create_contact(db_session, [WA], name="piet124", now=NOW).name == "Pieter van Dam"


def test_parallel_workers_make_one_contact(fresh_app: Flask) -> None:
    def see(_n: int) -> None:
        with fresh_app.app_context(), transaction() as session:
            advisory_xact_lock(session, identity_lock_key(WA))
            find_or_create_contact(session, [WA], name="Pieter", now=NOW)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(see, range(24)))
    with fresh_app.app_context(), transaction() as session:
        assert session.execute(sa.select(sa.func.count()).select_from(Contact)).scalar_one() == 1
        assert session.execute(sa.select(sa.func.count()).select_from(ContactIdentity)).scalar_one() == 1


@pytest.mark.parametrize(
    ("kind", "written", "stored"),
    [
        ("email", " Pieter@Example.NL ", "pieter@example.nl"),
        ("phone", "+31 6 1234-5678", "+31612345678"),
        ("bsuid", "NL.AbC", "NL.AbC"),
        ("email", "  ", None),
        ("phone", "+", None),
        ("wa_id", "abc", None),
    ],
)
def test_identities_are_matched_in_one_spelling(kind: str, written: str, stored: str | None) -> None:
    identity = normalise_identity(kind, written)
    assert (identity.value if identity else None) == stored
