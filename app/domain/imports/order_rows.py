"""Import orders from rows: judge rows, create many orders at once, undo them.

A row is matched with an existing order by our order number, or by its reference within the brand. A row with neither is
always new. For an existing order, an import changes only notes and priority. It does not change lines and status, because
these have their own history.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.address_parts import AddressParts, read_fields
from app.core.csv_table import check_name, read_amount, read_quantity
from app.core.text import known
from app.core.text import mark as N_
from app.domain.appointments.models import Appointment
from app.domain.contacts.actions import IdentityInput, find_or_create_contacts
from app.domain.contacts.models import Contact
from app.domain.contacts.numbers import NotAnAddress, clean_email, clean_phone
from app.domain.events.actions import Actor
from app.domain.imports.models import Import, ImportRow, RowOutcome
from app.domain.imports.rows import CHANGED_SINCE, TOO_MANY_CELLS, TWICE, WRONG_CURRENCY, Group, Judged
from app.domain.orders.actions import NewLine, NewOrder, edit_order, lock_order, set_order_priority, set_order_status
from app.domain.orders.article_prices import day_in, prices_on
from app.domain.orders.articles import find_articles
from app.domain.orders.create_many import create_orders
from app.domain.orders.machines import ORDERS
from app.domain.orders.models import (
    LINE_CHARACTERS,
    MOST_QUANTITY,
    NAME_CHARACTERS,
    NOTES_CHARACTERS,
    Article,
    Order,
    OrderPayment,
    OrderPriority,
    OrderSettings,
    OrderSource,
    OrderStatus,
    OrderThread,
)
from app.domain.orders.settings import settings_of
from app.domain.orders.taxes import CODES
from app.domain.orders.totals import PricedLine, TooMuchDiscount, order_totals
from app.domain.transitions.actions import TransitionRefused

MOST_LINES = 200
NO_NAME = N_("is required; enter the name of the customer")
NO_SUCH_NUMBER = N_("is not an order of this brand; for a new order, leave this field empty")
NO_EMAIL = N_("must be an email address, such as name@example.nl")
NO_PHONE = N_("must be a phone number, such as +31612345678")
NO_LINE = N_("is empty; enter an article or a description for this line")
NO_PRIORITY = N_("must be one of low, normal, high, urgent, critical")
NO_TAX = known("must be one of %(codes)s")
NO_BEGINNING = known("is not a valid initial status; use one of %(statuses)s")
NO_PRICE = N_("a quoted or approved order needs a price on each line")
NO_PLACE = N_("an approved order needs an address")
TOO_LONG = known("may have at most %(count)s characters")
TOO_MUCH = N_("is more than the amount of the line")
TOO_MANY_LINES = known("an order may have at most %(count)s lines")
TAKEN_BACK = known("The import of %(file)s was undone")
BEGUN = N_("The order has changed since the import: check it, and cancel it yourself if needed")


class OrderRows:
    keys = ("order_number", "reference")
    is_grouped = True

    def judge(self, session: Session, brand_id: uuid.UUID, groups: Sequence[Group], *, now: datetime) -> list[Judged]:
        money = settings_of(session, brand_id)
        known_orders = _known(session, brand_id, groups)
        names = [line.get("article") or line.get("description", "") for group in groups for line in group.lines]
        articles = find_articles(session, brand_id=brand_id, names=names)
        prices = prices_on(session, articles.values(), day_in(money.zone, now))
        reader = _Reader(brand_id, money, articles, prices)
        return [reader.judge(group, known_orders) for group in groups]

    def apply(self, session: Session, found: Import, judged: Sequence[Judged], *, now: datetime, actor: Actor) -> None:
        new = [one for one in judged if one.outcome is RowOutcome.NEW]
        people = [(one.content["name"], one.content["identities"]) for one in new]
        contacts = find_or_create_contacts(session, people, now=now)
        orders = [_order(found, one, contact_id) for one, contact_id in zip(new, contacts, strict=True)]
        told = {"import_id": str(found.id), "file": found.file_name}
        made = create_orders(session, found.brand_id, orders, now=now, actor=actor, told=told)
        for one, (order_id, number) in zip(new, made, strict=True):
            one.entity_id, one.outcome = order_id, RowOutcome.MADE
            one.after = {**(one.after or {}), "order_number": number, "version": 1}
        for one in judged:
            if one.outcome is RowOutcome.CHANGES and one.entity_id is not None and one.after is not None:
                _write(session, one.entity_id, one.after, now=now, actor=actor)
                one.after = {**one.after, "version": lock_order(session, one.entity_id).version}
                one.outcome = RowOutcome.CHANGED

    def undo(self, session: Session, found: Import, row: ImportRow, *, now: datetime, actor: Actor) -> str:
        assert row.entity_id is not None
        assert row.after is not None
        order = lock_order(session, row.entity_id)
        if order.version != row.after["version"] or (row.outcome is RowOutcome.MADE and _is_in_use(session, order.id)):
            return BEGUN if row.outcome is RowOutcome.MADE else CHANGED_SINCE
        if row.outcome is RowOutcome.CHANGED:
            _write(session, order.id, row.before or {}, now=now, actor=actor)
            return ""
        reason = TAKEN_BACK % {"file": found.file_name}
        try:
            with session.begin_nested():
                to, code = OrderStatus.CANCELLED, "other"
                set_order_status(session, order.id, to, reason=reason[:300], reason_code=code, now=now, actor=actor)
        except TransitionRefused as error:
            return " ".join(error.reasons)
        order.source_key = None  # the same file, mended, makes it anew
        session.flush()
        return ""


def _order(found: Import, one: Judged, contact_id: uuid.UUID) -> NewOrder:
    reference = one.content["reference"]
    return NewOrder(
        brand_id=found.brand_id,
        customer_contact_id=contact_id,
        source=OrderSource.IMPORT,
        source_key=_source_key(reference) if reference else f"row:{found.id}:{one.group.number}",
        source_owner_id=found.brand_id,
        status=one.content["status"],
        priority=one.content["priority"],
        address=one.content["address"],
        lines=one.content["lines"],
        notes=one.content["notes"],
        external_references={"order_reference": reference} if reference else {},
    )


def _source_key(reference: str) -> str:
    return f"reference:{reference.casefold()}"


def _write(session: Session, order_id: uuid.UUID, values: Mapping[str, Any], *, now: datetime, actor: Actor) -> None:
    if "notes" in values:
        edit_order(session, order_id, {"notes": values["notes"]}, now=now, actor=actor)
    if "priority" in values:
        set_order_priority(session, order_id, OrderPriority(values["priority"]), now=now, actor=actor)


def _is_in_use(session: Session, order_id: uuid.UUID) -> bool:
    """Return whether the order has a thread, a payment or an appointment, so that an undo must leave it."""
    where = [sa.exists().where(model.order_id == order_id) for model in (OrderThread, OrderPayment, Appointment)]
    return bool(session.execute(sa.select(sa.or_(*where))).scalar_one())


def _known(session: Session, brand_id: uuid.UUID, groups: Sequence[Group]) -> dict[str, tuple[Order, str]]:
    """Return {order number or source key: (order, customer's name)} of the existing orders that these groups name."""
    numbers = {group.first.get("order_number", "").upper() for group in groups} - {""}
    keys = {_source_key(group.first["reference"]) for group in groups if group.first.get("reference")}
    imported = sa.and_(Order.source == OrderSource.IMPORT, Order.source_owner_id == brand_id, Order.source_key.in_(keys))
    query = sa.select(Order, Contact.name).join(Contact, Contact.id == Order.customer_contact_id)
    query = query.where(Order.brand_id == brand_id, sa.or_(Order.order_number.in_(numbers), imported))
    found = {}
    for order, name in session.execute(query.execution_options(populate_existing=True)) if numbers or keys else ():
        found[order.order_number] = (order, name)
        if order.source_key is not None and order.source is OrderSource.IMPORT:
            found[order.source_key] = (order, name)
    return found


class _Reader:
    """Judges the groups of one brand. The settings, articles and prices were read once for all groups."""

    def __init__(
        self,
        brand_id: uuid.UUID,
        money: OrderSettings,
        articles: Mapping[str, Article],
        prices: Mapping[uuid.UUID, Decimal],
    ) -> None:
        self._brand_id, self._money, self._articles, self._prices = brand_id, money, articles, prices

    def judge(self, group: Group, orders: Mapping[str, tuple[Order, str]]) -> Judged:
        one = Judged(group)
        if group.is_ragged:
            one.refuse("", TOO_MANY_CELLS)
        if group.is_repeat:
            one.refuse("reference" if group.first.get("reference") else "order_number", TWICE)
        number, reference = group.first.get("order_number", "").upper(), self._name(one, group.first, "reference")
        there = orders.get(number) if number else orders.get(_source_key(reference)) if reference else None
        if number and there is None:
            one.refuse("order_number", NO_SUCH_NUMBER)
        content = self._read(one, reference)
        if one.outcome is RowOutcome.WRONG:
            return one
        one.content = content
        if there is not None:
            return _compare(one, there[0], there[1])
        one.after = {
            "customer": content["name"],
            "status": content["status"].value,
            "lines": [_line_words(line) for line in content["lines"]][:5],
            "total": content["total"],
        }
        return one

    def _read(self, one: Judged, reference: str) -> dict[str, Any]:
        first = one.group.first
        lines = [line for place, row in enumerate(one.group.lines) if (line := self._line(one, row, place)) is not None]
        if len(one.group.lines) > MOST_LINES:
            one.refuse("", TOO_MANY_LINES % {"count": MOST_LINES})
        content = {
            "reference": reference,
            "name": self._text(one, first, "customer_name", NAME_CHARACTERS),
            "identities": self._identities(one, first),
            "address": self._address(one, first),
            "status": self._status(one, first),
            "priority": self._priority(one, first),
            "notes": self._text(one, first, "notes", NOTES_CHARACTERS),
            "lines": lines,
        }
        if not content["name"]:
            one.refuse("customer_name", NO_NAME)
        if first.get("currency", self._money.currency).upper() != self._money.currency:
            one.refuse("currency", WRONG_CURRENCY)
        content["total"] = self._total(one, content) if one.outcome is not RowOutcome.WRONG else None
        return content

    def _line(self, one: Judged, row: Mapping[str, str], place: int) -> NewLine | None:
        named = ("article", "description", "quantity", "unit_price", "discount", "tax_code")
        if not any(row.get(name) for name in named):
            return None
        article, description = self._name(one, row, "article"), self._text(one, row, "description", LINE_CHARACTERS)
        if not article and not description:
            one.refuse("article", NO_LINE)
        code = row.get("tax_code", "").lower()
        if code and code not in CODES:
            one.refuse("tax_code", NO_TAX % {"codes": ", ".join(CODES)})
        return NewLine(
            " ".join(description.split()),
            self._number(one, row, "quantity", lambda text: read_quantity(text, most=MOST_QUANTITY)) or Decimal(1),
            article,
            self._number(one, row, "unit_price", lambda text: read_amount(text, places=4)),
            discount=self._number(one, row, "discount", lambda text: read_amount(text, places=2)) or Decimal(0),
            tax_code=code,
        )

    def _total(self, one: Judged, content: Mapping[str, Any]) -> str | None:
        priced = []
        for line in content["lines"]:
            article = self._articles.get((line.article or line.description).casefold())
            price = line.unit_price
            if price is None and article is not None:
                price = self._prices.get(article.id, article.unit_price)
            code = line.tax_code or (article.tax_code if article else None) or self._money.tax_code
            priced.append(PricedLine(line.quantity, price, code, line.discount))
        try:
            totals = order_totals(priced, prices_include_tax=self._money.prices_include_tax)
        except TooMuchDiscount:
            one.refuse("discount", TOO_MUCH)
            return None
        is_open = content["status"] in (OrderStatus.INTAKE_RECEIVED, OrderStatus.NEW)
        if not is_open and (totals.gross is None or not priced):
            one.refuse("unit_price", NO_PRICE)
        if content["status"] is OrderStatus.APPROVED and content["address"] is None:
            one.refuse("street", NO_PLACE)
        return None if totals.gross is None else str(totals.gross)

    def _status(self, one: Judged, row: Mapping[str, str]) -> OrderStatus:
        text = row.get("status", OrderStatus.NEW.value).strip().lower().replace(" ", "_")
        if text in ORDERS.initial:
            return OrderStatus(text)
        if not one.group.first.get("order_number"):  # of one that is there it is left anyway
            one.refuse("status", NO_BEGINNING % {"statuses": ", ".join(ORDERS.initial)})
        return OrderStatus.NEW

    def _priority(self, one: Judged, row: Mapping[str, str]) -> OrderPriority:
        text = row.get("priority", OrderPriority.NORMAL.value).lower()
        found = next((priority for priority in OrderPriority if priority.value == text), None)
        if found is None:
            one.refuse("priority", NO_PRIORITY)
        return found or OrderPriority.NORMAL

    def _identities(self, one: Judged, row: Mapping[str, str]) -> list[IdentityInput]:
        found = []
        for kind, clean, words in (("email", clean_email, NO_EMAIL), ("phone", clean_phone, NO_PHONE)):
            text = row.get(kind, "")
            try:
                if text:
                    found.append(IdentityInput(kind, clean(text), display=text[:320]))
            except NotAnAddress:
                one.refuse(kind, words)
        return found

    def _address(self, one: Judged, row: Mapping[str, str]) -> AddressParts | None:
        names = ("street", "house_number", "addition", "postal_code", "city")
        typed = {name: self._text(one, row, name, LINE_CHARACTERS) for name in names}
        country = row.get("country") or ("CA" if self._money.currency == "CAD" else "")
        return read_fields(**typed, country=country) if any(typed.values()) else None

    def _name(self, one: Judged, row: Mapping[str, str], key: str) -> str:
        try:
            return check_name(self._text(one, row, key, 200))
        except ValueError as error:
            one.refuse(key, str(error))
            return ""

    def _text(self, one: Judged, row: Mapping[str, str], key: str, most: int) -> str:
        text = row.get(key, "")
        if len(text) > most:
            one.refuse(key, TOO_LONG % {"count": most})
        return text[:most]

    def _number(self, one: Judged, row: Mapping[str, str], key: str, read: Any) -> Decimal | None:
        try:
            number: Decimal | None = read(row.get(key, ""))
        except ValueError as error:
            one.refuse(key, str(error))
            return None
        return number


def _compare(one: Judged, order: Order, customer: str) -> Judged:
    """Set the outcome of a row whose order exists already: CHANGES if the file has other notes or another priority, otherwise
    SAME."""
    said = {"notes": one.content["notes"]} if "notes" in one.group.first else {}
    if "priority" in one.group.first:
        said["priority"] = one.content["priority"].value
    changed = {name: value for name, value in said.items() if str(getattr(order, name)) != value}
    one.entity_id = order.id
    one.outcome = RowOutcome.CHANGES if changed else RowOutcome.SAME
    one.before = {name: str(getattr(order, name)) for name in changed}
    one.after = {**changed, "order_number": order.order_number, "customer": customer}
    return one


def _line_words(line: NewLine) -> str:
    return f"{line.quantity.normalize():f} × {line.description or line.article}"
