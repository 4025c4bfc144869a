"""A brand with two articles, and files for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.accounts.models import Brand, Role, User
from app.domain.events.actions import Actor
from app.domain.imports.actions import begin_import, start_import, undo_import
from app.domain.imports.jobs import run_import
from app.domain.imports.models import RUNNING_PHASES, Import, ImportKind, ImportRow
from app.domain.orders.articles import add_article
from app.domain.orders.models import Article, Order
from tests.factories import NOW, make_brand, make_user

HEADS = "Referentie;Klant;E-mail;Straat;Huisnummer;Postcode;Plaats;Artikel;Aantal;Prijs;Status;Opmerking"


@dataclass
class Files:
    """`session`: the test's own."""

    session: Session
    brand: Brand
    other: Brand
    lead: User

    def begin(self, content: str | bytes, kind: ImportKind = ImportKind.ORDERS, brand: Brand | None = None) -> Import:
        """Stored, and read by nobody yet."""
        stored = runtime().storage.put(content.encode() if isinstance(content, str) else content)
        asked = {"brand": brand or self.brand, "kind": kind, "file_name": "orders.csv"}
        found = begin_import(self.session, stored, **asked, now=NOW, actor=Actor(self.lead.id))
        self.session.commit()
        return found

    def run(self, found: Import) -> Import:
        """What workers do, until it waits for nobody."""
        for _turn in range(100):
            self.session.refresh(found)
            if found.phase not in RUNNING_PHASES or found.state == "failed":
                return found
            self.session.commit()
            run_import(row_id=str(found.id))
        raise AssertionError("it never ends")

    def read(self, content: str | bytes, kind: ImportKind = ImportKind.ORDERS) -> Import:
        return self.run(self.begin(content, kind))

    def make(self, content: str | bytes, kind: ImportKind = ImportKind.ORDERS) -> Import:
        return self.start(self.read(content, kind))

    def start(self, found: Import) -> Import:
        start_import(self.session, found, now=NOW, actor=Actor(self.lead.id))
        self.session.commit()
        return self.run(found)

    def undo(self, found: Import) -> Import:
        undo_import(self.session, found, now=NOW, actor=Actor(self.lead.id))
        self.session.commit()
        return self.run(found)

    def rows(self, found: Import) -> list[ImportRow]:
        query = sa.select(ImportRow).where(ImportRow.import_id == found.id).order_by(ImportRow.number)
        return list(self.session.execute(query.execution_options(populate_existing=True)).scalars())

    def outcomes(self, found: Import) -> list[str]:
        return [row.outcome.value for row in self.rows(found)]

    def orders(self) -> list[Order]:
        query = sa.select(Order).order_by(Order.order_number).execution_options(populate_existing=True)
        return list(self.session.execute(query).scalars())

    def articles(self) -> dict[str, Article]:
        query = sa.select(Article).where(Article.brand_id == self.brand.id).execution_options(populate_existing=True)
        return {one.sku: one for one in self.session.execute(query).scalars()}


@pytest.fixture
def files(app: Flask, db_session: Session) -> Iterator[Files]:
    brand, other = make_brand(db_session, name="ChargeCars"), make_brand(db_session, "laderthuis", "LaderThuis")
    lead = make_user(db_session, "Leila", role=Role.LEAD, brands=(brand,))
    for sku, price in (("WB-11", "849.00"), ("INST", "395.00")):
        add_article(db_session, brand_id=brand.id, sku=sku, name=f"Article {sku}", unit_price=Decimal(price), now=NOW)
    db_session.commit()
    with app.app_context():
        yield Files(db_session, brand, other, lead)


def order_file(*rows: str) -> str:
    return "\n".join((HEADS, *rows, ""))
