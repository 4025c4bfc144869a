"""Simulate Microsoft Graph mail, Entra's token service and the mail world around them, as one server.

What is imitated and what is refused follows Graph's documentation; see `controls` for what a test or a demo can make it do.
Not here: $batch, and of calendars all but calendarView/delta and single events.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask

from app.sandbox.simulators.graph.app import create_graph_app

__all__ = ["create_graph_app", "simulate"]


def simulate(_memory: Path | None) -> tuple[Flask, Callable[[], None]]:
    """Return the application, which keeps nothing over a restart, and the function that ends it."""
    return create_graph_app(open_mailboxes=True), lambda: None
