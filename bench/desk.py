"""What people make of the threads: teams, saved views, and tasks for every tenth thread, most of them done."""
# ruff: noqa: E501  a statement stays on one line

from __future__ import annotations

import json

import psycopg

from bench.data import USERS
from bench.data_ids import BRANDS, row_id
from bench.filters import fill_links

TEAMS = 3
VIEWS = (
    {"view": "open", "status": "waiting_customer"},
    {"view": "open", "team": str(row_id(8, 0))},
    {"view": "open", "brand": str(row_id(1, 0))},
    {"view": "open", "priority": "normal"},
    {"view": "mine", "status": "in_progress"},
    {"view": "unassigned"},
    {"view": "all", "status": "open", "brand": str(row_id(1, 1))},
    {"view": "email", "status": "open"},
)
_TASKS = """
    INSERT INTO tasks (id, brand_id, thread_id, title, notes, task_type, priority, status, assignee_user_id, created_by_user_id, due_date, due_at, zone, completion_notes, completed_at, created_at, updated_at, version)
    SELECT gen_random_uuid(), brand_id, id, 'Taak bij ' || subject, '', 'follow_up', 'normal', status, user_id, user_id, day, day + interval '23 hours', 'Europe/Amsterdam', '', CASE WHEN status = 'completed' THEN last_message_at END, last_message_at, last_message_at, 1
    FROM (
        SELECT t.id, t.brand_id, t.subject, t.last_message_at, coalesce(t.assignee_user_id, %(me)s) AS user_id,
            (t.last_message_at + (t.number %% 9) * interval '1 day')::date AS day,
            CASE WHEN t.is_open THEN (ARRAY['open', 'in_progress', 'waiting'])[1 + t.number %% 3] ELSE 'completed' END AS status
        FROM threads t WHERE t.number %% 10 = 0
    ) wanted
"""


def fill_desk(connection: psycopg.Connection, threads: int) -> None:
    """Write them, after `data.fill`. User 1 is in the first team and has all the views. Commits."""
    run = connection.cursor().executemany
    run("INSERT INTO teams (id, name) VALUES (%s, %s)", [(row_id(8, n), f"Team {n}") for n in range(TEAMS)])
    run(
        "INSERT INTO team_members (team_id, user_id) VALUES (%s, %s)",
        [(row_id(8, n % TEAMS), row_id(5, n + 1)) for n in range(USERS - 1)],
    )
    view = "INSERT INTO saved_views (id, name, owner_user_id, scope, filters, sort, position, created_at, updated_at) VALUES (%s, %s, %s, 'private', %s, 'newest', %s, now(), now())"
    run(view, [(row_id(9, n), f"View {n}", row_id(5, 1), json.dumps(filters), n) for n, filters in enumerate(VIEWS)])
    # The newest tenth of the threads, by turns.
    of_team = "UPDATE threads SET team_id = %s WHERE id >= %s AND number %% %s = %s"
    run(of_team, [(row_id(8, n), row_id(6, threads - threads // 10), TEAMS * BRANDS, n) for n in range(TEAMS)])
    connection.execute(_TASKS, {"me": row_id(5, 1)})
    fill_links(connection)
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE threads, tasks, orders, order_threads")
    connection.autocommit = False
