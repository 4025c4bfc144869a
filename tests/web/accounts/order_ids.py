"""An order with all that its URLs name, for the table of every URL."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.ids import new_id
from app.domain.accounts.models import Brand, User
from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM, Actor
from app.domain.orders.actions import NewLine
from app.domain.orders.articles import add_article
from app.domain.orders.lines import LineContent, add_line
from app.domain.orders.models import OrderView
from app.domain.orders.regroup import duplicate_order
from app.domain.quotes.actions import NewQuote, make_quote
from app.domain.transitions.queries import find_last_transition
from tests.domain.imports.factories import make_import
from tests.domain.orders.factories import make_order
from tests.factories import NOW


def order_ids(session: Session, brand: Brand, customer: Contact, owner: User) -> dict[str, object]:
    """An order of the brand, quoted, and an article."""
    order = make_order(session, brand, customer, lines=(NewLine("Wallbox 11kW", unit_price=Decimal(849)),))
    change = add_line(session, order.id, LineContent("Kabel", Decimal(1), Decimal(5)), now=NOW, actor=SYSTEM)
    begun = find_last_transition(session, "order", order.id)
    assert begun is not None
    new = NewQuote(new_id(), "nl", utc_now() + timedelta(days=9))
    quote, token = make_quote(session, order.id, new, now=utc_now(), actor=SYSTEM)
    _copy, regrouped = duplicate_order(session, order.id, now=NOW, actor=Actor(owner.id))
    view = OrderView(id=new_id(), name="Mine", owner_user_id=owner.id, filters={"status": "new"}, created_at=NOW)
    session.add(view)
    return {
        "order_id": order.id,
        "line_id": UUID(change.payload["line_item_id"]),
        "change_id": change.id,
        "transition_id": begun.id,
        "order_view_id": view.id,
        "regroup_id": regrouped.id,
        "order_batch_id": new_id(),
        "quote_id": quote.id,
        "quote_token": token,
        "import_id": make_import(session, brand, owner).id,
        "article_id": add_article(session, brand_id=brand.id, sku="WB-11", name="Wallbox", unit_price=None, now=NOW).id,
    }
