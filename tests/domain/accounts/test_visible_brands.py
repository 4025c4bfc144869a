"""A viewer sees the brands they are a member of; the one query that signs somebody in says so too."""

from __future__ import annotations

from flask import Flask
from sqlalchemy.orm import Session

from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Role
from app.domain.accounts.tokens import create_token, viewer_from_bearer
from tests.factories import NOW, make_brand, make_user


def test_a_token_sees_the_brands_of_its_user_and_no_other(app_context: Flask, db_session: Session) -> None:
    ours, theirs = make_brand(db_session), make_brand(db_session, "other")
    users = [
        make_user(db_session, "Alice", brands=(ours,)),
        make_user(db_session, "Mallory", brands=(theirs,)),
        make_user(db_session, "Carol", brands=(ours, theirs)),
        make_user(db_session, "Dave"),
        make_user(db_session, "Erin", role=Role.ADMIN),
    ]
    for user in users:
        _row, text = create_token(db_session, user, name="test", scopes=(), now=NOW)
        viewer = viewer_from_bearer(db_session, f"Bearer {text}", now=NOW)
        assert viewer is not None
        assert viewer.brand_ids == viewer_of(db_session, user).brand_ids, user.name
