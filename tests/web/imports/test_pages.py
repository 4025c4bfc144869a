"""A lead imports a file of orders, looks at it first, undoes the whole of it, and takes orders away as a file."""

from __future__ import annotations

import io
import re

import pytest
import sqlalchemy as sa

from app.domain.accounts.models import Role
from app.domain.events.models import AuditEntry
from app.domain.imports.jobs import run_import
from app.domain.imports.models import Import
from app.domain.orders.models import OrderStatus
from tests.domain.orders.conftest import Desk
from tests.factories import make_user
from tests.support.signing_in import csrf_token

FILE = "Referentie;Klant;Artikel;Aantal;Prijs;Telefoon\nS-1;Jan;Wallbox;2;1249,50;+31612345678\nS-2;Piet;Kabel;x;1;\n"


@pytest.fixture
def lead(desk: Desk) -> Desk:
    desk.as_user(make_user(desk.session, "Leila", role=Role.LEAD, brands=(desk.brand,)))
    return desk


def upload(desk: Desk, content: str, **more: object) -> str:
    """Returns the page of the import, read."""
    fields = {"kind": "orders", "brand": desk.brand.id, "csrf_token": csrf_token(desk.client.plain), **more}
    file = (io.BytesIO(content.encode()), "orders.csv")
    answer = desk.client.post("/imports", data={**fields, "file": file}, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    work(desk)
    return str(answer.location)


def work(desk: Desk) -> None:
    for import_id in desk.session.execute(sa.select(Import.id).where(Import.state == "ready")).scalars():
        with desk.client.plain.application.app_context():
            run_import(row_id=str(import_id))
    desk.session.expire_all()


def test_a_file_is_looked_at_imported_and_undone(lead: Desk) -> None:
    path = upload(lead, FILE)
    preview = lead.get(path)
    assert "Ready to import" in preview
    assert "Aantal: must be a number above 0" in preview
    assert "2 × Wallbox" in preview
    assert lead.orders() == []
    errors = lead.get(f"{path}/errors.csv")
    assert "S-2" in errors
    assert "S-1" not in errors
    assert lead.post(f"{path}/start").status_code == 303
    work(lead)
    order = lead.orders()[0]
    done = lead.get(path)
    assert order.order_number in done
    assert f'href="/orders/{order.id}"' in done
    assert "imported the order" in lead.get(f"/orders/{order.id}")
    export = lead.get("/orders/export?format=programs")
    assert f"{order.order_number},S-1," in export
    assert "1249.50" in export
    assert lead.post(f"{path}/undo").status_code == 303
    work(lead)
    assert "Reverted" in lead.get(path)
    assert [one.status for one in lead.orders()] == [OrderStatus.CANCELLED]
    actions = set(lead.session.execute(sa.select(AuditEntry.action)).scalars())
    assert {"ImportBegun", "ImportStarted", "ImportUndone", "OrdersExported"} <= actions


def test_what_was_exported_is_imported_as_all_the_same(lead: Desk) -> None:
    lead.post(f"{upload(lead, FILE)}/start")
    work(lead)
    export = lead.get("/orders/export")
    assert "'+31612345678" in export  # a spreadsheet must not compute it
    again = lead.get(upload(lead, export))
    assert re.search(r"Unchanged</dt><dd[^>]*>1<", again)


def test_nobody_imports_for_another_brand_or_without_a_file(lead: Desk) -> None:
    fields = {"kind": "orders", "csrf_token": csrf_token(lead.client.plain)}
    answer = lead.client.post("/imports", data={**fields, "brand": lead.other.id}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert 'href="#field-brand"' in answer.text
    assert 'href="#field-file"' in answer.text
    assert lead.session.execute(sa.select(Import)).first() is None


def test_an_agent_sees_neither_door_nor_page(desk: Desk) -> None:
    assert "/imports" not in desk.get("/orders")
    assert desk.client.get("/imports").status_code == 403
    assert desk.client.get("/orders/export").status_code == 403
