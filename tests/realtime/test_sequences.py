"""Pushes are counted per receiver, and go to nobody who may not see the thread."""

from __future__ import annotations

from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.access import user_ids_who_see
from app.accounts.models import Role
from app.realtime.handlers import next_sequences
from tests.factories import NOW, make_brand, make_user


def test_each_receiver_counts_alone(app_context: Flask, db_session: Session) -> None:
    brand = make_brand(db_session)
    alice, bob = make_user(db_session, brands=(brand,)), make_user(db_session, "Bob", brands=(brand,))
    assert next_sequences(db_session, [alice.id, bob.id]) == {alice.id: 1, bob.id: 1}
    assert next_sequences(db_session, [alice.id]) == {alice.id: 2}
    assert next_sequences(db_session, [bob.id, alice.id]) == {alice.id: 3, bob.id: 2}
    assert next_sequences(db_session, []) == {}


def test_a_push_reaches_those_who_may_see_the_brand_and_admins(app_context: Flask, db_session: Session) -> None:
    brand, other = make_brand(db_session), make_brand(db_session, "other")
    alice = make_user(db_session, brands=(brand,))
    admin = make_user(db_session, "Noah", role=Role.ADMIN)
    make_user(db_session, "Mallory", brands=(other,))
    gone = make_user(db_session, "Left", brands=(brand,))
    gone.disabled_at = NOW
    db_session.flush()
    assert set(user_ids_who_see(db_session, brand.id)) == {alice.id, admin.id}
