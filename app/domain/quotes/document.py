"""Draw a quote or order confirmation as a PDF."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask_babel import force_locale, format_date
from flask_babel import gettext as _

from app.core.money_words import amount_words, money_words, number_words

if TYPE_CHECKING:
    from app.core.pdf import Document


@dataclass(frozen=True)
class Paper:
    """The settings of the document. `until`: the end of the quote's validity. `accepted_by` and `accepted_at`: who accepted it
    and when.

    All times are timezone-aware.
    """

    is_quote: bool
    language: str
    made_at: datetime
    zone: str
    until: datetime | None = None
    accepted_by: str = ""
    accepted_at: datetime | None = None


def write_document(content: dict[str, Any], paper: Paper) -> bytes:
    """Return the content as a PDF. The same input gives the same bytes."""
    from app.core.pdf import Document  # what draws takes long to import, and most processes never draw

    with force_locale(paper.language):
        title = str(_("Quotation")) if paper.is_quote else str(_("Order confirmation"))
        document = Document(
            title=f"{title} {content['number']}",
            language=paper.language,
            made_at=paper.made_at,
            footer=f"{content['brand']} · {content['number']}",
        )
        document.heading(title, aside=content["number"])
        document.facts(_facts(content, paper))
        _add_lines(document, content, paper.language)
        for sentence in content["sentences"]:
            document.paragraph(sentence, soft=True)
        if paper.accepted_at is not None:
            day = _day(paper.accepted_at, paper.zone)
            document.paragraph(str(_("Accepted by %(name)s on %(day)s.", name=paper.accepted_by, day=day)))
        elif paper.is_quote and paper.until is not None:
            document.paragraph(str(_("This quote is valid until %(day)s.", day=_day(paper.until, paper.zone))))
        return document.to_bytes()


def sums_of(content: dict[str, Any], language: str) -> list[tuple[str, str]]:
    """Return the rows below the order lines as pairs (label, amount), the total last. Used for page and PDF.

    Return [] if the order is unpriced.
    """
    if content["gross"] is None:
        return []
    currency = content["currency"]
    rows = []
    if Decimal(content["discount"]):
        rows.append((str(_("Discount")), money_words(-Decimal(content["discount"]), currency, language)))
    rows.append((str(_("Without tax")), money_words(Decimal(content["net"]), currency, language)))
    for tax in content["taxes"]:
        rate, taxable = number_words(Decimal(tax["rate"]), language), amount_words(Decimal(tax["taxable"]), language)
        words = str(_("%(tax)s %(rate)s%% of %(amount)s", tax=tax["part"], rate=rate, amount=taxable))
        rows.append((words, money_words(Decimal(tax["tax"]), currency, language)))
    return [*rows, (str(_("Total")), money_words(Decimal(content["gross"]), currency, language))]


def cells_of(line: dict[str, Any], language: str) -> tuple[str, str, str, str, str]:
    """Return (description, quantity, price, discount, amount) of an order line as texts in the given language.

    Price, discount or amount is "" if there is none.
    """
    price, discount = line["unit_price"], Decimal(line["discount"])
    return (
        line["description"],
        number_words(Decimal(line["quantity"]), language),
        "" if price is None else amount_words(Decimal(price), language),
        amount_words(discount, language) if discount else "",
        "" if line["amount"] is None else amount_words(Decimal(line["amount"]), language),
    )


def _facts(content: dict[str, Any], paper: Paper) -> list[tuple[str, str]]:
    return [
        (str(_("Customer")), "\n".join([content["customer"], *content["place"]])),
        (str(_("Date")), _day(paper.made_at, paper.zone)),
        (str(_("From")), content["brand"]),
        (str(_("Valid until")), _day(paper.until, paper.zone) if paper.until else ""),
    ]


def _add_lines(document: Document, content: dict[str, Any], language: str) -> None:
    from app.core.pdf import Column

    prices = _("Price with tax") if content["prices_include_tax"] else _("Price without tax")
    columns = [
        Column(str(_("Description")), 4),
        Column(str(_("Quantity")), 1, is_number=True),
        Column(str(prices), 1.6, is_number=True),
        Column(str(_("Discount")), 1.1, is_number=True),
        Column(str(_("Amount")), 1.4, is_number=True),
    ]
    rows = [cells_of(line, language) for line in content["lines"]]
    if not any(row[3] for row in rows):
        del columns[3]
        document.table(columns, [(*row[:3], row[4]) for row in rows])
    else:
        document.table(columns, rows)
    document.totals(sums_of(content, language))


def _day(at: datetime, zone: str) -> str:
    return str(format_date(at.astimezone(ZoneInfo(zone)).date(), "d MMMM y"))
