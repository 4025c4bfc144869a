"""Simulate Microsoft Graph mail, Entra's token service, and the senders and recipients outside, as one server.

Answers and refusals follow Graph's documentation. Tests and demos control the simulator through `controls`. Not simulated
are $batch, and everything of calendars except calendarView/delta and single events.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask

from app.sandbox.simulators.graph.app import create_graph_app

__all__ = ["create_graph_app", "simulate"]


def simulate(_memory: Path | None) -> tuple[Flask, Callable[[], None]]:
    """Return (the application, the function that ends it). The application stores nothing over a restart."""
    return create_graph_app(open_mailboxes=True), lambda: None
