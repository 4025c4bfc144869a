"""Write the mail of a digest."""

from __future__ import annotations

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _

from app.core.unsubscribe_tokens import DIGEST, unsubscribe_token
from app.domain.accounts.models import User
from app.domain.notifications.digest import Pending
from app.domain.notifications.mail.compose import SystemMail


def digest_mail(user: User, pending: Pending, *, reference: str, base: str, secret_key: str) -> SystemMail:
    """Return the digest mail, with counts and links in the user's language. It contains no data of customers."""
    with force_locale(user.locale):
        lines = [f"{words}\n{base}{path}" for words, path in _lines(pending)]
        total = pending.threads_overdue + pending.threads_today + pending.tasks_overdue + pending.tasks_today + pending.unread
        subject = ngettext("%(num)s item needs your attention", "%(num)s items need your attention", total)
        why = _("You get this email each day at the hour you chose. Settings: %(url)s", url=f"{base}/settings/notifications")
    token = unsubscribe_token(user.id, secret_key, purpose=DIGEST)
    unsubscribe = f"{base}/notifications/unsubscribe/{token}"
    return SystemMail(user.email, user.name, subject, "\n\n".join([*lines, why]) + "\n", reference, unsubscribe)


def _lines(pending: Pending) -> list[tuple[str, str]]:
    overdue, today = pending.threads_overdue, pending.threads_today
    late, tasks, unread = pending.tasks_overdue, pending.tasks_today, pending.unread
    found = [
        (overdue, ngettext("%(num)s thread is overdue", "%(num)s threads are overdue", overdue), "/inbox/mine?sort=due"),
        (today, ngettext("%(num)s thread is due today", "%(num)s threads are due today", today), "/inbox/mine?sort=due"),
        (late, ngettext("%(num)s task is overdue", "%(num)s tasks are overdue", late), "/tasks"),
        (tasks, ngettext("%(num)s task is due today", "%(num)s tasks are due today", tasks), "/tasks"),
        (unread, ngettext("%(num)s unread notification", "%(num)s unread notifications", unread), "/notifications"),
    ]
    return [(words, path) for count, words, path in found if count]
