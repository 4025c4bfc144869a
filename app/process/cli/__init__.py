"""Commands (`flask --app wsgi …`), which call the same actions as the pages. With --json they print JSON."""

from __future__ import annotations

import logging
import os
import sys

from flask import Flask

from app.process.cli import brands, channels, database, events, keys, mail, orders, partners, people, reports, services, surveys


def register(app: Flask) -> None:
    """Add our commands to `flask`."""
    for group in (
        people.users,
        people.tokens,
        brands.brands,
        reports.group,
        surveys.group,
        brands.teams,
        mail.group,
        partners.group,
        orders.group,
        channels.group,
        services.group,
        events.events,
        events.outbox,
        keys.group,
        database.group,
    ):
        app.cli.add_command(group)
    if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
        send_logs_to_stderr()


def send_logs_to_stderr() -> None:
    """Send log lines to standard error. Commands print to standard output, and a log line there would make their JSON invalid."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stdout:
            handler.setStream(sys.stderr)
