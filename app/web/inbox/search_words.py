"""The operators of the search in words: what each is for, what its values mean, and what is wrong with one."""

from __future__ import annotations

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.threads.search_filter import Notice
from app.domain.threads.search_query import OPERATORS, Operator

HINTS = {
    "from": N_("who wrote: a name, address, number or “me”"),
    "to": N_("whom we wrote to, or our own address"),
    "subject": N_("words in the subject"),
    "channel": N_("e-mail, WhatsApp and others"),
    "status": N_("where the thread stands"),
    "tag": N_("threads with a tag"),
    "assignee": N_("a colleague, “me” or “none”"),
    "brand": N_("one brand"),
    "priority": N_("low to critical"),
    "before": N_("earlier than a day"),
    "after": N_("from a day on"),
    "has": N_("messages with a file"),
    "is": N_("unread, snoozed, spam, or notes"),
}
assert tuple(HINTS) == OPERATORS


def notice_words(notice: Notice) -> str:
    """What is wrong with an operator, and what it knows."""
    known = ", ".join(notice.allowed)
    typed = str(Operator(notice.operator, notice.value))
    if notice.problem == "unknown":
        named = ", ".join(f"{name}:" for name in notice.allowed)
        text = _("“%(name)s:” is no operator, so it was left out. There are: %(known)s", name=notice.operator, known=named)
        return text + " " + _("Put it in quotes to look for the words.")
    if notice.problem == "many":
        return _("“%(typed)s” fits more than %(count)s people; only some of them were looked at.", typed=typed, count=known)
    if not notice.value:
        text = _("“%(name)s:” needs a value, so it was left out.", name=notice.operator)
    elif notice.operator in ("from", "to", "subject"):
        return _("“%(typed)s” was left out: it needs at least 3 characters.", typed=typed)
    else:
        text = _("Unknown filter “%(typed)s”, ignored.", typed=typed)
    return text + (" " + _("Possible: %(known)s", known=known) if known else "")
