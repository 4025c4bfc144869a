"""List the tax codes: their rates, their parts, and the sentence that a document must show. Pure data. A bookkeeper decides
which code applies.

A rate is a row with the day on which it began, so a change of rates is one more row. TPS and TVQ of Quebec are both
calculated on the price without tax (since 2013), and every document shows them separately.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.core.text import mark as N_


@dataclass(frozen=True)
class TaxPart:
    """One tax on a price. `name` is printed on documents. `rate` is in per cent."""

    name: str
    rate: Decimal


@dataclass(frozen=True)
class TaxCode:
    """A tax code. `category` is the code of EN 16931 (S standard, Z zero, AE reverse charge, E exempt).

    `sentence` is printed on documents, "" for none. If `needs_vat_number` is True, the VAT number of the buyer must be
    known.
    """

    code: str
    words: str
    country: str
    category: str
    parts: tuple[TaxPart, ...]
    sentence: str = ""
    needs_vat_number: bool = False
    valid_from: date = date(2000, 1, 1)

    @property
    def rate(self) -> Decimal:
        """Return the sum of the rates of all parts, in per cent."""
        return sum((part.rate for part in self.parts), Decimal(0))


def _nl(code: str, words: str, rate: str, category: str = "S", sentence: str = "", *, needs_vat_number: bool = False) -> TaxCode:
    return TaxCode(code, words, "NL", category, (TaxPart("BTW", Decimal(rate)),), sentence, needs_vat_number)


CODES = {
    one.code: one
    for one in (
        _nl("nl_21", N_("VAT 21 per cent (Netherlands)"), "21"),
        _nl("nl_9", N_("VAT 9 per cent (Netherlands)"), "9"),
        _nl("nl_0", N_("VAT 0 per cent (Netherlands)"), "0", "Z"),
        _nl("nl_reverse", N_("VAT reverse charge (Netherlands)"), "0", "AE", "btw verlegd", needs_vat_number=True),
        TaxCode("be_21", N_("Belgian VAT 21 per cent"), "BE", "S", (TaxPart("BTW", Decimal(21)),)),
        TaxCode("be_6", N_("Belgian VAT 6 per cent"), "BE", "S", (TaxPart("BTW", Decimal(6)),)),
        TaxCode(
            "qc", N_("GST 5 and QST 9.975 per cent"), "CA", "S", (TaxPart("TPS", Decimal(5)), TaxPart("TVQ", Decimal("9.975")))
        ),
        TaxCode("qc_exempt", N_("No GST or QST"), "CA", "E", (TaxPart("TPS", Decimal(0)), TaxPart("TVQ", Decimal(0)))),
    )
}
STANDARD = "nl_21"


def codes_like(code: str) -> list[TaxCode]:
    """Return all tax codes of the same country as `code`, the standard one first."""
    return [one for one in CODES.values() if one.country == CODES[code].country]
