"""Read an order mail, and create its order if the confidence is high enough. If not, the reading waits for a person's review.

A mail is read once. An order is created once for each of the partner's numbers (`take_order.py`), so a mail that is
forwarded, repeated or changed creates nothing twice. A mail never cancels or changes an order without a person. The caller
owns the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.contract.address_parts import AddressParts
from app.core.ids import new_id
from app.domain.connections.queries import own_mail_addresses
from app.domain.events.actions import Actor, audit
from app.domain.orders.actions import link_thread
from app.domain.orders.models import Order, OrderStatus
from app.domain.partners.incoming import IncomingLine, IncomingOrder, fingerprint_of, payload_of
from app.domain.partners.mail_lines import StillFetched, all_lines, read_pdf_rows
from app.domain.partners.mail_models import PartnerMailCount, PartnerMailLayout, PartnerMailReading, ReadingState
from app.domain.partners.mail_queries import find_layout, find_sender, list_of_layout, read_counts
from app.domain.partners.models import Environment, Partner, PartnerOrder
from app.domain.partners.move_order import move_order
from app.domain.partners.order_mail import confidence, labels
from app.domain.partners.order_mail.labels import (
    ADDRESS,
    BY_LABEL,
    DATE,
    EMAIL,
    LINES,
    NAME,
    NOTES,
    PARTS,
    PHONE,
    REFERENCE,
    REQUIRED,
)
from app.domain.partners.order_mail.lines import Line, is_reply
from app.domain.partners.order_mail.reader import ENGINE, Field, Hints, Reading, label_of, read_mail, with_confidence
from app.domain.partners.products import find_mapped
from app.domain.partners.queries import find_partner_order
from app.domain.partners.take_order import take_order
from app.domain.threads.models import Message

KNOWN_AFTER = 8  # mails of a layout that were looked at, without anything wrong in what is required
PROVEN = ("dmarc", "dkim")


class UnableToTake(ValueError):
    """Raised when no order can be made from the values of a reading. `field` is the path of the missing or wrong value."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class AlreadyDecided(Exception):
    """Raised when somebody else has already decided about the mail."""


def read_message(session: Session, message: Message, *, now: datetime) -> PartnerMailReading | None:
    """Read an order mail, and create its order if the confidence is high enough. Return the reading.

    Return None if the mail is not from a partner, was read before, or has a file that is still being downloaded.
    """
    partner = find_sender(session, message)
    if partner is None:
        return None
    try:
        pdf_rows = read_pdf_rows(session, message)
    except StillFetched:
        return None
    reading, layout = _read(session, partner, message, all_lines(message, pdf_rows), now=now)
    row = _write(session, partner, message, reading, layout, pdf_rows, now=now)
    if row is None:
        return None
    row.state, row.reason = _judge(session, partner, message, row, reading, layout)
    if row.state == ReadingState.ACCEPTED:
        _take(session, partner, message, row, values_of(row), now=now)
    elif row.state == ReadingState.DUPLICATE and (order := _order_of(session, row)) is not None:
        link_thread(session, order, message.thread_id, now=now)
    session.flush()
    return row


def accept(
    session: Session,
    partner: Partner,
    message: Message,
    row: PartnerMailReading,
    values: Mapping[str, Any],
    *,
    learns: bool,
    now: datetime,
    actor: Actor,
) -> str:
    """Create the order of a reviewed mail, and count which fields were right and wrong. Raises `UnableToTake` and
    `AlreadyDecided`.

    `values` are the final values by field path. With `learns`, a correction becomes a rule of the layout, unless the rule
    would change the reading of the layout's last mails. Returns "learned", "differs" (no rule was made) or "" (nothing to
    learn).
    """
    if not row.is_waiting:
        raise AlreadyDecided
    _check(values)
    wrong = {path for path, value in values.items() if _plain(value) != row.fields.get(path, {}).get("value")}
    row.fields = {
        **row.fields,
        **{path: {**row.fields.get(path, {}), "decided": _plain(values[path])} for path in wrong},
    }
    layout = _count(session, row, wrong, now=now)
    _take(session, partner, message, row, values, now=now)
    row.state, row.by_hand = ReadingState.ACCEPTED, True
    _decide(session, row, now=now, actor=actor)
    lines = all_lines(message, row.pdf_rows)
    return _learn(session, partner, lines, layout, values, wrong, now=now) if learns and wrong else ""


def cancel_order(session: Session, partner: Partner, row: PartnerMailReading, *, now: datetime, actor: Actor) -> str:
    """Cancel the order that the mail is about. Return "" if it was cancelled, else the code of the refusal. Raises
    `AlreadyDecided`."""
    if not row.is_waiting or row.order_row_id is None:
        raise AlreadyDecided
    order = session.get_one(PartnerOrder, row.order_row_id, with_for_update=True, populate_existing=True)
    moved = move_order(session, partner, order, OrderStatus.CANCELLED, reason="Cancelled by email", context={}, now=now)
    if not moved.refused:
        _decide(session, row, now=now, actor=actor)
    return moved.refused


def dismiss(session: Session, row: PartnerMailReading, *, now: datetime, actor: Actor) -> None:
    """Mark the mail as not being an order. Raises `AlreadyDecided`."""
    if not row.is_waiting:
        raise AlreadyDecided
    row.state, row.by_hand = ReadingState.NOT_AN_ORDER, True
    _decide(session, row, now=now, actor=actor)


def _read(
    session: Session, partner: Partner, message: Message, lines: Sequence[Line], *, now: datetime
) -> tuple[Reading, PartnerMailLayout | None]:
    hints = _hints(session, partner, message)
    first = read_mail(lines, subject=message.subject, hints=hints)
    layout = find_layout(session, partner.id, telling(first))
    if layout is not None and layout.rules:
        hints = Hints(hints.own_domains, layout.rules, hints.skus)
    reading = read_mail(lines, subject=message.subject, hints=hints)
    if LINES in reading.fields:
        skus = [line["sku"] for line in reading.fields[LINES].value]
        known = find_mapped(session, partner, skus, now=now)
        reading = read_mail(lines, subject=message.subject, hints=Hints(hints.own_domains, hints.rules, frozenset(known)))
    counts = read_counts(session, [one.bucket for one in reading.fields.values()])
    most = 1.0 if is_known(layout) else confidence.UNKNOWN_AT_MOST
    sure = {one.bucket: min(most, confidence.sure_of(one.bucket, counts)) for one in reading.fields.values()}
    return with_confidence(reading, sure), layout


def is_known(layout: PartnerMailLayout | None) -> bool:
    """Return True if enough mails of the layout were reviewed in a row without an error. None is an unknown layout: False."""
    return layout is not None and layout.clean_in_row >= KNOWN_AFTER


def telling(reading: Reading) -> list[str]:
    """Return the labels of required fields in the reading, sorted. They identify the layout."""
    required = {*REQUIRED, *PARTS} - {labels.ADDITION}
    return sorted(label for label in reading.labels if BY_LABEL.get(label) in required)


def _hints(session: Session, partner: Partner, message: Message) -> Hints:
    senders = (one.rpartition("@")[2] for one in partner.order_mail_senders)
    ours = (one.rpartition("@")[2] for one in own_mail_addresses(session))
    sender = str(message.sender.get("address") or "").rpartition("@")[2]
    return Hints(frozenset(filter(None, (*senders, *ours, sender))))


def _write(
    session: Session,
    partner: Partner,
    message: Message,
    reading: Reading,
    layout: PartnerMailLayout | None,
    pdf_rows: list[list[str]],
    *,
    now: datetime,
) -> PartnerMailReading | None:
    """Store the reading of a mail. Return None if the mail was read before."""
    bucket = confidence.order_bucket(reading)
    sure = confidence.sure_of_order(reading, read_counts(session, [bucket]))
    values = {
        "id": new_id(),
        "message_id": message.id,
        "partner_id": partner.id,
        "layout_id": layout.id if layout else None,
        "layout_version": layout.version if layout else 0,
        "engine": ENGINE,
        "state": ReadingState.REVIEW,
        "reason": "",
        "labels": telling(reading),
        "pdf_rows": pdf_rows,
        "fields": {path: _kept(one) for path, one in reading.fields.items()},
        "confidence": Decimal(str(round(sure, 4))),
        "by_hand": False,
        "created_at": now,
    }
    made = postgresql.insert(PartnerMailReading).values(**values).on_conflict_do_nothing(index_elements=["message_id"])
    return session.execute(made.returning(PartnerMailReading)).scalar_one_or_none()


def _judge(
    session: Session,
    partner: Partner,
    message: Message,
    row: PartnerMailReading,
    reading: Reading,
    layout: PartnerMailLayout | None,
) -> tuple[ReadingState, str]:
    """Return the state of the mail, and a code that says why a person must review it ("" for no reason).

    Also sets `row.order_row_id` to the order with the same reference, or None.
    """
    reference = reading.fields.get(REFERENCE)
    known = _known_order(session, partner, reference.value) if reference else None
    row.order_row_id = known.id if known else None
    if known is not None and reading.cancels:
        return ReadingState.CANCELLATION, ""
    if len(reading.missing) >= len(REQUIRED) - 1 and (known is not None or is_reply(message.subject) or not reading.fields):
        return ReadingState.NOT_AN_ORDER, ""
    if known is not None:
        if not reading.missing and fingerprint_of(_payload(values_of(row))) == fingerprint_of(known.payload):
            return ReadingState.DUPLICATE, ""
        return ReadingState.CHANGE, ""
    if reading.missing:
        return ReadingState.REVIEW, "missing"
    if reading.cancels:
        return ReadingState.REVIEW, "cancels"
    if not is_known(layout):
        return ReadingState.REVIEW, "layout"
    proof = message.meta.get("authentication") or {}
    if not any(proof.get(name) == "pass" for name in PROVEN) or proof.get("dmarc") == "fail":
        return ReadingState.REVIEW, "sender"
    is_sure = float(row.confidence) >= confidence.ENOUGH and all(
        reading.fields[path].confidence >= confidence.ENOUGH for path in REQUIRED
    )
    return (ReadingState.ACCEPTED, "") if is_sure else (ReadingState.REVIEW, "doubt")


def _known_order(session: Session, partner: Partner, reference: str) -> PartnerOrder | None:
    named: dict[str, Any] = {"partner_id": partner.id, "environment": Environment.LIVE, "partner_order_id": reference}
    return find_partner_order(session, **named)


def _take(
    session: Session, partner: Partner, message: Message, row: PartnerMailReading, values: Mapping[str, Any], *, now: datetime
) -> None:
    address: AddressParts = values[ADDRESS]
    preferences = {}
    if values.get(DATE):
        preferences["preferred_date"] = values[DATE].isoformat()
    if values.get(NOTES):
        preferences["notes"] = str(values[NOTES])
    incoming = IncomingOrder(
        partner_order_id=values[REFERENCE],
        customer_name=values[NAME],
        email=values[EMAIL],
        phone=values[PHONE],
        address=address,
        lines=[IncomingLine(one["sku"], one["description"], Decimal(one["quantity"])) for one in values[LINES]],
        payload=_payload(values),
        preferences=preferences,
    )
    taken = take_order(session, partner, Environment.LIVE, incoming, now=now, thread_id=message.thread_id)
    row.order_row_id = taken.row.id
    session.flush()


def _payload(values: Mapping[str, Any]) -> dict[str, Any]:
    return payload_of(
        number=values[REFERENCE],
        name=values[NAME],
        email=values[EMAIL],
        phone=values[PHONE],
        address=values[ADDRESS],
        products=[
            {"partner_sku": one["sku"], "quantity": one["quantity"], "description": one["description"]} for one in values[LINES]
        ],
    )


def _check(values: Mapping[str, Any]) -> None:
    for path in REQUIRED:
        if not values.get(path) or (path == LINES and any(not one["quantity"] for one in values[path])):
            raise UnableToTake(path)


def _decide(session: Session, row: PartnerMailReading, *, now: datetime, actor: Actor) -> None:
    row.decided_at, row.decided_by_user_id = now, actor.user_id
    session.flush()
    detail = {"state": row.state.value}
    audit(
        session, action="OrderMailDecided", object_type="order_mail", object_id=str(row.id), now=now, actor=actor, detail=detail
    )


def _count(session: Session, row: PartnerMailReading, wrong: set[str], *, now: datetime) -> PartnerMailLayout:
    """Count for each bucket whether its field was right, and for the layout whether all required fields were; return the
    layout,
    which is created if there is none. `wrong` are the paths of the wrong fields.
    """
    told = {one["bucket"]: path not in wrong for path, one in row.fields.items() if one.get("bucket")}
    least = [row.fields[path].get("confidence", 0.0) for path in REQUIRED if path in row.fields]
    all_right = not wrong & set(REQUIRED)
    if len(least) == len(REQUIRED):
        told[f"order|{int(min(least) * 50) / 50:.2f}"] = all_right
    for bucket, is_right in sorted(told.items()):
        one = postgresql.insert(PartnerMailCount).values(bucket=bucket, right_count=int(is_right), seen_count=1)
        more = {"right_count": PartnerMailCount.right_count + int(is_right), "seen_count": PartnerMailCount.seen_count + 1}
        session.execute(one.on_conflict_do_update(index_elements=["bucket"], set_=more))
    layout = session.get(PartnerMailLayout, row.layout_id) if row.layout_id else None
    layout = layout or find_layout(session, row.partner_id, row.labels)
    if layout is None:
        layout = PartnerMailLayout(id=new_id(), partner_id=row.partner_id, labels=sorted(set(row.labels)), created_at=now)
        layout.rules, layout.version, layout.reviewed, layout.clean_in_row = {}, 1, 0, 0
        session.add(layout)
    layout.reviewed += 1
    layout.clean_in_row = layout.clean_in_row + 1 if all_right else 0
    layout.updated_at = now
    session.flush()
    row.layout_id, row.layout_version = layout.id, layout.version
    return layout


def _learn(
    session: Session,
    partner: Partner,
    lines: Sequence[Line],
    layout: PartnerMailLayout,
    values: Mapping[str, Any],
    wrong: set[str],
    *,
    now: datetime,
) -> str:
    found = {path: label_of(lines, str(_plain(values[path]))) for path in wrong if path in (REFERENCE, NAME, EMAIL, PHONE, NOTES)}
    rules = {path: label for path, label in found.items() if label}
    if not rules:
        return ""
    tried = {**layout.rules, **rules}
    for reading, mail in list_of_layout(session, layout.id):
        hints = Hints(_hints(session, partner, mail).own_domains, tried)
        again = read_mail(all_lines(mail, reading.pdf_rows), subject=mail.subject, hints=hints)
        for path in rules:
            kept = reading.fields.get(path, {})
            value = _plain(again.fields[path].value) if path in again.fields else None
            if kept and value != kept.get("decided", kept.get("value")):
                return "differs"
    layout.rules, layout.version, layout.updated_at = tried, layout.version + 1, now
    session.flush()
    return "learned"


def _order_of(session: Session, row: PartnerMailReading) -> Order | None:
    found = session.get(PartnerOrder, row.order_row_id) if row.order_row_id else None
    return session.get(Order, found.order_id) if found and found.order_id else None


def _kept(one: Field) -> dict[str, Any]:
    return {
        "value": _plain(one.value),
        "raw": one.raw,
        "line": one.spot.line,
        "cell": one.spot.cell,
        "bucket": one.bucket,
        "label": one.label,
        "confidence": round(one.confidence, 4),
        "others": list(one.others[:5]),
    }


def _plain(value: Any) -> Any:
    """Convert a value to the JSON that is stored."""
    if isinstance(value, AddressParts):
        return asdict(value)
    return value.isoformat() if isinstance(value, date) else value


def values_of(row: PartnerMailReading) -> dict[str, Any]:
    """Return the values that were read from the mail, by field path. Address and date are converted from JSON."""
    found = {path: one["value"] for path, one in row.fields.items()}
    if ADDRESS in found:
        found[ADDRESS] = AddressParts(**found[ADDRESS])
    if found.get(DATE):
        found[DATE] = date.fromisoformat(found[DATE])
    return found
