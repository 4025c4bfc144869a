"""Put search operators into words: purpose, values, problems."""

from __future__ import annotations

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.threads.search_filter import Notice
from app.domain.threads.search_query import OPERATORS, Operator

HINTS = {
    "from": N_("the sender: a name, email, phone number or “me”"),
    "to": N_("the recipient, or our own address"),
    "subject": N_("words in the subject"),
    "channel": N_("email, WhatsApp and others"),
    "status": N_("status of the thread"),
    "tag": N_("threads with a tag"),
    "assignee": N_("a colleague, “me” or “none”"),
    "brand": N_("one brand"),
    "order": N_("an order, by our order number or a partner’s"),
    "type": N_("complaint, technical issue and others"),
    "priority": N_("low to critical"),
    "before": N_("before a date"),
    "after": N_("on or after a date"),
    "has": N_("messages with a file"),
    "is": N_("unread, overdue, not sent, snoozed, spam, or notes"),
}
assert tuple(HINTS) == OPERATORS


def notice_words(notice: Notice) -> str:
    """Return what is wrong with a search operator, and which values it knows."""
    known = ", ".join(notice.allowed)
    typed = str(Operator(notice.operator, notice.value))
    if notice.problem == "unknown":
        named = ", ".join(f"{name}:" for name in notice.allowed)
        text = _("“%(name)s:” is not an operator, so we ignored it. Available: %(known)s", name=notice.operator, known=named)
        return text + " " + _("To search for exactly what you typed, put it in quotes.")
    if notice.problem == "missing":
        return _("No thread is about order “%(number)s”.", number=notice.value)
    if notice.problem == "many" and notice.operator == "order":
        return _("“%(typed)s” matches more than %(count)s threads; we show only the newest.", typed=typed, count=known)
    if notice.problem == "many":
        return _(
            "“%(typed)s” matches more than %(count)s people; we searched the threads of only some of them.",
            typed=typed,
            count=known,
        )
    if not notice.value:
        text = _("“%(name)s:” needs a value, so we ignored it.", name=notice.operator)
    elif notice.operator in ("from", "to", "subject"):
        return _("We ignored “%(typed)s”: enter at least 3 characters.", typed=typed)
    else:
        text = _("We do not know the filter “%(typed)s”, so we ignored it.", typed=typed)
    return text + (" " + _("Possible values: %(known)s", known=known) if known else "")
