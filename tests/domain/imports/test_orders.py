"""Orders from files: looked at first, made once, taken back as a whole."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.core.db import table_of, transaction
from app.core.promises import call_and_note
from app.core.runtime import runtime
from app.core.work import claim
from app.domain.contacts.models import Contact
from app.domain.events.actions import Actor
from app.domain.events.models import Event, OutboxEntry
from app.domain.imports import run as running
from app.domain.imports.actions import UnableToImport, start_import, take_columns, undo_import
from app.domain.imports.jobs import IMPORTS, run_import
from app.domain.imports.models import Import, ImportPhase
from app.domain.orders.actions import edit_order
from app.domain.orders.models import LineItem, OrderStatus, OrderTaxTotal
from app.domain.transitions.models import Transition
from tests.domain.imports.conftest import Files, order_file
from tests.factories import NOW

JAN = "SHOP-1;Jan Janssen;jan@example.com;Kerkstraat;12;1234AB;Amsterdam;WB-11;1;;approved;Achterom"
JAN_TOO = "SHOP-1;Jan Janssen;jan@example.com;;;;;INST;2;395,00;;"
PIET = "SHOP-2;Piet;;;;;;Kabel;12,5;4,37;;"
WRONG = "SHOP-3;;geen adres;;;;;WB-11;1.000;1.250;completed;"


def test_a_preview_makes_nothing_and_says_what_is_wrong_and_what_to_do(files: Files) -> None:
    found = files.read(order_file(JAN, JAN_TOO, PIET, WRONG))
    assert (found.phase, found.total, files.outcomes(found)) == (ImportPhase.PREVIEW, 3, ["new", "new", "wrong"])
    assert files.orders() == []
    first, _second, wrong = files.rows(found)
    assert first.after is not None
    assert (first.number, first.after["total"], len(first.cells)) == (2, "1983.19", 2)  # (849 + 2 × 395) + 21 %
    assert {one["column"] for one in wrong.problems} == {"customer_name", "email", "quantity", "unit_price", "status"}
    assert "1250 or 1.25" in str(wrong.problems)


def test_orders_are_made_once_with_lines_taxes_history_and_nobody_told(files: Files) -> None:
    content = order_file(JAN, JAN_TOO, PIET, WRONG)
    found = files.make(content)
    assert (found.phase, files.outcomes(found)) == (ImportPhase.DONE, ["made", "made", "wrong"])
    one, two = files.orders()
    assert [order.order_number[-5:] for order in (one, two)] == ["00001", "00002"]
    assert (one.status, one.gross_total, one.currency, one.notes) == (OrderStatus.APPROVED, Decimal("1983.19"), "EUR", "Achterom")
    assert (two.status, two.net_total, two.tax_total) == (OrderStatus.NEW, Decimal("54.63"), Decimal("11.47"))
    assert one.external_references == {"order_reference": "SHOP-1"}
    assert one.address_id is not None
    counts = [
        files.session.execute(sa.select(sa.func.count()).select_from(model)).scalar_one() for model in (LineItem, OrderTaxTotal)
    ]
    assert counts == [3, 2]
    begun = files.session.execute(sa.select(Transition).where(Transition.entity_id == one.id)).scalar_one()
    assert (begun.seq, begun.from_status, begun.to_status, begun.actor_id) == (1, None, "approved", files.lead.id)
    assert [event.type for event in files.session.execute(sa.select(Event)).scalars()] == ["OrderImported", "OrderImported"]
    assert files.session.execute(sa.select(sa.func.count()).select_from(OutboxEntry)).scalar_one() == 0
    again = files.make(content)
    assert (files.outcomes(again), len(files.orders())) == (["same", "same", "wrong"], 2)


def test_a_file_changes_notes_and_priority_of_orders_that_are_there_and_an_undo_puts_them_back(files: Files) -> None:
    files.make(order_file(PIET))
    number = files.orders()[0].order_number
    found = files.read(f"order_number,customer_name,notes,priority\n{number},Piet,Bel eerst,urgent\nXX-2026-1,Piet,,\n")
    assert files.outcomes(found) == ["changes", "wrong"]
    files.start(found)
    order = files.orders()[0]
    assert (order.notes, order.priority.value, files.outcomes(found)) == ("Bel eerst", "urgent", ["changed", "wrong"])
    files.undo(found)
    order = files.orders()[0]
    assert (order.notes, order.priority.value, files.outcomes(found)) == ("", "normal", ["taken_back", "wrong"])


def test_an_undo_cancels_what_was_made_and_leaves_what_was_touched_with_the_reason(files: Files) -> None:
    content = order_file(JAN, PIET)
    found = files.make(content)
    _one, two = files.orders()
    edit_order(files.session, two.id, {"notes": "gebeld"}, now=NOW, actor=Actor(files.lead.id))
    files.session.commit()
    files.undo(found)
    assert (found.phase, files.outcomes(found)) == (ImportPhase.UNDONE, ["taken_back", "left"])
    assert "since" in files.rows(found)[1].problems[0]["text"]
    assert [order.status for order in files.orders()] == [OrderStatus.CANCELLED, OrderStatus.NEW]
    assert files.session.execute(sa.select(sa.func.count()).select_from(OutboxEntry)).scalar_one() == 0  # no message follows
    again = files.make(content)
    assert files.outcomes(again) == ["made", "same"]


def test_a_worker_killed_in_the_middle_leaves_whole_batches_and_the_next_goes_on(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "READ", 2)
    monkeypatch.setattr(running, "WRITE", 2)
    found = files.begin(order_file(*(f"R-{number};Klant {number};;;;;;WB-11;1;;;" for number in range(1, 6))))
    for phase in (ImportPhase.PREVIEW, ImportPhase.DONE):
        files.session.commit()
        with transaction() as session:
            lease = claim(session, table_of(Import), found.id)
            assert lease is not None
            work = running.prepare(session, lease)
        assert call_and_note(IMPORTS, lease, work)  # one batch; then it dies with its lease
        run_import(row_id=str(found.id))  # another is told that somebody has it
        assert len(files.outcomes(found)) == 2 or files.outcomes(found).count("made") == 2
        files.session.execute(sa.update(Import).values(lease_until=sa.func.now() - sa.text("interval '1 hour'")))
        files.session.commit()
        assert files.run(found).phase is phase
        if phase is ImportPhase.PREVIEW:
            start_import(files.session, found, now=NOW, actor=Actor(files.lead.id))
            files.session.commit()
    assert files.outcomes(found) == ["made"] * 5
    assert [order.order_number[-1] for order in files.orders()] == ["1", "2", "3", "4", "5"]
    run_import(row_id=str(found.id))  # a second time is nothing
    assert len(files.orders()) == 5


def test_what_changed_since_the_preview_is_left_out(files: Files) -> None:
    first, second = files.read(order_file(JAN, PIET)), files.read(order_file(PIET))
    files.start(second)
    assert files.outcomes(files.start(first)) == ["made", "skipped"]
    assert len(files.orders()) == 2


def test_two_rows_of_one_customer_are_one_contact(files: Files) -> None:
    files.make(order_file(JAN, JAN.replace("SHOP-1", "SHOP-9")))
    one, two = files.orders()
    assert one.customer_contact_id == two.customer_contact_id
    assert files.session.execute(sa.select(Contact.name).where(Contact.name.startswith("Jan"))).scalars().all() == ["Jan Janssen"]


def test_references_are_of_a_brand_and_stand_in_a_file_once(files: Files) -> None:
    found = files.make(order_file(PIET, JAN, PIET))
    assert files.outcomes(found) == ["made", "made", "wrong"]
    other = files.run(files.begin(order_file(PIET), brand=files.other))
    assert files.outcomes(other) == ["new"]


def test_a_hostile_file_is_text_and_its_rows_are_refused_one_by_one(files: Files) -> None:
    hostile = '=HYPERLINK(""x"")'
    rows = (
        f'H-1;"{hostile}";;;;;;WB-11;1;;;"<script>alert(1)</script>"',
        "H-2;Piet;;;;;;WB-11;1;;;;;;extra",
        "8,71688E+17;Piet;;;;;;WB-11;1;;;",
        f"H-4;{'x' * 300};;;;;;WB-11;1;;;",
        "H-5;Piet;;;;;;WB-11;99999999999999999999;NaN;;",
    )
    found = files.make(order_file(*rows))
    assert files.outcomes(found) == ["made", "wrong", "wrong", "wrong", "wrong"]
    customer = sa.select(Contact.name).where(Contact.id == files.orders()[0].customer_contact_id)
    assert files.session.execute(customer).scalar_one() == '=HYPERLINK("x")'


def test_columns_that_are_missing_are_named_and_chosen_by_hand(files: Files) -> None:
    found = files.read("ref,wie,artikel\nA-1,Jan,WB-11\n")
    assert (found.phase, found.columns) == (ImportPhase.UNREADABLE, ["", "", "article"])
    assert found.problem == "No column for “Customer”: choose one under “Columns”"
    with pytest.raises(UnableToImport):
        take_columns(files.session, found, ["reference", "reference", ""])
    take_columns(files.session, found, ["reference", "customer_name", "article"])
    files.session.commit()
    assert files.run(found).phase is ImportPhase.PREVIEW
    assert files.outcomes(found) == ["new"]


def test_a_file_that_is_no_table_or_gone_says_so(files: Files) -> None:
    assert files.read(b"\x89PNG\x00").problem.startswith("This is not a table")
    found = files.begin(order_file(JAN))
    runtime().storage.delete(found.storage_key)
    assert "upload it again" in files.run(found).problem
    with pytest.raises(UnableToImport):
        undo_import(files.session, found, now=NOW, actor=Actor())
