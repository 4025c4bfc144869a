"""Pages of quotes for colleagues: preview, send, make a link, withdraw; PDFs of an order."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import in_language, told
from app.domain.accounts.permissions import Permission
from app.domain.connections.models import Channel, Medium
from app.domain.connections.queries import list_channels
from app.domain.contacts.queries import get_contact
from app.domain.delivery.actions import ReplyContext, UnableToReply
from app.domain.orders.models import Order
from app.domain.orders.queries import OrderRow, get_order
from app.domain.orders.settings import settings_of
from app.domain.quotes.actions import NewQuote, UnableToQuote, make_quote, withdraw_quote
from app.domain.quotes.content import content_of
from app.domain.quotes.document import Paper, cells_of, sums_of, write_document
from app.domain.quotes.models import QuoteAnswer
from app.domain.quotes.queries import LANGUAGES, language_for, list_quotes
from app.domain.quotes.sending import QuoteMail, send_quote
from app.domain.threads.api_queries import contact_in_sight
from app.domain.transitions.actions import TransitionRefused
from app.web.accounts.session import current_viewer, require
from app.web.inbox.blueprint import parse_uuid
from app.web.pages import page
from app.web.quotes.blueprint import bp

DAYS = (7, 14, 30, 60, 90)
USUAL_DAYS, TEXT_CHARACTERS = 30, 5000


@dataclass
class QuoteForm:
    """The form of a quote: language, validity in days, mailbox, text. Fields that were not filled in have defaults."""

    language: str
    days: int
    channel_id: str
    text: str
    token: str
    errors: dict[str, str] = field(default_factory=dict)


@bp.get("/orders/<uuid:order_id>/quote")
def prepare(order_id: uuid.UUID) -> ResponseReturnValue:
    """Show the quote as the customer will see it, and the mail to send it with. `language` changes the language of both."""
    row = _find(order_id)
    return _page(row, _form(row.order))


@bp.post("/orders/<uuid:order_id>/quotes")
def send(order_id: uuid.UUID) -> ResponseReturnValue:
    """Send the quote by mail. If `how` is "link", only create the link and show it once."""
    viewer, row, now = require(Permission.ORDERS_CHANGE), _find(order_id), utc_now()
    form = _form(row.order)
    only_link = request.form.get("how") == "link"
    channel = next((one for one in _mailboxes(row.order) if str(one.id) == form.channel_id), None)
    if channel is None and not only_link:
        form.errors["channel_id"] = _("Choose a mailbox to send from.")
    if len(form.text) > TEXT_CHARACTERS:
        form.errors["text"] = _("Use at most %(count)s characters.", count=TEXT_CHARACTERS)
    if form.errors:
        return _page(row, form, status=422)
    new = NewQuote(parse_uuid(form.token) or uuid.uuid4(), form.language, now + timedelta(days=form.days))
    try:
        with transaction() as session:
            order = session.merge(row.order, load=False)
            if only_link or channel is None:
                _quote, token = make_quote(session, order.id, new, now=now, actor=viewer.actor)
            else:
                require(Permission.THREADS_REPLY)
                mail = QuoteMail(channel, _subject(row, form.language), form.text, _address_of_link())
                send_quote(session, order, new, mail, viewer=viewer, context=_context(channel, now), now=now)
    except (UnableToQuote, TransitionRefused, UnableToReply) as error:
        form.errors["quote"] = told(str(error))
        return _page(row, form, status=409)
    runtime().nudger.nudge()
    if not only_link:
        flash(_("The quote is on its way."))
        return redirect(url_for("orders.show_order", order_id=order_id), 303)
    return _page(_find(order_id), form, link=f"{_address_of_link()}{token}" if token else "")


@bp.post("/orders/<uuid:order_id>/quotes/<uuid:quote_id>/withdrawal")
def withdraw(order_id: uuid.UUID, quote_id: uuid.UUID) -> ResponseReturnValue:
    """Withdraw the quote. The customer can no longer answer it by its link."""
    viewer = require(Permission.ORDERS_CHANGE)
    _find(order_id)
    if all(one.quote.id != quote_id for one in list_quotes(db.session(), order_id)):
        abort(404)
    with transaction() as session:
        is_done = withdraw_quote(session, quote_id, now=utc_now(), actor=viewer.actor)
    flash(
        _("The quote is withdrawn; its link no longer accepts answers.")
        if is_done
        else _("The quote has already been answered or withdrawn.")
    )
    return redirect(url_for("quotes.prepare", order_id=order_id), 303)


@bp.get("/orders/<uuid:order_id>/quote.pdf")
def quote_pdf(order_id: uuid.UUID) -> ResponseReturnValue:
    """Serve a PDF of the quote, made from the order as it is now."""
    row, now = _find(order_id), utc_now()
    paper = _paper(row.order, is_quote=True, now=now)
    return pdf(write_document(content_of(db.session(), row.order), paper), row.order.order_number)


@bp.get("/orders/<uuid:order_id>/confirmation.pdf")
def confirmation_pdf(order_id: uuid.UUID) -> ResponseReturnValue:
    """Serve a PDF of the order confirmation, made from the order as it is now. If a quote was accepted, it names the person who
    accepted it."""
    row, now = _find(order_id), utc_now()
    quotes = [one.quote for one in list_quotes(db.session(), order_id)]
    accepted = next((one for one in quotes if one.answer is QuoteAnswer.ACCEPTED), None)
    paper = _paper(row.order, is_quote=False, now=now, accepted=accepted)
    return pdf(write_document(content_of(db.session(), row.order), paper), row.order.order_number)


def pdf(content: bytes, name: str) -> Response:
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


def _paper(order: Order, *, is_quote: bool, now: datetime, accepted: Any = None) -> Paper:
    session = db.session()
    return Paper(
        is_quote=is_quote,
        language=_language(order),
        made_at=now,
        zone=settings_of(session, order.brand_id).zone,
        until=now + timedelta(days=USUAL_DAYS) if is_quote else None,
        accepted_by=accepted.answered_by if accepted else "",
        accepted_at=accepted.answered_at if accepted else None,
    )


def _find(order_id: uuid.UUID) -> OrderRow:
    return get_order(db.session(), viewer=current_viewer(), order_id=order_id)


def _mailboxes(order: Order) -> list[Channel]:
    channels = list_channels(db.session(), active_only=True, brand_ids=[order.brand_id])
    return [one for one in channels if one.medium == Medium.EMAIL]


def _language(order: Order) -> str:
    asked = request.values.get("language")
    return asked if asked in LANGUAGES else language_for(db.session(), order)


def _form(order: Order) -> QuoteForm:
    values, language, mailboxes = request.values, _language(order), _mailboxes(order)
    days = next((count for count in DAYS if str(count) == values.get("days")), USUAL_DAYS)
    text = storable(values.get("text", "")).replace("\r\n", "\n").strip()
    if not text or values.get("text_language") not in ("", None, language):
        text = _usual_text(order, language)
    channel_id = values.get("channel_id") or (str(mailboxes[0].id) if mailboxes else "")
    return QuoteForm(language, days, channel_id, text, values.get("token") or str(uuid.uuid4()))


def _usual_text(order: Order, language: str) -> str:
    content = content_of(db.session(), order)
    with in_language(language):
        hello = _("Hello %(name)s,", name=content["customer"]) if content["customer"] else _("Hello,")
        number = content["number"]
        here = _("Here is our quote %(number)s. You can read, accept or decline it via the link below.", number=number)
    return f"{hello}\n\n{here}\n\n{content['brand']}"


def _subject(row: OrderRow, language: str) -> str:
    with in_language(language):
        return str(_("Our quote %(number)s", number=row.order.order_number))


def _address_of_link() -> str:
    return f"{runtime().settings.public_url}/q/"


def _context(channel: Channel, now: datetime) -> ReplyContext:
    house = runtime()
    rules = house.adapters.rules[channel.channel_type.value]
    return ReplyContext(rules=rules, mail_keys=house.mail_keys, mail_domain=house.settings.mail_domain, now=now)


def _page(row: OrderRow, form: QuoteForm, *, link: str = "", status: int = 200) -> ResponseReturnValue:
    session, viewer = db.session(), current_viewer()
    contact = get_contact(session, contact_id=row.order.customer_contact_id, within=contact_in_sight(viewer))
    content = content_of(session, row.order)
    with in_language(form.language):
        lines, sums = [cells_of(line, form.language) for line in content["lines"]], sums_of(content, form.language)
    context: dict[str, Any] = {
        "row": row,
        "form": form,
        "content": content,
        "lines": lines,
        "sums": sums,
        "quotes": list_quotes(session, row.order.id),
        "mailboxes": _mailboxes(row.order),
        "address": next((one.value for one in contact.identities if one.kind == "email" and one.former_since is None), ""),
        "days": DAYS,
        "link": link,
        "now": utc_now(),
        "until": (utc_now() + timedelta(days=form.days)).astimezone(ZoneInfo(settings_of(session, row.order.brand_id).zone)),
    }
    return page("quotes/prepare.html", status=status, **context)
