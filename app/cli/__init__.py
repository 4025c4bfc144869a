"""Commands (`flask --app wsgi …`): they call the same actions as the pages. With --json, what they report is JSON."""

from __future__ import annotations

from flask import Flask

from app.cli import channels, database, events, keys, mail, people


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    for group in (
        people.users,
        people.tokens,
        mail.group,
        channels.group,
        events.events,
        events.outbox,
        keys.group,
        database.group,
    ):
        app.cli.add_command(group)
