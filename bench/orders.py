"""Orders in numbers: how long their page, their board and their list take beside a few, how many queries, and a file of many."""
# ruff: noqa: E501  a statement stays on one line

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask

from bench.data import drop_indexes
from bench.data_ids import BRANDS, row_id
from bench.pages import Company, Page, PageTime, measure, sign_in

SECONDS_OF_50_000 = 60
# One of 20 towns, and a village for one order in 50,000.
_ADDRESSES = """
    INSERT INTO addresses (id, address_type, typed, street, house_number, house_number_addition, postal_code, city, country, check_status, candidates, created_at, state, attempts)
    SELECT ('00000000-0000-7000-a000-' || lpad(to_hex(n), 12, '0'))::uuid, 'installation', 'Kerkstraat ' || n, 'Kerkstraat', n::text, '', lpad((n %% 9000)::text, 4, '1') || ' LX',
        CASE WHEN n %% 50000 = 7 THEN 'Appelscha' WHEN n / 20 %% 20 = 0 THEN 'Utrecht' ELSE 'Stad ' || n / 20 %% 20 END, 'NL', 'skipped', '[]', now(), 'done', 1
    FROM generate_series(1, %(orders)s) n
"""
_ORDERS = """
    INSERT INTO orders (id, order_number, brand_id, order_type, status, priority, customer_contact_id, address_id, channel_contact_ids, source, currency, prices_include_tax, discount_amount, net_total, tax_total, gross_total, notes, external_references, created_at, updated_at, version)
    SELECT ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, 'BN-2026-' || lpad(n::text, 7, '0'), (%(brands)s::uuid[])[1 + n %% %(count)s], 'installation',
        CASE WHEN n %% 20 = 0 THEN (ARRAY['intake_received', 'new', 'quoted', 'approved', 'scheduled', 'in_progress', 'on_hold'])[1 + (n / 20) %% 7] WHEN n %% 13 = 0 THEN 'cancelled' ELSE 'completed' END,
        'normal', customers.ids[1 + n %% array_length(customers.ids, 1)], ('00000000-0000-7000-a000-' || lpad(to_hex(1 + (n * 7919::bigint) %% %(orders)s), 12, '0'))::uuid, '{}', 'api', 'EUR', false, 0, 849.00, 178.29, 1027.29, '', '{}', moment, moment, 1
    FROM generate_series(1, %(orders)s) n, LATERAL (SELECT now() - interval '1 minute' * (%(orders)s - n) AS moment) at, (SELECT array_agg(id) AS ids FROM (SELECT id FROM contacts LIMIT 2000) first_ones) customers
"""
_LINES = """
    INSERT INTO line_items (id, order_id, position, description, quantity, unit_price, discount_amount, order_discount_share, tax_code, status, external_item_reference)
    SELECT gen_random_uuid(), id, 1, 'Wallbox 11kW', 1, 849, 0, 0, 'nl_21', CASE status WHEN 'cancelled' THEN 'cancelled' WHEN 'completed' THEN 'installed' ELSE 'ordered' END, '' FROM orders
"""
_TAXES = "INSERT INTO order_tax_totals (order_id, tax_code, part, rate, taxable, tax) SELECT id, 'nl_21', 'BTW', 21, 849.00, 178.29 FROM orders"
_HISTORY = """
    INSERT INTO transitions (id, entity_type, entity_id, seq, to_status, reason, reason_code, business_context, actor_kind, actor_name, at)
    SELECT gen_random_uuid(), 'order', id, 1, status, '', '', '{}', 'system', '', created_at FROM orders
"""
_EVENTS = """
    INSERT INTO events (id, type, occurred_at, brand_id, depth, payload)
    SELECT gen_random_uuid(), 'OrderCreated', created_at, brand_id, 0, jsonb_build_object('order_id', id::text, 'order_number', order_number) FROM orders
"""


def fill_orders(connection: psycopg.Connection, orders: int) -> None:
    """Write that many with a line, their tax, their history and an event each, after `data.fill`; indexes are dropped and built
    again around it. Commits."""
    connection.execute("SET session_replication_role = replica")  # what refers to what is as it is made here
    brands = [row_id(1, number) for number in range(BRANDS)]
    definitions = drop_indexes(connection, ("addresses", "orders", "line_items", "order_tax_totals", "transitions", "events"))
    connection.execute(_ADDRESSES, {"orders": orders})
    connection.execute(_ORDERS, {"brands": brands, "count": BRANDS, "orders": orders})
    connection.execute("SET maintenance_work_mem = '1GB'")
    for statement in (_LINES, _TAXES, _HISTORY, _EVENTS, *definitions):
        connection.execute(statement)  # type: ignore[arg-type]
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")
    connection.autocommit = False


def measure_orders(apps: Mapping[int, Flask], *, password: str) -> dict[int, list[PageTime]]:
    """The page of an open order, the board, and the list; by number of orders."""
    companies = [Company(app, orders, sign_in(app, password)) for orders, app in apps.items()]
    return measure(companies, [_pages(company.threads) for company in companies])


def _pages(orders: int) -> list[Page]:
    newest_open = f"00000000-0000-7000-9000-{(orders // 20) * 20:012x}"
    return [
        Page("order page", f"/orders/{newest_open}"),
        Page("order board", "/orders/board"),
        Page("order list", "/orders"),
        Page("order list by status", "/orders?status=approved"),
        Page("order list by place", "/orders?place=Utrecht"),
        Page("order list by status and place", "/orders?status=completed&place=Utrecht"),
        Page("order list by a place of few", "/orders?place=Appelscha"),
        Page("order list by number", f"/orders?q=BN-2026-{orders // 2:07}"),
        Page("order list by words of nothing", "/orders?q=zzzznobody"),
    ]


def measure_import(app: Flask, rows: int, results: dict[str, Any]) -> tuple[str, str, str, bool]:
    """The line that says how long a file of that many orders takes to be read and made by one process. Raises RuntimeError."""
    heads = "Referentie;Klant;E-mail;Straat;Huisnummer;Postcode;Plaats;Omschrijving;Aantal;Prijs;Status"
    lines = (
        f"IMPORT-{n};Klant {n};klant{n}@import.example;Kerkstraat;{1 + n % 200};3511LX;Utrecht;Wallbox 11kW;1;849,00;approved"
        for n in range(rows)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "orders.csv")
        path.write_text("\n".join((heads, *lines, "")))
        began = time.monotonic()
        result = app.test_cli_runner().invoke(args=["orders", "import", str(path), "--brand", "b0"])
        seconds = time.monotonic() - began
    if f"{rows} made" not in result.output:
        raise RuntimeError(result.output[-500:])
    limit = SECONDS_OF_50_000 * rows / 50_000
    results["import"] = {"orders": rows, "seconds": round(seconds, 1)}
    return f"import of {rows} orders from a file", f"{seconds:.1f} s", f"≤ {limit:g} s", seconds <= limit
