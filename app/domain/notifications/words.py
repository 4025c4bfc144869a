"""Put notifications into sentences, with names, or without them for lock screens and mails."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.translation import told
from app.domain.notifications.models import TRIGGERS, NotificationKind
from app.domain.notifications.queries import NotificationRow

# Of these the text says it all, and names no customer.
TEXTS = frozenset(
    {NotificationKind.COMMITMENT, NotificationKind.RULE, NotificationKind.VERDICT, NotificationKind.VISIT, *TRIGGERS}
)


def sentence(row: NotificationRow) -> str:
    """Return the sentence of a notification, with names."""
    kind, names = row.notification.kind, {"name": row.actor_name or _("A colleague")}
    if kind == NotificationKind.MENTION:
        return str(_("%(name)s mentioned you", **names))
    if kind == NotificationKind.ASSIGNMENT:
        return str(_("%(name)s assigned this thread to you", **names) if row.actor_name else _("Assigned to you"))
    if kind == NotificationKind.TEAM:
        return str(_("%(name)s handed this thread to your team", **names))
    if kind == NotificationKind.HELD:
        return str(_("Your scheduled message was not sent: check it"))
    if kind == NotificationKind.UNSENT:
        return str(_("Your message to %(who)s was not delivered", who=row.contact_name or _("the contact")))
    if kind in (NotificationKind.CHANNEL, *TEXTS):
        return told(row.notification.text)
    if kind == NotificationKind.NEW_WORK:
        said = {"brand": row.notification.text}
        count = row.notification.count
        return str(
            ngettext("New thread for %(brand)s, unassigned", "%(num)s new threads for %(brand)s, unassigned", count, **said)
        )
    if kind == NotificationKind.ESCALATION:
        return str(_("The deadline of the thread with %(who)s needs your attention", who=row.contact_name or _("the contact")))
    count, who = row.notification.count, row.contact_name or _("the contact")
    return str(ngettext("New message from %(who)s", "%(num)s new messages from %(who)s", count, who=who))


def bare_sentence(row: NotificationRow) -> str:
    """Return the sentence of a notification without names or subjects."""
    kind = row.notification.kind
    if kind in TEXTS:
        return told(row.notification.text)
    if kind == NotificationKind.MESSAGE:
        return str(
            ngettext(
                "A new message in one of your threads", "%(num)s new messages in one of your threads", row.notification.count
            )
        )
    return {
        NotificationKind.MENTION: str(_("A colleague mentioned you")),
        NotificationKind.ASSIGNMENT: str(_("A thread was assigned to you")),
        NotificationKind.TEAM: str(_("A thread was handed to your team")),
        NotificationKind.HELD: str(_("Your scheduled message was not sent: check it")),
        NotificationKind.UNSENT: str(_("A message was not delivered")),
        NotificationKind.CHANNEL: str(_("A channel needs action")),
        NotificationKind.NEW_WORK: str(_("A new thread is unassigned")),
        NotificationKind.ESCALATION: str(_("A deadline needs action")),
    }[kind]


def many_sentence(count: int) -> str:
    """Return one sentence for `count` notifications of a user."""
    return str(ngettext("%(num)s notification for you", "%(num)s notifications for you", count))


def team_sentence(row: NotificationRow) -> str:
    """Return the sentence of a notification on a team's card, which addresses no single user."""
    return {
        NotificationKind.MENTION: str(_("Mention in a note")),
        NotificationKind.TEAM: str(_("A thread was handed to the team")),
        NotificationKind.ESCALATION: str(_("A deadline is near or has passed")),
    }.get(row.notification.kind, bare_sentence(row))


def many_items_sentence(count: int) -> str:
    """Return the sentence that says how many notifications a card has."""
    return str(ngettext("%(num)s item to look at", "%(num)s items to look at", count))
