"""Show the notifications that colleagues receive outside the app (pushes, Teams cards, mails), and cause failures of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_required
from htmx_flask import request

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.core.translation import told
from app.domain.notifications.push.devices import add_device, parse_device
from app.sandbox.demo.simulator_client import Outside, simulator
from app.sandbox.demo.simulator_state import SimulatorAway
from app.web.pages import page

bp = Blueprint("received", __name__)


@bp.get("/simulator/received")
@login_required  # type: ignore[untyped-decorator]
def received() -> ResponseReturnValue:
    """Show the page. The browser requests its fragment `arrivals` every two seconds."""
    away, pushes, cards, mails = "", [], [], []
    try:
        outside = simulator("notices")
        pushes = outside.call("GET", "/__sim/pushes")["pushes"][:20]
        cards = [_shown(card) for card in outside.call("GET", "/__sim/cards")["cards"][:20]]
        mails = outside.call("GET", "/__sim/mails")["mails"][:20]
    except SimulatorAway as error:
        away = told(error)
    return page("demo/received.html", blocks=("arrivals",), pushes=pushes, cards=cards, mails=mails, away=away)


@bp.post("/simulator/received")
@login_required  # type: ignore[untyped-decorator]
def arrange() -> ResponseReturnValue:
    """Add a simulated browser for the viewer, let the next notifications fail, or end the failures."""
    kinds: dict[str, tuple[Callable[[Outside], None], str]] = {
        "browser": (_add_browser, _("A simulated browser now receives your notifications; they appear on this page.")),
        "push_gone": (lambda o: _fault(o, "^/push/", 410), _("The browser’s subscription ends at the next push notification")),
        "push_busy": (lambda o: _fault(o, "^/push/", 429), _("The next push notification is delayed")),
        "teams_busy": (lambda o: _fault(o, "^/powerautomate/", 429), _("The next Teams card is delayed")),
        "teams_late": (lambda o: _fault(o, "^/powerautomate/", 502), _("The next Teams card fails in transit")),
        "mail_busy": (lambda o: o.call("POST", "/__sim/mail", {"mode": "busy"}), _("The mail server is busy")),
        "mail_refuses": (lambda o: o.call("POST", "/__sim/mail", {"mode": "refuses"}), _("The mail server refuses every email")),
        "calm": (_calm, _("Everything is normal again")),
    }
    kind = request.form.get("kind", "")
    if kind not in kinds:
        abort(422)
    action, said = kinds[kind]
    try:
        action(simulator("notices"))
    except SimulatorAway as error:
        said = told(error)
    flash(said)
    return redirect(url_for("received.received"), 303)


def _add_browser(outside: Outside) -> None:
    made = outside.call("POST", "/__sim/devices")["subscription"]
    device = parse_device(made, allowed=runtime().settings.push_hosts, user_agent=_("Simulated browser"))
    with transaction() as session:
        add_device(session, device, user_id=current_user.user_id, session_id=current_user.session_id, now=utc_now())


def _fault(outside: Outside, path: str, status: int) -> None:
    headers = {"Retry-After": "5"} if status == 429 else {}
    outside.call("POST", "/__sim/fault", {"match": {"path": path}, "times": 1, "status": status, "headers": headers})


def _calm(outside: Outside) -> None:
    outside.call("DELETE", "/__sim/fault")
    outside.call("POST", "/__sim/mail", {"mode": "fine"})


def _shown(arrived: dict[str, Any]) -> dict[str, Any]:
    """Return {"lines", "facts", "actions", "at"} of a card as Teams would show it, without its Markdown."""
    parts = arrived["card"]["body"]
    lines = [str(part["text"]).replace("\\", "") for part in parts if part["type"] == "TextBlock"]
    facts = [(fact["title"], str(fact["value"]).replace("\\", "")) for part in parts for fact in part.get("facts", ())]
    return {"lines": lines, "facts": facts, "actions": arrived["card"].get("actions", []), "at": arrived["at"]}


blueprints = (bp,)
