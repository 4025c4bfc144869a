"""The bench's company fits the tables as they are, and a user of it can read and find."""

from __future__ import annotations

import psycopg
from flask import Flask

from app.domain.accounts.passwords import hash_password
from bench.data import fill
from bench.desk import VIEWS, fill_desk
from bench.pages import measure_pages, sign_in

PASSWORD = "a bench needs a door too"
THREADS = 300


def test_every_kind_of_page_of_a_small_company_answers(fresh_app: Flask) -> None:
    address = fresh_app.config["SQLALCHEMY_DATABASE_URI"].replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address) as connection:
        fill(connection, THREADS, password_hash=hash_password(PASSWORD))
        fill_desk(connection, THREADS)
    times = measure_pages({THREADS: fresh_app}, password=PASSWORD, rounds=2)[THREADS]
    assert len(times) > 30
    assert [time.name for time in times if time.queries > 10] == []
    client = sign_in(fresh_app, PASSWORD)
    assert len(client.get("/inbox/views/counts").get_json()) == len(VIEWS)
