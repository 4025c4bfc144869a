"""Simulate the WhatsApp Business Platform; see `simulator.py` for its controls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask

from app.sandbox.simulators.whatsapp_cloud.simulator import WhatsAppSimulator

__all__ = ["WhatsAppSimulator", "simulate"]


def simulate(memory: Path | None) -> tuple[Flask, Callable[[], None]]:
    """Return the application and the function that stops it. Settings and open windows are stored in the file `memory`, if
    given."""
    simulator = WhatsAppSimulator(memory=memory)
    return simulator.app, simulator.close
