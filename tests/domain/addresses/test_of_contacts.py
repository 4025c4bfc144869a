"""A contact's own addresses: each has one row for the register, as long as the contact has the address."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.contract.address_parts import read_line
from app.domain.addresses.actions import add_address
from app.domain.addresses.models import Address, AddressType, CheckStatus
from app.domain.addresses.queries import find_checks
from app.domain.contacts import details
from app.domain.contacts.edit import ContactEdit, create_contact, update_contact
from app.domain.contacts.merge import merge_contacts, undo_merge
from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM
from app.sandbox.simulators.common import RunningServer
from tests.domain.addresses.conftest import look_up
from tests.factories import NOW

HOME, SHOP = "Kerkstraat 12, 1234AB Amsterdam", "Molenweg 7, 3511CD Utrecht"
BY = {"actor": SYSTEM, "now": NOW}


def living_at(session: Session, address: str, name: str = "Pieter") -> Contact:
    return create_contact(session, ContactEdit({"name": name, "address": address}), **BY)  # type: ignore[arg-type]


def rows(session: Session, contact: Contact) -> list[Address]:
    query = sa.select(Address).where(Address.contact_id == contact.id).order_by(Address.typed)
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def typed(session: Session, contact: Contact) -> list[str]:
    return [row.typed for row in rows(session, contact)]


def test_an_address_is_held_against_the_register(db_session: Session, pdok: RunningServer) -> None:
    contact = living_at(db_session, "  kerkstraat 12,   1234 ab Amsterdam")
    db_session.commit()
    (row,) = rows(db_session, contact)
    assert look_up(db_session, row).check_status == CheckStatus.VALID
    assert find_checks(db_session, contact.id, [contact.address]) == {contact.address: row}


def test_a_row_comes_and_goes_with_its_address(app_context: Flask, db_session: Session) -> None:
    contact = living_at(db_session, HOME)
    (first,) = rows(db_session, contact)
    update_contact(db_session, contact, ContactEdit({"name": "Piet"}), **BY)  # type: ignore[arg-type]
    added = details.add_address(db_session, contact, label="Winkel", address=SHOP, **BY)  # type: ignore[arg-type]
    details.add_address(db_session, contact, label="Thuis", address=HOME, **BY)  # type: ignore[arg-type]
    assert typed(db_session, contact) == [HOME, SHOP]
    assert rows(db_session, contact)[0].id == first.id
    details.remove_address(db_session, contact, added.id, **BY)  # type: ignore[arg-type]
    assert typed(db_session, contact) == [HOME]
    update_contact(db_session, contact, ContactEdit({"address": ""}), **BY)  # type: ignore[arg-type]
    assert typed(db_session, contact) == [HOME], "the further address is the same"


def test_addresses_of_orders_stay_as_they_are(app_context: Flask, db_session: Session) -> None:
    contact = living_at(db_session, HOME)
    order_place = {"address_type": AddressType.INSTALLATION, "contact_id": contact.id, "now": NOW}
    kept = add_address(db_session, read_line(SHOP), **order_place)  # type: ignore[arg-type]
    update_contact(db_session, contact, ContactEdit({"address": ""}), **BY)  # type: ignore[arg-type]
    assert [row.id for row in rows(db_session, contact)] == [kept.id]
    assert find_checks(db_session, contact.id, [SHOP]) == {}


def test_rows_follow_two_contacts_that_become_one_and_two_again(app_context: Flask, db_session: Session) -> None:
    keep, gone = living_at(db_session, HOME, "Pieter"), living_at(db_session, "", "P. van Dam")
    details.add_address(db_session, gone, label="", address=SHOP, **BY)  # type: ignore[arg-type]
    merge = merge_contacts(db_session, keep_id=keep.id, merge_id=gone.id, **BY)  # type: ignore[arg-type]
    assert (typed(db_session, keep), typed(db_session, gone)) == ([HOME, SHOP], [])
    undo_merge(db_session, merge.id, **BY)  # type: ignore[arg-type]
    assert (typed(db_session, keep), typed(db_session, gone)) == ([HOME], [SHOP])
