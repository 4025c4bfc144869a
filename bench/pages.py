"""How long the server needs for a page, and how many queries: the whole page through the application, signed in, one after another."""
# ruff: noqa: E501  a table of what is measured

from __future__ import annotations

import gc
import re
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.core.db import db
from app.web.inbox.orders_kept import COOKIE
from bench.data import CLASSES
from bench.data_ids import row_id
from bench.filters import filtered_lists

ROUNDS = 60
WARM_UP = 5
PAGES_DOWN = 10
LIMITS = {
    "analytics": 100.0,
    "order page": 40.0,
    "order": 30.0,
    "list": 30.0,
    "tasks": 30.0,
    "counts": 30.0,
    "thread": 50.0,
    "search": 60.0,
}


@dataclass(frozen=True)
class PageTime:
    """Milliseconds of server time and queries of one kind of page."""

    name: str
    p50: float
    p95: float
    queries: int


@dataclass(frozen=True)
class Company:
    """An application on a company of so many threads, and its agent's browser."""

    app: Flask
    threads: int
    client: FlaskClient


@dataclass(frozen=True)
class Page:
    """What is asked for, under which name."""

    name: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


def measure_pages(apps: Mapping[int, Flask], *, password: str, rounds: int = ROUNDS) -> dict[int, list[PageTime]]:
    """Lists (first and deep), the thread of 200 messages, and a search for each class of word; by number of threads.

    Each page is asked of all sizes by turns: the speed of a machine changes within a minute, and their ratio is asked for.
    """
    companies = [Company(app, threads, sign_in(app, password)) for threads, app in apps.items()]
    return measure(companies, [_pages(company) for company in companies], rounds)


def measure(companies: Sequence[Company], pages: Sequence[Sequence[Page]], rounds: int = ROUNDS) -> dict[int, list[PageTime]]:
    """The same pages of several companies by turns, by the size of each."""
    gc.freeze()  # what the application is made of, as wsgi.py does
    found = [_time(companies, turn, rounds) for turn in zip(*pages, strict=True)]
    return {company.threads: [times[place] for times in found] for place, company in enumerate(companies)}


def judged(found: Mapping[int, Sequence[PageTime]], *, speed: float | None, reference: int) -> list[tuple[str, str, str, bool]]:
    """The pages of the biggest company beside their limits and those of the smallest: name, measured, target, whether it is met.

    `speed`: of this machine beside the one of `reference` posts a second."""
    rows, sizes = [], list(found)
    for small, big in zip(found[sizes[0]], found[sizes[-1]], strict=True):
        limit, growth = LIMITS.get(big.name) or LIMITS[big.name.split()[0]], big.p50 / max(small.p50, 0.1)
        words = f"p50 {big.p50} p95 {big.p95} ms, {big.queries} queries, {growth:.1f}x of {sizes[0]}"
        if speed is not None:
            words += f"; p95 {big.p95 * speed:.1f} ms at {reference}/s"
        is_met = big.p95 < limit and big.queries <= 10 and growth <= 1.5
        rows.append((f"{big.name} at {sizes[-1]}", words, f"p95 < {limit:.0f} ms, ≤ 10 queries, ≤ 1.5x", is_met))
    return rows


def _pages(company: Company) -> list[Page]:
    views = (
        "",
        "/mine",
        "/unassigned",
        "/email",
        "/whatsapp",
        "/phone",  # nothing in it, after others of its kind
        "/resolved",
        "/all",
        "?sort=oldest",
        "?sort=due",
        "?sort=due&tasks=mine",
        "?sort=priority",
        "/all?sort=priority",
        "?status=waiting_customer",
        "?status=escalated",  # nothing
        "/all?type=technical_issue",
        "/all?type=complaint",
        f"?team={row_id(8, 0)}",
        f"/views/{row_id(9, 0)}",
        "/tasks",
        "/overdue",
    )
    thread = f"/threads/{row_id(6, company.threads - 1)}"
    opened = {"HX-Request": "true", "HX-Target": "thread-pane"}
    return [
        *(Page(f"list {view}", f"/inbox{view}") for view in views),
        *(Page(f"list {narrowed}", f"/inbox{narrowed}") for narrowed in filtered_lists()),
        *(Page(f"tasks {page}", f"/tasks{page}") for page in ("", "/board", "/calendar")),
        Page("counts of eight saved views", "/inbox/views/counts"),
        *(Page(f"list deep {view}", _deep(company.client, view)) for view in ("", "/resolved", "/all", "?sort=due&tasks=mine")),
        Page("thread of 200, opened from the list", thread, opened),
        Page("thread of 200, whole page", thread),
        *(Page(f"search {name}", f"/search?q={text}") for name, text in CLASSES.items()),
    ]


def sign_in(app: Flask, password: str) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    answer = client.post("/sign-in", data={"email": "user1@bench.example", "password": password})
    assert answer.status_code == 303, answer.status
    return client


def _deep(client: FlaskClient, view: str) -> str:
    """The address PAGES_DOWN pages down a list; its last page where a small company has fewer."""
    url = f"/inbox{view}"
    for _ in range(PAGES_DOWN):
        found = re.search(r'href="([^"]*cursor=[^"]*)"', client.get(url).text)
        if found is None:
            break
        url = found[1].replace("&amp;", "&")
    return url


def _time(companies: Sequence[Company], pages: Sequence[Page], rounds: int) -> list[PageTime]:
    milliseconds: list[list[float]] = [[] for _company in companies]
    queries: list[list[int]] = [[] for _company in companies]
    for round_number in range(rounds + WARM_UP):
        for place, (company, page) in enumerate(zip(companies, pages, strict=True)):
            took, count = _ask(company, page)
            queries[place].append(count)
            if round_number >= WARM_UP:
                milliseconds[place].append(took)
    # Once a minute an answer is followed by a note that the person is there; that is no part of the page.
    asked = [statistics.median_low(counts) for counts in queries]
    return [_summary(pages[place].name, milliseconds[place], asked[place]) for place in range(len(companies))]


def _ask(company: Company, page: Page) -> tuple[float, int]:
    """Milliseconds and queries of one answer, for somebody who has chosen no order of a list before."""
    company.client.delete_cookie(COOKIE)  # else a list comes in the order of the page before, and a cursor leads to its start
    with _counting(company.app) as count:
        began = time.perf_counter()
        answer = company.client.get(page.url, headers=page.headers)
        took = (time.perf_counter() - began) * 1000
    answer.close()  # what the application does after it has answered is nobody's waiting
    assert answer.status_code == 200, f"{page.name}: {answer.status}"
    return took, count[0]


def _summary(name: str, milliseconds: list[float], queries: int) -> PageTime:
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
