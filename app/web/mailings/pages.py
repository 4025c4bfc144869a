"""Pages of mailings: list, write, preview, test, send, and the outcome of each recipient."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import abort, flash, redirect, request
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.links import url_for
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.core.translation import ngettext
from app.domain.accounts.queries import list_brands
from app.domain.connections.models import Channel
from app.domain.delivery.actions import ReplyContext
from app.domain.delivery.errors import UnableToReply
from app.domain.delivery.first_mail import FirstMail, queue_first_mail
from app.domain.mailings.actions import create_mailing
from app.domain.mailings.control import pause_mailing, resume_mailing, stop_mailing
from app.domain.mailings.filling import BlankLeft, fill_in
from app.domain.mailings.models import Mailing, RecipientOutcome
from app.domain.mailings.queries import MailingMissing, get_mailing, get_progress, list_mailings, list_recipients
from app.domain.threads.models import ThreadStatus
from app.mail.rich import clean_rich
from app.web.accounts.session import current_viewer
from app.web.inbox.triage_words import until_words
from app.web.mailings import words
from app.web.mailings.blueprint import bp
from app.web.mailings.draft import Draft, preview, read_draft, to_oneself
from app.web.pages import page

SHOWN = 100
CONTROLS: dict[str, Callable[..., Mailing]] = {"pause": pause_mailing, "resume": resume_mailing, "stop": stop_mailing}


@bp.get("/mailings")
def mailings() -> ResponseReturnValue:
    """List the mailings of the viewer's brands, newest first."""
    session = db.session()
    listed = list_mailings(session, brand_ids=current_viewer().brand_ids)
    rows = [(row, words.state_words(row.mailing, waiting=row.total - row.decided)) for row in listed]
    return page("mailings/list.html", rows=rows, brands={brand.id: brand.name for brand in list_brands(session)})


@bp.get("/mailings/new")
def new_mailing() -> ResponseReturnValue:
    """Show an empty form."""
    return _editor(read_draft(db.session(), current_viewer(), {}))


@bp.post("/mailings/preview")
def look() -> ResponseReturnValue:
    """Show the mailing's recipients, and its text for one of them; nothing is sent or stored."""
    draft = read_draft(db.session(), current_viewer(), request.form)
    return _editor(draft, status=422 if draft.errors else 200)


@bp.post("/mailings/test")
def send_test() -> ResponseReturnValue:
    """Send the mailing to the viewer alone, filled in as for the recipient that is shown."""
    viewer = current_viewer()
    draft = read_draft(db.session(), viewer, request.form)
    if draft.errors:
        return _editor(draft, status=422)
    try:
        with transaction() as session:
            channel = session.get_one(Channel, draft.channel.id)  # type: ignore[union-attr]
            mail = _test_mail(draft)
            queue_first_mail(
                session, mail, channel=channel, author=viewer.actor, author_name=viewer.name, context=_context(channel)
            )
    except BlankLeft as error:
        draft.errors["text"] = _(
            "We have no %(name)s for this person: add a fallback inside the braces, as in {{contact.first_name|there}}.",
            name=f"{{{{{error}}}}}",
        )
    except UnableToReply as error:
        draft.errors["channel"] = _(str(error))
    else:
        runtime().nudger.nudge()
        flash(_("A test is on its way to %(address)s.", address=viewer.email))
    return _editor(draft, status=422 if draft.errors else 200)


@bp.post("/mailings")
def send() -> ResponseReturnValue:
    """Send the mailing: create it with a row for each recipient.

    Answers 409 if the number of recipients is no longer the one that the sender saw (`count`).
    """
    viewer = current_viewer()
    draft = read_draft(db.session(), viewer, request.form)
    if not draft.is_whole or draft.channel is None:
        return _editor(draft, status=422)
    if request.form.get("count", "") != str(len(draft.recipients)):
        draft.errors["words"] = _("The list has changed: check it again, then send.")
        return _editor(draft, status=409)
    with transaction() as session:
        channel = session.get_one(Channel, draft.channel.id)
        mailing = create_mailing(session, draft.new_mailing(), channel=channel, actor=viewer.actor, now=utc_now())
    runtime().nudger.nudge()
    total = len(draft.recipients)
    if draft.send_at:
        at = until_words(draft.send_at)
        flash(
            ngettext(
                "The mailing to %(num)s person is scheduled for %(time)s.",
                "The mailing to %(num)s people is scheduled for %(time)s.",
                total,
                time=at,
            )
        )
    else:
        flash(ngettext("On its way to %(num)s person.", "On its way to %(num)s people.", total))
    return redirect(url_for("mailings.mailing", mailing_id=mailing.id), 303)


@bp.get("/mailings/<uuid:mailing_id>")
def mailing(mailing_id: uuid.UUID) -> ResponseReturnValue:
    """Show a mailing's progress and a page of its recipients by address.

    `outcome` filters the recipients. `after` is the last address of the page before.
    """
    session, viewer = db.session(), current_viewer()
    try:
        found = get_mailing(session, mailing_id=mailing_id, brand_ids=viewer.brand_ids)
    except MailingMissing:
        abort(404)
    wanted = request.args.get("outcome", "")
    outcome = RecipientOutcome(wanted) if wanted in set(RecipientOutcome) else None
    rows = list_recipients(session, found, outcome=outcome, after=request.args.get("after", "")[:320], limit=SHOWN + 1)
    progress = get_progress(session, mailing_id)
    return page(
        "mailings/mailing.html",
        blocks=("mailing_state",),
        mailing=found,
        progress=progress,
        state=words.state_words(found, waiting=progress.waiting),
        channel=session.get_one(Channel, found.channel_id),
        rows=[(row, words.result_words(row)) for row in rows[:SHOWN]],
        next_after=rows[SHOWN - 1].address if len(rows) > SHOWN else "",
        outcome=wanted if outcome else "",
        outcomes=words.outcome_words(),
    )


@bp.post("/mailings/<uuid:mailing_id>/<control>")
def steer(mailing_id: uuid.UUID, control: str) -> ResponseReturnValue:
    """Pause, resume or stop the mailing."""
    viewer, act = current_viewer(), CONTROLS.get(control) or abort(404)
    try:
        with transaction() as session:
            act(session, mailing_id, brand_ids=viewer.brand_ids, now=utc_now(), actor=viewer.actor)
    except MailingMissing:
        abort(404)
    runtime().nudger.nudge()
    told = {
        "pause": _("The mailing is paused."),
        "resume": _("The mailing is running again."),
        "stop": _("The mailing is stopped."),
    }
    flash(told[control])
    return redirect(url_for("mailings.mailing", mailing_id=mailing_id), 303)


def _test_mail(draft: Draft) -> FirstMail:
    """Return the test mail. Raises BlankLeft for a variable without a value."""
    to = to_oneself(current_viewer(), draft)
    subject = " ".join(fill_in(draft.subject, to.values).split())
    return FirstMail(
        to=to.address,
        name=to.name,
        subject=_("Test: %(subject)s", subject=subject),
        text=fill_in(draft.text, to.values),
        html=clean_rich(fill_in(draft.html, to.values, is_html=True)) if draft.html else "",
        then=ThreadStatus.RESOLVED,
        meta={"category": "test"},
    )


def _context(channel: Channel) -> ReplyContext:
    house = runtime()
    rules = house.adapters.rules[channel.channel_type.value]
    return ReplyContext(rules=rules, mail_keys=house.mail_keys, mail_domain=house.settings.mail_domain, now=utc_now())


def _editor(draft: Draft, *, status: int = 200) -> ResponseReturnValue:
    shown = preview(draft) if not draft.errors else None
    return page("mailings/editor.html", draft=draft, values=draft.values, shown=shown, status=status)
