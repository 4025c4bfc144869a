"""Put the steps of a delivery into words."""

from __future__ import annotations

from typing import Any

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.core.translation import told
from app.domain.delivery.ledger import Step

OURS = {
    "queued": N_("Accepted for sending"),
    "under_way": N_("Being handed over to the provider"),
    "accepted": N_("Handed over to the provider"),
    "put_off": N_("Not accepted yet: we will retry"),
    "failed": N_("Not accepted: we will not retry"),
    "unknown": N_("No answer: unclear whether the message was sent"),
    "found_sent": N_("Found at the provider: the message was sent"),
    "looked": N_("Checked the outcome: still unknown"),
}
REPORTED = {
    "accepted": N_("Accepted by the provider"),
    "sent": N_("Sent"),
    "delivered": N_("Delivered"),
    "read": N_("Read"),
    "failed": N_("Failed"),
    "bounced": N_("Bounced"),
    "expired": N_("Expired"),
}


def step_words(step: Step) -> str:
    """Return a step of a delivery in words. For a step of an unknown kind, return its raw name."""
    return _((REPORTED if step.is_report else OURS).get(step.name, step.name))


def failure_words(reason: dict[str, Any]) -> str:
    """Return why a message did not arrive and what to do.

    `reason` has `title`, `detail` (the provider's own words) and `advice`. `detail` is left out if it only repeats the
    title.
    """
    title, detail, advice = (told(reason.get(name)).removesuffix(".") for name in ("title", "detail", "advice"))
    what = _("%(what)s: %(detail)s", what=title, detail=detail) if detail not in ("", title) else title
    return " ".join(f"{sentence}." for sentence in (what, advice) if sentence)
