"""Simulate Twilio; see `simulator.py` for its controls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask

from app.sandbox.simulators.twilio.simulator import TwilioSimulator

__all__ = ["TwilioSimulator", "simulate"]


def simulate(memory: Path | None) -> tuple[Flask, Callable[[], None]]:
    """Return the application and the function that stops it. The settings are stored in the file `memory`, if given."""
    simulator = TwilioSimulator(memory=memory)
    return simulator.app, simulator.close
