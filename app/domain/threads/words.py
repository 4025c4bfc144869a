"""The names of thread statuses and types, in the reader's language; those of types in every language of the interface too."""

from __future__ import annotations

from functools import lru_cache

from flask_babel import force_locale, get_translations

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.threads.models import ThreadStatus, ThreadType

STATUSES = {
    ThreadStatus.OPEN: N_("Open"),
    ThreadStatus.IN_PROGRESS: N_("In progress"),
    ThreadStatus.WAITING_CUSTOMER: N_("Waiting on customer"),
    ThreadStatus.WAITING_INTERNAL: N_("Waiting on us"),
    ThreadStatus.ESCALATED: N_("Escalated"),
    ThreadStatus.RESOLVED: N_("Resolved"),
    ThreadStatus.CLOSED: N_("Closed"),
}
THREAD_TYPES = {
    ThreadType.CUSTOMER_SUPPORT: N_("Customer support"),
    ThreadType.PARTNER_INQUIRY: N_("Partner inquiry"),
    ThreadType.INSTALLATION_COORDINATION: N_("Installation"),
    ThreadType.TECHNICAL_ISSUE: N_("Technical issue"),
    ThreadType.SALES_INQUIRY: N_("Sales inquiry"),
    ThreadType.COMPLAINT: N_("Complaint"),
    ThreadType.INTERNAL_TASK: N_("Internal task"),
    ThreadType.PROJECT_DISCUSSION: N_("Project"),
    ThreadType.INTERNAL_TICKET: N_("Internal ticket"),
}
LANGUAGES = ("en", "nl", "fr")


def thread_type_words(thread_type: str) -> str:
    return _(THREAD_TYPES[ThreadType(thread_type)])


@lru_cache(maxsize=1)
def types_by_name() -> dict[str, ThreadType]:
    """Return a dict from the name of a thread type, in every language of the interface, to the type."""
    found = {}
    for language in LANGUAGES:
        with force_locale(language):
            found.update({get_translations().gettext(text): kind for kind, text in THREAD_TYPES.items()})
    return found
