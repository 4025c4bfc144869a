"""Put the outcomes of mailings and recipients into words."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.clock import utc_now
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.mailings.models import Mailing, RecipientOutcome
from app.domain.mailings.queries import RecipientRow
from app.web.inbox.triage_words import until_words


@dataclass(frozen=True)
class Result:
    """The outcome for one recipient or the state of a mailing, in words. `tone`: the colour of its pill. `why`: the reason if
    it was not sent."""

    text: str
    tone: str = ""
    why: str = ""


def state_words(mailing: Mailing, *, waiting: int) -> Result:
    """Return the state of a mailing in words. `waiting`: the number of recipients without an outcome."""
    if mailing.stopped_at is not None:
        return Result(_("Stopped"), "overdue")
    if mailing.paused_at is not None:
        return Result(_("Paused"), "due")
    if not waiting:
        return Result(_("Sent"), "done")
    is_planned = mailing.send_at > utc_now()
    return Result(_("Starts %(time)s", time=until_words(mailing.send_at)) if is_planned else _("Sending"), "info")


def outcome_words() -> dict[str, str]:
    """Return the labels of the outcomes by which recipients can be filtered, by outcome."""
    return {
        RecipientOutcome.QUEUED.value: _("Sent"),
        RecipientOutcome.NO_CONSENT.value: _("No consent"),
        RecipientOutcome.STOPPED.value: _("Blocked recipient"),
        RecipientOutcome.FAILED.value: _("Not sent"),
        RecipientOutcome.CANCELLED.value: _("Not sent: mailing stopped"),
    }


def result_words(row: RecipientRow) -> Result:
    """Return the outcome for a recipient in words. If the recipient unsubscribed, the result says only that."""
    if row.unsubscribed_at is not None:
        return Result(_("Unsubscribed"), "due")
    if row.outcome is None:
        return Result(_("Waiting"))
    if row.outcome != RecipientOutcome.QUEUED:
        return Result(outcome_words()[row.outcome.value], "overdue", told(row.reason))
    known = {
        "sent": Result(_("Sent"), "info"),
        "delivered": Result(_("Delivered"), "done"),
        "read": Result(_("Opened"), "done"),
        "failed": Result(_("Not delivered"), "overdue"),
        "bounced": Result(_("Bounced"), "overdue"),
    }
    return known.get(row.delivery or "", Result(_("On its way"), "info"))
