"""What lists are narrowed by: types, channel accounts, people, orders and due times, common ones and rare ones."""
# ruff: noqa: E501  a statement stays on one line

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg

from bench.data_ids import BRANDS, NOW, row_id

RARE_EVERY = 5_000  # threads of the first brand, one of so many of a type and of a channel account that hardly occur
RARE_CHANNEL = 100
LINKED_EVERY, ORDERS = 20, 500
_ORDERS = """
    INSERT INTO orders (id, order_number, brand_id, order_type, status, priority, customer_contact_id, channel_contact_ids, source, currency, prices_include_tax, discount_amount, notes, external_references, created_at, updated_at, version)
    SELECT ('00000000-0000-7000-9100-' || lpad(to_hex(n), 12, '0'))::uuid, 'BF-2026-' || lpad(n::text, 5, '0'), (%(brands)s::uuid[])[1 + n %% %(count)s], 'installation', 'approved', 'normal', (SELECT id FROM contacts ORDER BY id LIMIT 1), '{}', 'api', 'EUR', false, 0, '', '{}', now(), now(), 1
    FROM generate_series(0, %(orders)s - 1) n
"""
_LINKS = """
    INSERT INTO order_threads (order_id, thread_id, linked_at)
    SELECT ('00000000-0000-7000-9100-' || lpad(to_hex(number %% %(count)s + %(count)s * ((number / %(every)s) %% (%(orders)s / %(count)s))), 12, '0'))::uuid, id, last_message_at
    FROM (SELECT id, last_message_at, row_number() OVER (ORDER BY id) - 1 AS number FROM threads) t WHERE number %% %(every)s < %(count)s
"""


def type_of(number: int) -> str:
    """The type of this thread: three of four are support, one of seven a technical issue, hardly any a complaint."""
    if number % RARE_EVERY == 0:
        return "complaint"
    return "technical_issue" if number % 7 == 3 else "customer_support"


def channel_of(number: int) -> int:
    """The channel account of this thread, the number of its row."""
    return RARE_CHANNEL if number % RARE_EVERY == 0 else number % BRANDS


def due_of(number: int, *, is_open: bool) -> datetime | None:
    """When an answer to this thread is due: two of three open ones have a time, a tenth of those are late."""
    return NOW + timedelta(minutes=37 * (number % 300 - 30)) if is_open and number % 3 else None


def fill_links(connection: psycopg.Connection) -> None:
    """Orders, and the conversations about them: one of five threads. After `data.fill`; the caller commits."""
    values = {"brands": [row_id(1, number) for number in range(BRANDS)], "count": BRANDS, "orders": ORDERS, "every": LINKED_EVERY}
    connection.execute(_ORDERS, values)
    connection.execute(_LINKS, values)


def filtered_lists() -> list[str]:
    """Behind `/inbox`: each filter alone, common and rare, by due time; some in other orders, and two at once."""
    order, channel, rare = "00000000-0000-7000-9100-000000000003", row_id(2, 0), row_id(2, RARE_CHANNEL)
    alone = ["type=technical_issue", "type=complaint", f"assignee={row_id(5, 3)}", "assignee=nobody"]
    alone += [f"channel={channel}", f"channel={rare}", f"order={order}", "due=today", "due=week"]
    both = [f"type=technical_issue&channel={channel}", f"assignee={row_id(5, 3)}&due=today"]
    ordered = ("type=technical_issue", "type=complaint", f"channel={rare}")
    sorted_ = [f"{one}&sort={sort}" for one in ordered for sort in ("newest", "priority")]
    return [f"?{one}" for one in (*alone, *both, *sorted_)]
