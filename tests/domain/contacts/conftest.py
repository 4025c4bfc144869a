"""A desk: Alice of ChargeCars with Pieter's thread, Mallory of another brand with Lotte's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, User
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.threads.models import Thread
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.desk import PageDesk
from tests.support.pages import PageClient
from tests.support.queries import counted_queries


@dataclass
class Desk(PageDesk):
    app: Flask
    brand: Brand
    other: Brand
    channel: Channel
    other_channel: Channel
    alice: User
    mallory: User
    pieter: Contact
    lotte: Contact
    thread: Thread

    def read(self, contact: Contact) -> Contact:
        query = sa.select(Contact).where(Contact.id == contact.id).execution_options(populate_existing=True)
        return self.session.execute(query).scalar_one()

    def ways(self, contact: Contact) -> list[tuple[str, str]]:
        """Kind and value of a contact's identities."""
        query = sa.select(ContactIdentity.kind, ContactIdentity.value).where(ContactIdentity.contact_id == contact.id)
        return sorted((row.kind, row.value) for row in self.session.execute(query))

    def way(self, contact: Contact, kind: str) -> ContactIdentity:
        query = sa.select(ContactIdentity).where(ContactIdentity.contact_id == contact.id, ContactIdentity.kind == kind)
        return self.session.execute(query.execution_options(populate_existing=True)).scalars().one()

    def add(self, name: str, *, kind: str = "", value: str = "", **columns: object) -> Contact:
        """A contact without any thread."""
        contact = Contact(id=new_id(), name=name, name_source="user", created_at=NOW, updated_at=NOW, **columns)
        self.session.add(contact)
        self.session.flush()
        if kind:
            self.session.add(ContactIdentity(contact_id=contact.id, kind=kind, value=value, display=value, created_at=NOW))
        self.session.commit()
        return contact

    def talk(self, contact: Contact, text: str, *, channel: Channel | None = None) -> Thread:
        """A thread of the contact with one message."""
        thread = make_thread(self.session, channel or self.channel, contact)
        make_message(self.session, thread, text)
        self.session.commit()
        return thread

    @contextmanager
    def at_most(self, queries: int) -> Iterator[None]:
        with counted_queries(self.app) as seen:
            yield
        assert len(seen) <= queries, f"{len(seen)} queries:\n" + "\n".join(s[:150] for s in seen)


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand, other = make_brand(db_session, name="ChargeCars"), make_brand(db_session, "laderthuis")
    with app.app_context():
        keyring = runtime().keyring
        channel = make_channel(db_session, brand, keyring=keyring)
        other_channel = make_channel(db_session, other, keyring=keyring, address="1066000000002")
    pieter, lotte = make_contact(db_session), make_contact(db_session, "Lotte Bakker", value="31687654321")
    thread = make_thread(db_session, channel, pieter, subject="Laadpaal knippert")
    make_message(db_session, thread, "De laadpaal knippert rood")
    make_message(db_session, make_thread(db_session, other_channel, lotte), "Graag een offerte")
    alice = make_user(db_session, "Alice", brands=(brand,))
    mallory = make_user(db_session, "Mallory", brands=(other,))
    db_session.commit()
    made = Desk(page_client, db_session, app, brand, other, channel, other_channel, alice, mallory, pieter, lotte, thread)
    made.as_user(alice)
    return made
