"""`orders import`: says what a file would do, makes valid rows in it, and names the rest."""

from __future__ import annotations

import json
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.orders.models import Order
from tests.factories import make_brand
from tests.process.cli.conftest import Run

HEADS = "Referentie;Klant;Omschrijving;Aantal;Prijs"
RIGHT, WRONG = "SHOP-1;Jan Janssen;Laadpaal;1;849,00", "SHOP-2;;Laadpaal;1.000;1.250"


def test_what_is_right_in_a_file_is_made_and_the_rest_is_named(run: Run, db_session: Session, tmp_path: Path) -> None:
    make_brand(db_session)
    db_session.commit()
    path = tmp_path / "orders.csv"
    path.write_text("\n".join((HEADS, RIGHT, WRONG, "")))
    words = ("orders", "import", str(path), "--brand", "chargecars")
    tried = run(*words, "--dry-run", "--json")
    assert json.loads(tried.output.splitlines()[-1])["rows"] == {"new": 1, "wrong": 1}
    count = sa.select(sa.func.count()).select_from(Order)
    assert db_session.execute(count).scalar_one() == 0
    made = run(*words)
    assert made.exit_code == 1, "a row was left out"
    assert "line 3  quantity: can be read as 1000 or 1" in made.output
    assert "1 made" in made.output
    assert db_session.execute(count).scalar_one() == 1


def test_a_file_that_is_none_and_a_brand_that_is_none_are_said(run: Run, db_session: Session, tmp_path: Path) -> None:
    make_brand(db_session)
    db_session.commit()
    path = tmp_path / "orders.csv"
    path.write_bytes(b"")
    assert run("orders", "import", str(path), "--brand", "chargecars").exit_code == 1
    path.write_text(HEADS)
    assert "nobody" in run("orders", "import", str(path), "--brand", "nobody").output
