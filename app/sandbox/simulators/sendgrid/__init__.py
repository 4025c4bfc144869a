"""Simulate SendGrid: its API, its signed event webhook, its inbound parse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask

from app.sandbox.simulators.sendgrid.app import create_sendgrid_app

__all__ = ["create_sendgrid_app", "simulate"]


def simulate(_memory: Path | None) -> tuple[Flask, Callable[[], None]]:
    """Return the application and the function that stops it. Nothing is stored over a restart."""
    return create_sendgrid_app(), lambda: None
