"""`reports rebuild`, `reports status`."""

from __future__ import annotations

from flask.cli import AppGroup

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.analytics.figures import read_state
from app.domain.analytics.rollups import read_progress
from app.domain.analytics.settle import ask_for_rebuild
from app.process.cli.output import json_option, report

group = AppGroup("reports", help="The facts behind figures.")


@group.command("rebuild")
@json_option
def rebuild(as_json: bool) -> None:
    """Make all facts anew in the background; what is the same stays untouched, and figures stay readable meanwhile."""
    with transaction() as session:
        rebuild_id = ask_for_rebuild(session, now=utc_now())
    report({"id": rebuild_id}, "Asked for. `reports status` says how far it is.", as_json=as_json)


@group.command("status")
@json_option
def status(as_json: bool) -> None:
    """As of when figures are, what waits, and how far a rebuild is."""
    with transaction() as session:
        state, rolled = read_state(session), read_progress(session)
    done, total = state.rebuilt or (0, 0)
    text = f"As of {state.batch_at:%Y-%m-%d %H:%M:%S} UTC"
    text += f"; waiting since {state.waiting_since:%Y-%m-%d %H:%M:%S}" if state.waiting_since else "; nothing waits"
    text += f"; rebuilding, {done} of {total}" if state.rebuilt else ""
    text += f"; {rolled.sealed} of {rolled.days} days are summed up"
    values = {"as_of": state.batch_at, "waiting_since": state.waiting_since, "rebuilt": done, "of": total}
    values |= {"days": rolled.days, "summed_up": rolled.sealed}
    report(values, text, as_json=as_json)
