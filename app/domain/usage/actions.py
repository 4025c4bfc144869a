"""Add the calls that a process has counted to the usage table, by one statement outside any transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import PoolProxiedConnection

from app.core.metering import Key, Tally

# In the order of the key, so that two processes never wait for each other in a circle.
_ADD = """
INSERT INTO usage_days (called_date, is_ours, provider, account, endpoint, requests, failures, throttled, seconds, steps)
SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r (called_date date, is_ours boolean, provider text, account text, endpoint text,
    requests bigint, failures bigint, throttled bigint, seconds double precision, steps bigint[])
ORDER BY called_date, is_ours, provider, account, endpoint
ON CONFLICT (called_date, is_ours, provider, account, endpoint) DO UPDATE SET
    requests = usage_days.requests + excluded.requests,
    failures = usage_days.failures + excluded.failures,
    throttled = usage_days.throttled + excluded.throttled,
    seconds = usage_days.seconds + excluded.seconds,
    steps = ARRAY(SELECT coalesce(a, 0) + coalesce(b, 0)
        FROM unnest(usage_days.steps, excluded.steps) WITH ORDINALITY AS both_steps (a, b, place) ORDER BY place)
"""


def add_usage(connection: PoolProxiedConnection, counted: Mapping[Key, Tally]) -> None:
    """Add the counts to the stored ones, by one statement on a connection without a transaction."""
    rows = [_row(key, tally) for key, tally in counted.items()]
    connection.cursor().execute(_ADD, (json.dumps(rows),))


def _row(key: Key, tally: Tally) -> dict[str, Any]:
    endpoint, day = key
    return {
        "called_date": day.isoformat(),
        "is_ours": endpoint.is_ours,
        "provider": endpoint.provider,
        "account": endpoint.account,
        "endpoint": endpoint.name,
        "requests": tally.requests,
        "failures": tally.failures,
        "throttled": tally.throttled,
        "seconds": tally.seconds,
        "steps": tally.steps,
    }
