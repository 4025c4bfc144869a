"""Call the control routes of simulated providers for the demo."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.crypto import Keyring
from app.core.http import HttpClient, HttpFailure
from app.domain.accounts.models import Team
from app.domain.events.actions import SYSTEM
from app.domain.notifications.teams.hooks import NewHook, find_hook, set_hook
from app.sandbox.demo import unconnected_accounts
from app.sandbox.demo.simulator_state import SILENT, SIMULATORS, SimulatorAway
from app.sandbox.demo.wait_for_simulators import LOOPBACK


@dataclass(frozen=True)
class Outside:
    """The control routes of one simulated provider."""

    http: HttpClient
    url: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call a control route and return the JSON of the answer. Raises SimulatorAway if the simulator does not answer with
        JSON."""
        try:
            return self.http.request(method, f"{self.url}{path}", json=body, max_bytes=10_000_000).json()
        except (HttpFailure, ValueError) as error:
            raise SimulatorAway(SILENT % {"why": getattr(error, "kind", "bad_response")}) from error


def simulator(key: str, environ: Mapping[str, str] = os.environ) -> Outside:
    """Return the simulator with this key, such as "make", "mailserver" or "notices" (push service, Teams, mail to colleagues).

    `environ` contains the port of each simulator. Raises SimulatorAway if it has none for this key.
    """
    port = environ.get(f"{key.upper()}_SIM_PORT", "")
    if not port.isdecimal():
        raise SimulatorAway(SILENT % {"why": "none"})
    return Outside(SIMULATORS, f"http://{LOOPBACK}:{port}")


def connect_teams(session: Session, outside: Outside, *, keyring: Keyring) -> None:
    """Connect the first team to a channel in the simulated Teams. Repeated at each start, because the simulator stores nothing.

    An address that somebody entered by hand is not changed. A second workflow is made, for trying to connect one by hand.
    """
    workflow = {"id": unconnected_accounts.WORKFLOW, "signature": unconnected_accounts.WORKFLOW_SIGNATURE}
    outside.call("POST", "/__sim/workflows", workflow)
    team = session.execute(sa.select(Team).order_by(Team.name).limit(1)).scalar_one_or_none()
    hook = find_hook(session, team.id) if team else None
    if team is None or (hook is not None and hook.host != "127.0.0.1"):
        return
    url = outside.call("POST", "/__sim/workflows")["url"]
    set_hook(
        session, NewHook(url, "127.0.0.1", shows_content=False), team_id=team.id, keyring=keyring, now=utc_now(), actor=SYSTEM
    )
