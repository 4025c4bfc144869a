"""Render a batch of notifications as push message, Teams card or mail.

The caller owns the transaction; the results need no session any more.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.domain.accounts.access import visible_brand_ids
from app.domain.accounts.models import User
from app.domain.notifications.dispatching import Batch
from app.domain.notifications.mail.compose import SystemMail
from app.domain.notifications.models import AT_ONCE, Notification, NotificationKind, Way
from app.domain.notifications.queries import NotificationRow, as_row, in_sight, rows_query
from app.domain.notifications.teams.card_facts import Assignee, CardFacts, order_status_words
from app.domain.notifications.words import bare_sentence, many_items_sentence, many_sentence, sentence, team_sentence
from app.domain.threads.models import Thread
from app.domain.threads.words import STATUSES
from app.providers.teams.card import Card, Line, Mention
from app.providers.web_push.sending import PushMessage, topic_of

NAME = "Switchyard"
NOTHING_KNOWN = CardFacts()


def still_news(session: Session, batch: Batch) -> tuple[User, list[NotificationRow]]:
    """Return the receiver and those notifications of the batch that the receiver may still see, oldest first. The list is empty
    if the user is disabled.

    A push message contains only unread notifications. Mails and cards also contain read ones, because the thread may still
    need an answer.
    """
    user = session.get_one(User, batch.lead.user_id, populate_existing=True)
    if user.disabled_at is not None:
        return user, []
    query = rows_query().where(
        Notification.id.in_(batch.notification_ids),
        in_sight(visible_brand_ids(session, user)),
        Thread.spam_at.is_(None),
    )
    if batch.lead.way == Way.PUSH:
        query = query.where(Notification.read_at.is_(None))
    found = session.execute(query.order_by(Notification.created_at, Notification.id)).all()
    return user, [as_row(row) for row in found]


def card_of(
    rows: Sequence[NotificationRow],
    *,
    names: Sequence[str],
    reference: str,
    base: str,
    locale: str,
    shows_content: bool,
    known: CardFacts = NOTHING_KNOWN,
    assignees: Sequence[Assignee] = (),
) -> Card:
    """Return the card for a Teams channel. `names`: the users whom it is for. If `shows_content` is False, the card has no
    customer names and no subjects.

    `known`: facts about the subject; they are shown only on a card with one notification. `assignees`: the users whom the
    card mentions.
    """
    with force_locale(locale):
        lines = tuple(_line(row, base, shows_content) for row in rows)
        title = lines[0].text if len(lines) == 1 else many_items_sentence(len(lines))
        facts = [(_("For"), ", ".join(names)), *(_facts(rows[0], known, locale, shows_content) if len(rows) == 1 else ())]
        open_url = lines[0].url if len(lines) == 1 else f"{base}/inbox"
        return Card(
            title=title,
            lines=lines,
            facts=tuple((name, value) for name, value in facts if value),
            open_words=_("Open in Switchyard"),
            open_url=open_url,
            more_words=_("The other notifications are in Switchyard."),
            reference=f"Switchyard {reference}",
            mentions=tuple(Mention(one.name, one.email) for one in assignees),
        )


def _facts(row: NotificationRow, known: CardFacts, locale: str, shows_content: bool) -> list[tuple[str, str]]:
    status = order_status_words(known.order_status, locale) if known.order_status else ""
    return [
        (_("Customer"), (row.contact_name or known.customer) if shows_content else ""),
        (_("Order"), " · ".join(filter(None, (known.order_number, status)))),
        (_("Status"), _(STATUSES[known.status]) if known.status else ""),
        (_("Team"), known.team),
    ]


def _line(row: NotificationRow, base: str, shows_content: bool) -> Line:
    told = row.notification
    anchor = f"#item-{told.message_id}" if told.message_id else ""
    return Line(team_sentence(row), row.subject if shows_content else "", f"{base}{place_of(told)}{anchor}")


def mail_of(rows: Sequence[NotificationRow], user: User, *, reference: str, base: str, shows_content: bool) -> SystemMail:
    """Return the mail about notifications that are mailed at once. It contains names and subjects only if `shows_content` is
    True."""
    with force_locale(user.locale):
        words = [(sentence(row) if shows_content else bare_sentence(row), row) for row in rows]
        lines = []
        for text, row in words:
            about = f"\n{row.subject}" if shows_content and row.subject else ""
            lines.append(f"{text}{about}\n{base}/notifications/{row.notification.id}")
        subject = words[0][0] if len(words) == 1 else many_sentence(len(words))
        why = _("Notification settings: %(url)s", url=f"{base}/settings/notifications")
        return SystemMail(user.email, user.name, subject, "\n\n".join([*lines, why]) + "\n", reference)


def push_message(rows: Sequence[NotificationRow], *, locale: str, shows_content: bool) -> PushMessage:
    """Return the push message for a browser, with ids and a short text. It contains names only if `shows_content` is True."""
    with force_locale(locale):
        payload = _one(rows[-1], shows_content) if len(rows) == 1 else _many(rows)
    urgent = any(row.notification.kind in (*AT_ONCE, NotificationKind.MENTION) for row in rows)
    return PushMessage({**payload, "lang": locale}, topic=payload["tag"], urgent=urgent)


def _one(row: NotificationRow, shows_content: bool) -> dict[str, str]:
    told = row.notification
    is_own = told.kind in AT_ONCE or told.thread_id is None
    return {
        "title": (row.subject or row.contact_name or NAME)[:120] if shows_content else NAME,
        "body": (sentence(row) if shows_content else bare_sentence(row))[:300],
        # A newer notice of the thread takes the place of the one before; a deadline stands beside it.
        "tag": topic_of(f"notification {told.id}" if is_own else f"thread {told.thread_id}"),
        "url": f"/notifications/{told.id}",
        "thread": place_of(told),
    }


def _many(rows: Sequence[NotificationRow]) -> dict[str, str]:
    threads = {place_of(row.notification) for row in rows}
    payload = {"title": NAME, "body": many_sentence(len(rows)), "tag": topic_of("several"), "url": "/notifications"}
    if len(threads) == 1:
        payload |= {"url": f"/notifications/{rows[-1].notification.id}", "thread": place_of(rows[0].notification)}
    return payload


def place_of(told: Notification) -> str:
    """Return the path of the page that the notification is about."""
    return told.place or (f"/settings/channels/{told.channel_id}" if told.channel_id else f"/threads/{told.thread_id}")
