"""Mail a partner when we stopped trying to deliver a callback to it, once for each delivery.

The mail names the order, the event and the kind of failure. It contains no secret and nothing of the partner's response.
This module opens its own transactions, and sends the mail outside of them.
"""

from __future__ import annotations

import uuid
from typing import Any

from flask_babel import force_locale

from app.core.db import transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.events.models import Event
from app.domain.notifications.mail.compose import SystemMail
from app.domain.partners.letters import Reader, find_reader, send_letter
from app.domain.partners.models import Partner
from app.domain.webhooks.health import ASKED, note_fallback


def mail_given_up(event: Event) -> None:
    """After-commit handler of `CallbackGivenUp`: mail the partner. The outcome is stored on the delivery, so a repeat sends
    nothing."""
    if not event.payload.get("email_fallback") or event.payload.get("kind") != "partner":
        return
    delivery_id = uuid.UUID(event.payload["delivery_id"])
    with transaction() as session:
        partner = session.get(Partner, uuid.UUID(event.payload["owner_id"]))
        reader = find_reader(session, partner) if partner else None
        if reader is None:
            note_fallback(session, delivery_id, "impossible")
            return
        if note_fallback(session, delivery_id, ASKED) != ASKED:
            return
    outcome = send_letter(_letter(event.payload, delivery_id, reader))
    with transaction() as session:
        note_fallback(session, delivery_id, outcome)


def _letter(payload: dict[str, Any], delivery_id: uuid.UUID, reader: Reader) -> SystemMail:
    about, why = payload.get("about") or {}, payload.get("why") or {}
    url = f"{runtime().settings.public_url}/portal/endpoints/{payload['endpoint_id']}/deliveries/{delivery_id}"
    with force_locale(reader.locale):
        order, event = about.get("label") or "–", payload["event_type"]
        subject = _("We could not reach you about order %(order)s", order=order)
        lines = (
            _("We could not deliver the event %(event)s for order %(order)s to your endpoint.", event=event, order=order),
            _("Reason: %(outcome)s.", outcome=why.get("outcome", "–")),
            _("See the request and response, and send the event again:"),
        )
    return SystemMail(reader.address, reader.name, subject, "\n\n".join(lines) + f"\n{url}\n", delivery_id.hex)
