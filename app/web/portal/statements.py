"""Portal page of the monthly commission statement. It shows only the commissions of the visitor's own organization."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from app.core.db import db
from app.domain.partners.statements import Statement, read_statement
from app.web.pages import page
from app.web.partners.commissions import asked_month, month_key, previous_month, statement_table
from app.web.portal.blueprint import Visitor, bp, visitor


@bp.get("/portal/statements")
def statements() -> ResponseReturnValue:
    """Show the commission statement of a month (`month=2026-11`; default: this month)."""
    seen, month = visitor(), asked_month()
    return page(
        "portal/statements.html",
        partner=seen.sight.partner,
        statement=_read(seen),
        month=month_key(month),
        before=month_key(previous_month(month)),
    )


@bp.get("/portal/statements.csv")
def statements_table() -> ResponseReturnValue:
    """Serve the commission statement of a month as a CSV file."""
    seen = visitor()
    return statement_table(_read(seen), name=seen.sight.partner.slug)


def _read(seen: Visitor) -> Statement:
    sight = seen.sight
    return read_statement(db.session(), sight.partner.id, month=asked_month(), beneficiary_id=sight.beneficiary_id)
