"""Serve the Simulator page: play the customer on a phone and in a mail client, and cause failures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import login_required
from htmx_flask import request
from sqlalchemy.orm import Session

from app.core.db import db
from app.core.text import storable
from app.core.translation import mark as N_
from app.core.translation import told
from app.domain.connections.models import Channel, ChannelType, Medium
from app.domain.connections.queries import list_channels
from app.providers.graph import KEY as OUTLOOK
from app.providers.sendgrid import KEY as EMAIL_SENDGRID
from app.providers.smtp import KEY as EMAIL_SMTP
from app.sandbox.demo.chat_acts import act, written
from app.sandbox.demo.commands import simulated_world
from app.sandbox.demo.mailboxes import SENDGRID_KEY
from app.sandbox.demo.simulator_state import Photo, SimulatorAway, World
from app.web.accounts.session import current_viewer
from app.web.pages import page

bp = Blueprint("demo", __name__)

FIRST = {"name": "Pieter van Dam", "number": "31612345678", "address": "pieter.van.dam@example.nl"}
PHOTO_BYTES = 5 * 1024 * 1024

# Chat failures people meet, by the provider's code.
FAILURES = {
    131026: N_("recipient cannot be reached"),
    131047: N_("last message from the customer is more than 24 hours old"),
    131049: N_("WhatsApp limits messages to the recipient"),
    130429: N_("rate limit reached"),
}


def _player() -> dict[str, str]:
    kept = cookie.get("simulator_player")
    return {**FIRST, **kept} if isinstance(kept, dict) else dict(FIRST)


@bp.get("/simulator")
@login_required  # type: ignore[untyped-decorator]
def simulator() -> ResponseReturnValue:
    """Show the page. The browser requests its fragments `phone` and `mailbox` every second."""
    session, player, brand_ids = db.session(), _player(), current_viewer().brand_ids
    away, mails = "", []
    chat: dict[str, Any] = {"items": []}
    chat_settings: dict[str, Any] = {}
    try:
        world = simulated_world()
        chat, mails, chat_settings = world.phone(player["number"]), world.received_mail(player["address"]), world.chat_settings()
    except SimulatorAway as error:
        away = told(error)
    context: dict[str, Any] = {
        "player": player,
        "numbers": list_channels(session, channel_type=ChannelType.WHATSAPP_BUSINESS, brand_ids=brand_ids),
        "mailboxes": [channel for channel in _mailboxes(session) if channel.brand_id in brand_ids],
        "chat": {"items": [{**item, "at": datetime.fromisoformat(item["at"])} for item in chat["items"]]},
        "mails": mails[:20],
        "trouble": chat_settings,
        "failures": {code: _(words) for code, words in FAILURES.items()},
        "away": away,
    }
    return page("demo/simulator.html", blocks=("phone", "mailbox"), **context)


def _mailboxes(session: Session) -> list[Channel]:
    """Return the mailboxes a customer can write to: those in Microsoft 365 first."""
    found = list_channels(session, active_only=True)
    kept = [c for c in found if c.medium == Medium.EMAIL and (c.settings.get("transport") is None) == (c.adapter_key == OUTLOOK)]
    return sorted(kept, key=lambda channel: (channel.adapter_key != OUTLOOK, channel.name))


def _done(action: Callable[[], None], said: str = "") -> ResponseReturnValue:
    try:
        action()
    except SimulatorAway as error:
        flash(told(error))
    else:
        if said:
            flash(said)
    if request.htmx:
        return simulator()  # type: ignore[no-any-return]
    return redirect(url_for("demo.simulator"), 303)


@bp.post("/simulator/player")
@login_required  # type: ignore[untyped-decorator]
def set_player() -> ResponseReturnValue:
    """Set which customer is played."""
    number = "".join(c for c in request.form.get("number", "") if c.isdigit())[:15]
    cookie["simulator_player"] = {
        "name": storable(request.form.get("name", "")).strip()[:100] or FIRST["name"],
        "number": number or FIRST["number"],
        "address": storable(request.form.get("address", "")).strip()[:200] or FIRST["address"],
    }
    return redirect(url_for("demo.simulator"), 303)


@bp.post("/simulator/chat")
@login_required  # type: ignore[untyped-decorator]
def write_chat() -> ResponseReturnValue:
    """Send a chat message or a photo as the customer."""
    player, photo = _player(), _photo()
    text = storable(request.form.get("text", "")).strip()
    if not text and photo is None:
        flash(_("Write something first"))
        return redirect(url_for("demo.simulator"), 303)
    to = request.form.get("to", "")
    special = _written(request.form.get("how", ""), text, player) if text and photo is None else None
    if special is not None:
        return _done(lambda: simulated_world().play_chat({**special, "phone_number_id": to}))
    return _done(
        lambda: simulated_world().write_chat(number=player["number"], name=player["name"], to=to, text=text, photo=photo)
    )


def _written(how: str, text: str, player: dict[str, str]) -> dict[str, Any] | None:
    if how not in ("answer", "edit"):
        return None
    try:
        return written(how, text, player, simulated_world().phone(player["number"])["items"])
    except SimulatorAway:
        return None


@bp.post("/simulator/chat/acts")
@login_required  # type: ignore[untyped-decorator]
def act_in_chat() -> ResponseReturnValue:
    """Play something other than a message in the chat, as the customer, a colleague with a phone, or the provider
    (chat_acts.py)."""
    player, form = _player(), request.form
    names = ("target", "choice", "number", "text", "name", "template", "to")
    values = {name: storable(form.get(name, "")).strip()[:500] for name in names}
    values["number"] = "".join(c for c in values["number"] if c.isdigit())[:15]
    kind = form.get("kind", "")
    order = act(kind, values, player)
    if order is None:
        abort(422)
    if kind in ("echo", "hide_number") and not values["text"]:
        flash(_("Write something first"))
        return redirect(url_for("demo.simulator"), 303)
    if kind == "change_number" and not values["number"]:
        flash(_("Enter the new number"))
        return redirect(url_for("demo.simulator"), 303)
    return _done(lambda: _play(kind, order, {**player, "number": values["number"]}))


def _play(kind: str, order: dict[str, Any], moved: dict[str, str]) -> None:
    simulated_world().play_chat(order)
    if kind == "change_number":
        cookie["simulator_player"] = moved


def _photo() -> Photo | None:
    file = request.files.get("photo")
    content = file.stream.read(PHOTO_BYTES) if file else b""
    return Photo(file.filename or "photo.jpg", file.mimetype or "image/jpeg", content) if file and content else None


@bp.post("/simulator/mail")
@login_required  # type: ignore[untyped-decorator]
def write_mail() -> ResponseReturnValue:
    """Send a mail to us as the customer, or answer one of our mails."""
    player, form = _player(), request.form
    values = {name: storable(form.get(name, "")).strip() for name in ("mailbox", "subject", "text", "in_reply_to")}
    if not values["text"]:
        flash(_("Write something first"))
        return redirect(url_for("demo.simulator"), 303)
    return _done(lambda: simulated_world().write_mail(address=player["address"], name=player["name"], **values))


@bp.post("/simulator/trouble")
@login_required  # type: ignore[untyped-decorator]
def make_trouble() -> ResponseReturnValue:
    """Let one of the simulated providers fail in one way from now on, or end the failures."""
    world, kind, address = simulated_world(), request.form.get("kind", ""), _player()["address"]
    troubles: dict[str, tuple[Callable[[], Any], str]] = {
        "fail": (lambda: world.fail_next_chat(_code()), _("The next WhatsApp answer from Switchyard will fail")),
        "lose_answer": (world.lose_next_answer, _("WhatsApp accepts the next answer from Switchyard, then the connection drops")),
        "duplicate": (lambda: world.configure_chat({"duplicate": 2}), _("Every webhook arrives three times")),
        "reorder": (lambda: world.configure_chat({"reorder": True}), _("Webhooks arrive out of order")),
        "delay": (lambda: world.configure_chat({"delay_s": 5.0}), _("Webhooks arrive five seconds late")),
        "slow": (lambda: world.configure_chat({"slow_s": 4.0}), _("WhatsApp takes four seconds to respond to each request")),
        "bounce": (lambda: world.answer_by_machine(address=address, kind="bounce"), _("The newest email bounced")),
        "out_of_office": (
            lambda: world.answer_by_machine(address=address, kind="out_of_office"),
            _("An out-of-office reply was sent"),
        ),
        "read_receipt": (
            lambda: world.answer_by_machine(address=address, kind="read_receipt"),
            _("A read receipt was sent"),
        ),
        **_mail_troubles(world),
        "calm": (lambda: _calm(world), _("Everything is normal again")),
    }
    if kind not in troubles:
        abort(422)
    action, said = troubles[kind]
    return _done(action, said)


def _mail_troubles(world: World) -> dict[str, tuple[Callable[[], Any], str]]:
    """Return the failures of the simulated mail server: {kind: (function that causes it, message to show)}."""
    modes = {
        "server_busy": ({"smtp_mode": "busy"}, _("The mail server asks us to try later")),
        "server_refuses": ({"smtp_mode": "refuses"}, _("The mail server refuses every recipient")),
        "server_drops": ({"smtp_mode": "drops"}, _("The mail server accepts the email, then the connection drops")),
        "server_locked": ({"smtp_mode": "locked", "imap_mode": "locked"}, _("The mail server rejects every password")),
        "server_away": ({"smtp_mode": "unavailable", "imap_mode": "unavailable"}, _("The mail server is down")),
    }
    troubles: dict[str, tuple[Callable[[], Any], str]] = {
        kind: (partial(world.configure_elsewhere, _mailbox_at(EMAIL_SMTP), settings), said)
        for kind, (settings, said) in modes.items()
    }
    troubles |= {
        kind: (partial(world.configure_elsewhere, _mailbox_at(EMAIL_SENDGRID), settings), said)
        for kind, (settings, said) in _sendgrid_modes().items()
    }
    return troubles | {
        "server_renumbers": (
            lambda: world.renumber(_mailbox_at(EMAIL_SMTP)),
            _("The mail server gave every email a new internal number (UID)"),
        )
    }


def _sendgrid_modes() -> dict[str, tuple[dict[str, Any], str]]:
    return {
        "reports_twice": ({"duplicate": True}, _("SendGrid reports everything twice")),
        "reports_mixed": ({"reorder": True}, _("SendGrid reports everything in the wrong order")),
        "reports_held": ({"hold": True}, _("SendGrid delays its reports")),
        "reports_forged": ({"wrong_key": True}, _("SendGrid's reports have an invalid signature")),
        "sendgrid_slows": ({"rate_limited": True}, _("SendGrid rate limit reached")),
        "sendgrid_key": ({"api_key": "SG.another"}, _("SendGrid rejected the API key")),
    }


def _mailbox_at(adapter_key: str) -> str:
    found = [channel.address for channel in _mailboxes(db.session()) if channel.adapter_key == adapter_key]
    return found[0] if found else ""


def _calm(world: World) -> None:
    world.calm()
    world.configure_elsewhere(_mailbox_at(EMAIL_SMTP), {"smtp_mode": "fine", "imap_mode": "fine"})
    flags = ("duplicate", "reorder", "hold", "wrong_key", "rate_limited")
    world.configure_elsewhere(_mailbox_at(EMAIL_SENDGRID), dict.fromkeys(flags, False) | {"api_key": SENDGRID_KEY})


def _code() -> int:
    code = request.form.get("code", "")
    return int(code) if code.isdigit() and int(code) in FAILURES else next(iter(FAILURES))


@bp.get("/simulator/media/<file_id>")
@login_required  # type: ignore[untyped-decorator]
def media(file_id: str) -> ResponseReturnValue:
    """Serve a picture of the chat to the page's simulated phone. Answers 404 for any other file."""
    try:
        answer = simulated_world().media(file_id)
    except SimulatorAway:
        abort(404)
    kind = answer.headers.get("content-type", "")
    if kind not in ("image/jpeg", "image/png", "image/webp"):
        abort(404)
    return Response(answer.body, content_type=kind)


blueprints = (bp,)
