"""Whether a transaction is open, which the one HTTP client asks before every call."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.db import db, in_transaction, transaction
from app.core.http import CalledInTransaction
from app.core.runtime import runtime


def test_a_transaction_is_open_from_its_first_statement_to_its_end(app_context: Flask) -> None:
    assert not in_transaction()
    with transaction() as session:
        session.execute(sa.text("SELECT 1"))
        assert in_transaction()
        for client in (runtime().http, runtime().foreign_http):
            with pytest.raises(CalledInTransaction):
                client.request("GET", "http://127.0.0.1:1/")
    assert not in_transaction()
    db.session().execute(sa.text("SELECT 1"))
    assert in_transaction()
    db.session.remove()
    assert not in_transaction()


def test_without_an_application_none_is_open() -> None:
    assert not in_transaction()
