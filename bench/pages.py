"""How long the server needs for a page, and how many queries: the whole page through the application, signed in, one after another."""
# ruff: noqa: E501  a table of what is measured

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.core.db import db
from bench.data import CLASSES, row_id

ROUNDS = 60
WARM_UP = 5
PAGES_DOWN = 10


@dataclass(frozen=True)
class PageTime:
    """Milliseconds of server time and queries of one kind of page."""

    name: str
    p50: float
    p95: float
    queries: int


def measure_pages(app: Flask, threads: int, *, password: str) -> list[PageTime]:
    """Lists (first and deep), the thread of 200 messages, and a search for each class of word."""
    client = sign_in(app, password)
    times = [
        _time(app, f"list {view}", lambda view=view: f"/inbox{view}", client)
        for view in (
            "",
            "/mine",
            "/unassigned",
            "/email",
            "/whatsapp",
            "/resolved",
            "/all",
            "?sort=oldest",
            "?sort=priority",
            "/all?sort=priority",
            f"?team={row_id(8, 0)}",
            f"/views/{row_id(9, 0)}",
            "/tasks",
            "/overdue",
        )
    ]
    times += [_time(app, f"tasks {page}", lambda page=page: f"/tasks{page}", client) for page in ("", "/board", "/calendar")]
    times.append(_time(app, "counts of eight saved views", lambda: "/inbox/views/counts", client))
    times += [_time(app, f"list deep {view}", _deep(client, view), client) for view in ("", "/resolved", "/all")]
    thread = f"/threads/{row_id(6, threads - 1)}"
    times.append(
        _time(
            app, "thread of 200, opened from the list", lambda: thread, client, {"HX-Request": "true", "HX-Target": "thread-pane"}
        )
    )
    times.append(_time(app, "thread of 200, whole page", lambda: thread, client))
    times += [_time(app, f"search {name}", lambda text=text: f"/search?q={text}", client) for name, text in CLASSES.items()]
    return times


def sign_in(app: Flask, password: str) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    answer = client.post("/sign-in", data={"email": "user1@bench.example", "password": password})
    assert answer.status_code == 303, answer.status
    return client


def _deep(client: FlaskClient, view: str) -> Callable[[], str]:
    """The address PAGES_DOWN pages down a list; its last page where a small company has fewer."""
    url = f"/inbox{view}"
    for _ in range(PAGES_DOWN):
        found = re.search(r'href="([^"]*cursor=[^"]*)"', client.get(url).text)
        if found is None:
            break
        url = found[1].replace("&amp;", "&")
    return lambda: url


def _time(app: Flask, name: str, url: Callable[[], str], client: FlaskClient, headers: dict[str, str] | None = None) -> PageTime:
    milliseconds, queries = [], 0
    for round_number in range(ROUNDS + WARM_UP):
        with _counting(app) as count:
            began = time.perf_counter()
            answer = client.get(url(), headers=headers)
            took = (time.perf_counter() - began) * 1000
        assert answer.status_code == 200, f"{name}: {answer.status}"
        queries = max(queries, count[0])
        if round_number >= WARM_UP:
            milliseconds.append(took)
    cuts = statistics.quantiles(milliseconds, n=20)
    return PageTime(name, round(statistics.median(milliseconds), 1), round(cuts[18], 1), queries)


@contextmanager
def _counting(app: Flask) -> Iterator[list[int]]:
    count = [0]

    def note(*_arguments: object) -> None:
        count[0] += 1

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield count
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
