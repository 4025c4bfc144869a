"""Serve the Simulator page of texts and calls: play the customer's phone, and cause failures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import login_required
from htmx_flask import request

from app.core.db import db
from app.core.text import storable
from app.core.translation import mark as N_
from app.core.translation import told
from app.domain.connections.models import ChannelType
from app.domain.connections.queries import list_channels
from app.sandbox.demo.phone_world import BUSY, PhoneWorld, simulated_phone
from app.sandbox.demo.simulator_state import SimulatorAway
from app.web.accounts.session import current_viewer
from app.web.pages import page

bp = Blueprint("phone", __name__)

FIRST_NUMBER = "31612345678"
OUTCOMES = {
    "missed": N_("Not answered"),
    "answered": N_("A colleague answers"),
    "busy": N_("All lines are busy"),
    "failed": N_("The call fails"),
    "anonymous": N_("No answer, and your number is hidden"),
}
STATES = {
    "queued": N_("on its way"),
    "sent": N_("sent"),
    "delivered": N_("delivered"),
    "undelivered": N_("failed"),
    "received": N_("received"),
}


def _number() -> str:
    """Return the phone number of the customer being played, as chosen on the page of chats and mails."""
    kept = cookie.get("simulator_player")
    return "+" + (kept.get("number") or FIRST_NUMBER if isinstance(kept, dict) else FIRST_NUMBER)


@bp.get("/simulator/phone")
@login_required  # type: ignore[untyped-decorator]
def phone() -> ResponseReturnValue:
    """Show the page. The browser requests its fragments `texts` and `call_list` every second."""
    away = ""
    shown: dict[str, Any] = {"texts": [], "calls": []}
    trouble: dict[str, Any] = {}
    try:
        world = simulated_phone()
        shown, trouble = world.phone(_number()), world.settings()
    except SimulatorAway as error:
        away = told(error)
    session, brand_ids = db.session(), current_viewer().brand_ids
    context: dict[str, Any] = {
        "number": _number(),
        "texts": [{**text, "at": datetime.fromisoformat(text["at"])} for text in shown["texts"]],
        "calls": [{**call, "at": datetime.fromisoformat(call["at"])} for call in reversed(shown["calls"])],
        "text_channels": list_channels(session, channel_type=ChannelType.SMS, brand_ids=brand_ids),
        "lines": list_channels(session, channel_type=ChannelType.PHONE_CALL, brand_ids=brand_ids),
        "outcomes": {key: _(words) for key, words in OUTCOMES.items()},
        "states": {key: _(words) for key, words in STATES.items()},
        "trouble": trouble,
        "away": away,
    }
    return page("demo/phone.html", blocks=("texts", "call_list"), **context)


@bp.post("/simulator/phone/texts")
@login_required  # type: ignore[untyped-decorator]
def write_text() -> ResponseReturnValue:
    """Send a text as the customer."""
    text, to = storable(request.form.get("text", "")).strip()[:1600], request.form.get("to", "")
    if not text:
        flash(_("Write something first"))
        return redirect(url_for("phone.phone"), 303)
    return _done(lambda world: world.write(number=_number(), to=to, text=text))


@bp.post("/simulator/phone/calls")
@login_required  # type: ignore[untyped-decorator]
def place_call() -> ResponseReturnValue:
    """Call one of our numbers as the customer, with the chosen outcome."""
    outcome, to = request.form.get("outcome", ""), request.form.get("to", "")
    if outcome not in OUTCOMES:
        abort(422)
    return _done(lambda world: world.call(number=_number(), to=to, outcome=outcome))


@bp.post("/simulator/phone/trouble")
@login_required  # type: ignore[untyped-decorator]
def make_trouble() -> ResponseReturnValue:
    """Let the simulated Twilio fail in one way from now on, or end the failures."""
    troubles: dict[str, tuple[Callable[[PhoneWorld], None], str]] = {
        "fail": (lambda w: w.configure({"failing": {_number(): 30007}}), _("Texts to you are accepted, then blocked as spam")),
        "token": (lambda w: w.configure({"refuses_sign_in": True}), _("Twilio rejects our credentials")),
        "busy": (lambda w: w.fault(status=429, headers={"Retry-After": "5"}, body=BUSY), _("The next text is delayed")),
        "error": (lambda w: w.fault(status=500), _("The next text fails before Twilio accepts it")),
        "timeout": (lambda w: w.fault(when="after", delay_s=12), _("Twilio accepts the next text but answers too late")),
        "lose_answer": (lambda w: w.lose_next_answer(), _("Twilio accepts the next text, then the connection drops")),
        "reorder": (lambda w: w.configure({"reorder": True}), _("Twilio sends its webhooks out of order")),
        "duplicate": (lambda w: w.configure({"duplicate": 2}), _("Twilio sends each webhook three times")),
        "forged": (
            lambda w: w.write(number=_number(), to="", text="forged", bad_signature=True),
            _("A webhook with an invalid signature was sent; its text must not appear in the inbox"),
        ),
        "calm": (lambda w: w.calm(), _("Everything is normal again")),
    }
    kind = request.form.get("kind", "")
    if kind not in troubles:
        abort(422)
    action, said = troubles[kind]
    return _done(action, said)


def _done(action: Callable[[PhoneWorld], None], said: str = "") -> ResponseReturnValue:
    try:
        action(simulated_phone())
    except SimulatorAway as error:
        said = told(error)
    if said:
        flash(said)
    if request.htmx:
        return phone()  # type: ignore[no-any-return]
    return redirect(url_for("phone.phone"), 303)


blueprints = (bp,)
