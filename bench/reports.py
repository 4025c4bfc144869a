"""Figures in numbers: how long the pages of reports take over 28 and 90 days beside few facts, how many queries, and a file of
the facts behind a number. Facts are spread over two years; days that are over are summed up, as they are in life."""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import psycopg
import sqlalchemy as sa
from flask import Flask

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.domain.analytics.rollups import roll_next
from bench.pages import Company, Page, PageTime, measure, sign_in

DAYS = 730
SECONDS_OF_1_000_000, MIB = 60, 64
# Of eight facts of a matter three are times; days and hours are spread evenly, durations are skewed as they are in life.
_FACTS = f"""
INSERT INTO report_facts (kind, at, local_day, local_hour, scope_id, subject_id, open_seconds, wall_seconds, met, recorded_at)
SELECT kind, at, at::date, extract(hour FROM at), scope, gen_random_uuid(),
       CASE WHEN kind IN (2, 3, 4) THEN took END, CASE WHEN kind IN (2, 3, 4) THEN took * 2 END,
       CASE WHEN kind IN (5, 6, 7, 10, 11, 14) THEN random() < 0.9 END, now()
FROM (SELECT (ARRAY[1, 2, 3, 4, 5, 8, 13, 14])[1 + n %% 8] AS kind, now() - random() * interval '{DAYS} days' AS at,
             1 + floor(random() * (SELECT count(*) FROM report_scopes))::int AS scope,
             (exp(random() * 6 + 4))::int AS took FROM generate_series(1, %s) n) made
"""
_SCOPES = """
INSERT INTO report_scopes (brand_id, channel_id, medium, team_id, user_id, thread_type, priority)
SELECT c.brand_id, c.id, CASE WHEN c.channel_type LIKE 'email%' THEN 'email' ELSE 'whatsapp' END, NULL, u.id, t, 'normal'
FROM channels c, (SELECT id FROM users ORDER BY id LIMIT 30) u,
     unnest(ARRAY['customer_support', 'complaint', 'technical_issue']) t
"""


def fill_reports(connection: psycopg.Connection, facts: int) -> None:
    """Write that many facts after `data.fill`; everybody leads. Commits. Nothing where none are wanted."""
    if not facts:
        return
    connection.execute("UPDATE users SET role = 'lead'")
    connection.execute("TRUNCATE report_marks, report_rebuilds, report_facts, report_scopes RESTART IDENTITY")
    connection.execute(_SCOPES)
    connection.execute(_FACTS, (facts,))  # type: ignore[arg-type]
    connection.execute("UPDATE report_state SET batch_at = now()")  # a file holds what was known then
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")
    connection.autocommit = False


def measure_reports(apps: Mapping[int, Flask], *, password: str) -> dict[int, list[PageTime]]:
    """The pages a manager opens; by number of facts."""
    companies = [Company(app, facts, _rolled(app, facts, password)) for facts, app in apps.items()]
    return measure(companies, [_pages(company) for company in companies], rounds=20)


def _rolled(app: Flask, facts: int, password: str) -> Any:
    began, days, more = time.perf_counter(), 0, True
    with app.app_context():
        while more:
            with transaction() as session:
                more = roll_next(session, now=utc_now()) is not None
            days += more
        db.session().execute(sa.text("ANALYZE report_days"))
        db.session().commit()
    took = 1000 * (time.perf_counter() - began) / max(1, days)
    print(f"  {facts} facts: a day or week is summed up in {took:.0f} ms", flush=True)
    return sign_in(app, password)


def _pages(company: Company) -> list[Page]:
    with company.app.app_context():
        person = db.session().execute(sa.text("SELECT user_id FROM report_scopes ORDER BY id LIMIT 1")).scalar_one()
    return [
        Page("analytics 28 days", "/analytics"),
        Page("analytics 90 days", "/analytics?period=90"),
        Page("analytics 90 days by mail", "/analytics?period=90&medium=email"),
        Page("analytics 90 days of a type", "/analytics?period=90&type=complaint"),
        Page("analytics 90 days of one person", f"/analytics?period=90&person={person}"),
        Page("analytics people, 90 days", "/analytics/people?period=90"),
        Page("analytics list of 90 days", "/analytics/list?m=received&period=90"),
        Page("analytics wallboard", "/analytics/wall"),
    ]


def measure_export(app: Flask, results: dict[str, Any], *, password: str) -> tuple[str, str, str, bool]:
    """The line that says how long all messages of two years take as CSV, and by how much the process grew."""
    client = sign_in(app, password)
    last = utc_now().date()
    first = last - timedelta(days=DAYS - 1)
    path = f"/analytics/list/export?m=interactions&period=own&from={first}&to={last}&format=programs"
    client.get("/analytics/list?m=interactions")
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    answer = client.get(path)
    rows = sum(chunk.count(b"\n") for chunk in answer.iter_encoded()) - 1
    answer.close()
    took = (time.perf_counter() - began) * 1_000_000 / max(1, rows)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    results["analytics_export"] = {"rows": rows, "seconds_of_a_million": round(took, 1), "grown_mib": grown}
    words = f"{took:.0f} s for a million ({rows} written), {grown} MiB more"
    target = f"≤ {SECONDS_OF_1_000_000} s, ≤ {MIB} MiB"
    return "CSV of facts", words, target, took <= SECONDS_OF_1_000_000 and grown <= MIB
