"""Articles and prices from files."""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa

from app.domain.imports.models import ImportKind
from app.domain.orders.actions import NewLine
from app.domain.orders.models import ArticlePrice, LineItem
from tests.domain.imports.conftest import Files
from tests.domain.orders.factories import make_order
from tests.factories import make_contact

ARTICLES = "Artikelnummer;Naam;Prijs;Actief\nWB-11;Wallbox 11 kW;899,00;ja\nNEW-1;Kabel;4,3725;\nINST;Article INST;395;ja\n"


def test_articles_are_made_changed_and_put_back(files: Files) -> None:
    found = files.read(ARTICLES, ImportKind.ARTICLES)
    assert files.outcomes(found) == ["changes", "new", "same"]
    files.start(found)
    found_articles = files.articles()
    assert (found_articles["WB-11"].unit_price, found_articles["NEW-1"].unit_price) == (Decimal("899"), Decimal("4.3725"))
    files.undo(found)
    after = files.articles()
    assert (set(after), after["WB-11"].name, after["WB-11"].unit_price) == ({"WB-11", "INST"}, "Article WB-11", Decimal("849"))


def test_an_article_that_was_ordered_stays_and_the_undo_says_so(files: Files) -> None:
    found = files.make("sku,name,price\nNEW-1,Kabel,5\nNEW-2,Paal,\n", ImportKind.ARTICLES)
    make_order(files.session, files.brand, make_contact(files.session), lines=[_line("NEW-1")])
    files.session.commit()
    files.undo(found)
    assert files.outcomes(found) == ["left", "taken_back"]
    assert "switch it off" in files.rows(found)[0].problems[0]["text"]


def test_prices_hold_from_a_day_on_and_count_for_new_lines(files: Files) -> None:
    content = "sku;prijs;vanaf;tot\nWB-11;799,00;01-01-2020;\nWB-11;1,00;2020-01-01;\nINST;10;2030-01-01;2029-01-01\n"
    found = files.read(content, ImportKind.PRICES)
    assert files.outcomes(found) == ["new", "wrong", "wrong"]
    files.start(found)
    order = make_order(files.session, files.brand, make_contact(files.session), lines=[_line("WB-11"), _line("INST")])
    prices = sa.select(LineItem.unit_price).where(LineItem.order_id == order.id).order_by(LineItem.position)
    assert files.session.execute(prices).scalars().all() == [Decimal("799"), Decimal("395")]
    files.session.commit()
    again = files.make(content.replace("799,00", "789,00"), ImportKind.PRICES)
    assert files.outcomes(again)[0] == "changed"
    files.undo(again)
    assert files.session.execute(sa.select(ArticlePrice.unit_price)).scalar_one() == Decimal("799")
    files.undo(found)
    assert files.session.execute(sa.select(ArticlePrice)).first() is None


def test_articles_of_another_brand_are_none_of_ours(files: Files) -> None:
    stored = files.begin("sku;price;from\nWB-11;1;2026-01-01\n", ImportKind.PRICES, files.other)
    found = files.run(stored)
    assert files.outcomes(found) == ["wrong"]
    assert "not an article of this brand" in files.rows(found)[0].problems[0]["text"]


def _line(sku: str) -> NewLine:
    return NewLine("", Decimal(1), sku)
