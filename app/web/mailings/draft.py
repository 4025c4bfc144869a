"""Form, checks and preview of a mailing that is being written. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask_babel import format_date
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand
from app.domain.accounts.queries import list_brands
from app.domain.connections.models import Channel, Medium
from app.domain.connections.queries import list_channels
from app.domain.mailings.actions import NewMailing, NewRecipient
from app.domain.mailings.filling import BlankLeft, fill_in
from app.domain.mailings.lists import list_subscribers
from app.domain.reply_templates.models import ReplyTemplate
from app.domain.reply_templates.queries import list_templates

MOST_RECIPIENTS = 1000
SUBJECT_CHARACTERS, TEXT_CHARACTERS, CATEGORY_CHARACTERS = 200, 20_000, 60
FIELDS = ("channel", "template", "subject", "text", "category", "words", "since", "send_at", "shown")


@dataclass
class Draft:
    """A mailing that is being written. `values`: the typed text by field name (one of `FIELDS`). `errors`: messages by field
    name.

    `subject`, `text` and `html` are what is sent, with their variables not filled in yet.
    """

    values: dict[str, str]
    mailboxes: list[Channel]
    templates: list[ReplyTemplate]
    channel: Channel | None = None
    subject: str = ""
    text: str = ""
    html: str = ""
    send_at: datetime | None = None
    recipients: list[NewRecipient] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        return not self.errors and bool(self.recipients)

    def new_mailing(self) -> NewMailing:
        return NewMailing(
            subject=self.subject,
            text=self.text,
            html=self.html,
            category=self.values["category"],
            send_at=self.send_at,
            recipients=self.recipients,
        )


@dataclass(frozen=True)
class Preview:
    """The mail as one recipient gets it. `place`: the recipient's number in the list, from 1.

    `blank`: a variable that has no value for this recipient, who therefore gets no mail; "" if there is none.
    """

    to: NewRecipient
    place: int
    subject: str = ""
    text: str = ""
    blank: str = ""


def list_mailboxes(session: Session, viewer: Viewer) -> list[Channel]:
    """List the mailboxes of the viewer's brands that can send."""
    senders = runtime().adapters.senders
    found = list_channels(session, active_only=True, brand_ids=viewer.brand_ids)
    return [one for one in found if one.medium == Medium.EMAIL and one.adapter_key in senders]


def read_draft(session: Session, viewer: Viewer, sent: Mapping[str, str]) -> Draft:
    """Return the checked form, with its `errors` by field. If `sent` is empty (the form was just opened), nothing is checked."""
    values = {name: storable(sent.get(name, "")).strip() for name in FIELDS}
    templates = [
        row.template
        for row in list_templates(session, viewer=viewer)
        if not row.template.media or Medium.EMAIL in row.template.media
    ]
    draft = Draft(values, list_mailboxes(session, viewer), templates)
    if not sent:
        return draft
    draft.channel = next((one for one in draft.mailboxes if str(one.id) == values["channel"]), None)
    if draft.channel is None:
        draft.errors["channel"] = _("Choose the mailbox to send from.")
    _read_content(draft)
    since = _read_day(draft, viewer)
    if draft.channel is not None and "since" not in draft.errors:
        _read_recipients(session, viewer, draft, draft.channel, since)
    return draft


def preview(draft: Draft) -> Preview | None:
    """Return the mail for the recipient with the number `shown` (from 1), or for the first if `shown` is no number.

    Return None if there are no recipients.
    """
    if not draft.recipients:
        return None
    shown = draft.values["shown"]
    place = min(max(int(shown), 1), len(draft.recipients)) if shown.isascii() and shown.isdigit() and len(shown) < 6 else 1
    to = draft.recipients[place - 1]
    try:
        subject = " ".join(fill_in(draft.subject, to.values).split())
        return Preview(to, place, subject, fill_in(draft.text, to.values))
    except BlankLeft as error:
        return Preview(to, place, blank=str(error))


def _read_content(draft: Draft) -> None:
    values = draft.values
    template = next((one for one in draft.templates if str(one.id) == values["template"]), None)
    if values["template"] and template is None:
        draft.errors["template"] = _("Choose one from the list.")
    draft.subject = " ".join((values["subject"] or (template.subject if template else "")).split())
    draft.text, draft.html = (template.text, template.html) if template else (values["text"].replace("\r\n", "\n"), "")
    if not draft.subject:
        draft.errors["subject"] = _("Enter a subject.")
    elif len(draft.subject) > SUBJECT_CHARACTERS:
        draft.errors["subject"] = _("Use at most %(count)s characters.", count=SUBJECT_CHARACTERS)
    if not draft.text:
        draft.errors["text"] = _("Choose a template, or write the text here.")
    elif len(draft.text) > TEXT_CHARACTERS:
        draft.errors["text"] = _("Use at most %(count)s characters.", count=TEXT_CHARACTERS)
    if len(values["category"]) > CATEGORY_CHARACTERS:
        draft.errors["category"] = _("Use at most %(count)s characters.", count=CATEGORY_CHARACTERS)


def _read_day(draft: Draft, viewer: Viewer) -> date | None:
    """Return the day in the field `since`, or None. Also set `draft.send_at`, read in the viewer's time zone.

    An invalid value adds an error to `draft.errors`.
    """
    try:
        if draft.values["send_at"]:
            draft.send_at = datetime.fromisoformat(draft.values["send_at"]).replace(tzinfo=ZoneInfo(viewer.timezone))
    except ValueError:
        draft.errors["send_at"] = _("Enter a date and a time.")
    try:
        return date.fromisoformat(draft.values["since"]) if draft.values["since"] else None
    except ValueError:
        draft.errors["since"] = _("Enter a date.")
        return None


def _read_recipients(session: Session, viewer: Viewer, draft: Draft, channel: Channel, since: date | None) -> None:
    words = draft.values["words"]
    found = list_subscribers(session, brand_id=channel.brand_id, limit=MOST_RECIPIENTS + 1, words=words, since=since)
    if len(found) > MOST_RECIPIENTS:
        draft.errors["words"] = _(
            "The list has more than %(count)s people: narrow it, and send the mailing in parts.", count=MOST_RECIPIENTS
        )
    elif not found:
        draft.errors["words"] = _("No recipients: no matching contact of the brand has agreed to mailings.")
    brand = next(one for one in list_brands(session) if one.id == channel.brand_id)
    shared = shared_values(viewer, brand)
    draft.recipients = [replace(one, values={**shared, **one.values, "contact.email": one.address}) for one in found]


def shared_values(viewer: Viewer, brand: Brand) -> dict[str, str]:
    """Return the values of variables that are the same for every recipient."""
    own = {"user.name": viewer.name, "user.first_name": viewer.name.partition(" ")[0], "user.email": viewer.email}
    today = format_date(utc_now().astimezone(ZoneInfo(viewer.timezone)).date(), "long")
    return {**own, "brand.name": brand.name, "team_contact": brand.name, "date.today": today}


def to_oneself(viewer: Viewer, draft: Draft) -> NewRecipient:
    """Return the viewer as recipient, with the values of the recipient that is shown."""
    shown = preview(draft)
    return NewRecipient(viewer.email, viewer.name, shown.to.values if shown else {})
