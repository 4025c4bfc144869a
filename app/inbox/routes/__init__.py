"""The inbox over HTTP: lists, one thread, the composer, files, search."""

from app.inbox.routes import (
    bulk,
    calls,
    composer,
    files,
    forward,
    listing,
    moving,
    saved_views,
    scheduled,
    searching,
    sending,
    snooze,
    spam,
    tags,
    team_filter,
    teams,
    thread,
    tickets,
    watching,
)
from app.inbox.routes.blueprint import bp

__all__ = [
    "blueprints",
    "bulk",
    "calls",
    "composer",
    "files",
    "forward",
    "listing",
    "moving",
    "saved_views",
    "scheduled",
    "searching",
    "sending",
    "snooze",
    "spam",
    "tags",
    "team_filter",
    "teams",
    "thread",
    "tickets",
    "watching",
]
blueprints = (bp, files.public)
