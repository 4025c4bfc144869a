"""Wait until the simulated providers can be reached, as they may start later than the demo loads."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping

from app.sandbox.demo.simulator_state import SILENT, SimulatorAway

LOOPBACK = "127.0.0.1"
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.1


def wait_for_simulators(environ: Mapping[str, str], *, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until each port that `environ` names for a simulator (WHATSAPP_SIM_PORT and so on) takes connections.

    Raises SimulatorAway after `patience_seconds`.
    """
    deadline = time.monotonic() + patience_seconds
    while silent := silent_ports(environ):
        if time.monotonic() > deadline:
            raise SimulatorAway(SILENT % {"why": f"port {silent[0]}"})
        time.sleep(PAUSE_SECONDS)


def silent_ports(environ: Mapping[str, str]) -> list[int]:
    """Return those of the simulators' ports in `environ` that accept no connections yet."""
    return [int(value) for name, value in environ.items() if name.endswith("_SIM_PORT") and value and not _answers(int(value))]


def _answers(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True
