"""Page of a quote for the customer, who opens it by a link: read, print, accept, decline.

Opening the page changes nothing, as some programs open every link in a mail. An answer needs a typed name and a button.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date

from app.core.clock import utc_now
from app.core.csrf import csrf
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import in_language
from app.domain.orders.models import Order
from app.domain.orders.settings import settings_of
from app.domain.quotes.actions import QuoteClosed, answer_quote
from app.domain.quotes.document import Paper, cells_of, sums_of, write_document
from app.domain.quotes.models import NAME_CHARACTERS, NOTE_CHARACTERS, OrderQuote, QuoteAnswer
from app.domain.quotes.queries import find_quote, state_of
from app.web.quotes.blueprint import public
from app.web.quotes.colleagues import pdf


@public.get("/q/<quote_token>")
def show(quote_token: str) -> ResponseReturnValue:
    """Show the quote, and what can be done with it now."""
    return _page(_find(quote_token), quote_token)


@public.post("/q/<quote_token>")
@csrf.exempt  # type: ignore[untyped-decorator]
def answer(quote_token: str) -> ResponseReturnValue:
    """Save the customer's answer: `answer` (accepted or declined), `name` of the person who answers, and an optional `note`."""
    quote, form = _find(quote_token), request.form
    said = next((one for one in QuoteAnswer if one.value == form.get("answer")), None)
    name = " ".join(storable(form.get("name", "")).split())
    note = storable(form.get("note", "")).strip()
    with in_language(quote.language):
        errors = {}
        if not name or len(name) > NAME_CHARACTERS:
            errors["name"] = _("Enter your name.")
        if len(note) > NOTE_CHARACTERS:
            errors["note"] = _("Use at most %(count)s characters.", count=NOTE_CHARACTERS)
        if said is None:
            errors["answer"] = _("Choose “Accept the quote” or “Decline”.")
    if errors or said is None:
        return _page(quote, quote_token, errors=errors, status=422)
    try:
        with transaction() as session:
            answer_quote(session, quote.id, said, name=name, note=note, now=utc_now())
    except QuoteClosed:
        return _page(_find(quote_token), quote_token, status=409)
    runtime().nudger.nudge()
    return redirect(url_for("quotes_public.show", quote_token=quote_token), 303)


@public.get("/q/<quote_token>/pdf")
def document(quote_token: str) -> ResponseReturnValue:
    """Serve the PDF: a quote, and once it is accepted a confirmation."""
    quote = _find(quote_token)
    order = db.session().get_one(Order, quote.order_id)
    is_accepted = quote.answer is QuoteAnswer.ACCEPTED
    paper = Paper(
        is_quote=not is_accepted,
        language=quote.language,
        made_at=quote.made_at,
        zone=settings_of(db.session(), order.brand_id).zone,
        until=None if is_accepted else quote.expires_at,
        accepted_by=quote.answered_by if is_accepted else "",
        accepted_at=quote.answered_at if is_accepted else None,
    )
    return pdf(write_document(quote.content, paper), quote.content["number"])


def _find(token: str) -> OrderQuote:
    found = find_quote(db.session(), token)
    if found is None:
        abort(404)
    return found


def _page(quote: OrderQuote, token: str, *, errors: dict[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    session = db.session()
    order = session.get_one(Order, quote.order_id)
    zone = ZoneInfo(settings_of(session, order.brand_id).zone)
    with in_language(quote.language):
        body = render_template(
            "quotes/public.html",
            content=quote.content,
            state=state_of(session, quote, order, now=utc_now()),
            quote=quote,
            lines=[cells_of(line, quote.language) for line in quote.content["lines"]],
            sums=sums_of(quote.content, quote.language),
            until=format_date(quote.expires_at.astimezone(zone).date(), "d MMMM y"),
            answered=format_date(quote.answered_at.astimezone(zone).date(), "d MMMM y") if quote.answered_at else "",
            token=token,
            errors=errors or {},
            typed=request.form,
        )
    response = make_response(body, status)
    response.headers["X-Robots-Tag"] = "noindex"
    return response
