"""Parse one status item: what happened to a message we sent."""

from __future__ import annotations

from app.contract.base import DeliveryStatus, Reason, StatusUpdate
from app.core.text import known
from app.core.text import mark as N_
from app.providers.whatsapp_cloud.errors import needs_admin, reason_of
from app.providers.whatsapp_cloud.people import digits_of
from app.providers.whatsapp_cloud.reading import Broken, Json, as_list, needed_text, needed_time, text_of

_NAMELESS = N_("does not name a message", "no message in it")
_UNKNOWN_STATUS = known("has the unknown status %(status)s")

_LADDER = {
    "accepted": DeliveryStatus.ACCEPTED,
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "played": DeliveryStatus.READ,
    "failed": DeliveryStatus.FAILED,
}
_NO_REASON = Reason("unknown", N_("WhatsApp gave no reason"), advice=N_("Send the message again, or use another channel."))


def read_status(item: Json) -> StatusUpdate:
    """Parse one status. Raises Broken if it does not say which message it is about, when, or what happened."""
    message_id, reference = text_of(item, "id"), text_of(item, "biz_opaque_callback_data")
    if not message_id and not reference:
        raise Broken(_NAMELESS)
    status = _LADDER.get(needed_text(item, "status"))
    if status is None:
        raise Broken(_UNKNOWN_STATUS % {"status": text_of(item, "status")[:40]})
    reason = _reason(item) if status is DeliveryStatus.FAILED else None
    return StatusUpdate(
        status=status,
        occurred_at=needed_time(item),
        provider_message_id=message_id or None,
        our_reference=reference or None,
        recipient=_recipient(item),
        reason=reason,
        raw=item,
        needs_admin=reason is not None and needs_admin(reason.code),
    )


def _recipient(item: Json) -> str | None:
    digits = digits_of(text_of(item, "recipient_id"))
    return f"+{digits}" if digits else text_of(item, "recipient_user_id") or None


def _reason(item: Json) -> Reason:
    errors = [error for error in as_list(item.get("errors")) if isinstance(error, dict)]
    return reason_of(errors[0]) if errors else _NO_REASON
