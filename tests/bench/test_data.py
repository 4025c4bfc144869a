"""The bench's company fits the tables as they are, and a user of it can read and find."""

from __future__ import annotations

import psycopg
from flask import Flask

from app.accounts.passwords import hash_password
from bench.data import CLASSES, fill, row_id
from bench.desk import VIEWS, fill_desk
from bench.pages import sign_in

PASSWORD = "a bench needs a door too"
THREADS = 300


def test_every_kind_of_page_of_a_small_company_answers(fresh_app: Flask) -> None:
    address = fresh_app.config["SQLALCHEMY_DATABASE_URI"].replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address) as connection:
        fill(connection, THREADS, password_hash=hash_password(PASSWORD))
        fill_desk(connection, THREADS)
    client = sign_in(fresh_app, PASSWORD)
    thread = f"/threads/{row_id(6, THREADS - 1)}"
    urls = ("/inbox", "/inbox/all", thread, f"/search?q={CLASSES['common']}", "/tasks", "/tasks/board", "/inbox/overdue")
    answers = {url: client.get(url).status_code for url in (*urls, f"/inbox/views/{row_id(9, 0)}", f"/inbox?team={row_id(8, 0)}")}
    assert set(answers.values()) == {200}, answers
    assert len(client.get("/inbox/views/counts").get_json()) == len(VIEWS)
