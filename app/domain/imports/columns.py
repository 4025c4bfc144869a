"""List the fields of each kind of import, and recognise a file's columns by name in three languages. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.text import mark as N_
from app.domain.imports.models import ImportKind


@dataclass(frozen=True)
class Field:
    """A field of an import. `key`: its name in the API and in our own exports. `heads`: other names that its column may have,
    each as `fold` returns it. `is_needed`: the file must have it."""

    key: str
    words: str
    heads: frozenset[str] = frozenset()
    is_needed: bool = False


def fold(head: str) -> str:
    """Return a column's name in lower case, without accents and signs. "E-mail adres" and "e_mail_adres" both become "e mail
    adres"."""
    plain = unicodedata.normalize("NFKD", head.casefold()).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[a-z0-9]+", plain))


def _field(key: str, words: str, heads: str = "", *, is_needed: bool = False) -> Field:
    return Field(key, words, frozenset(fold(one) for one in heads.split("|") if one), is_needed)


SKU = "sku|article|article number|item|item number|artikel|artikelnummer|artikelcode|code|numéro d'article|référence article"
PRICE = "price|unit price|prijs|stukprijs|prijs per stuk|prix|prix unitaire"
FIELDS: Mapping[ImportKind, tuple[Field, ...]] = {
    ImportKind.ORDERS: (
        _field("order_number", N_("Order number"), "order number|order|ordernummer|numéro de commande"),
        _field("reference", N_("Customer reference"),
               "customer reference|reference|external reference|order reference|"
               "referentie|ordernummer klant|externe referentie|référence"),
        _field("customer_name", N_("Customer"), "customer|name|customer name|klant|klantnaam|naam|client|nom|nom du client",
               is_needed=True),
        _field("email", N_("Email"), "e-mail|mail|email address|e-mail address|e-mailadres|mailadres|courriel|adresse e-mail"),
        _field("phone", N_("Phone"), "telephone|mobile|phone number|telefoon|telefoonnummer|mobiel|téléphone"),
        _field("street", N_("Street"), "address|straat|adres|straatnaam|rue|adresse"),
        _field("house_number", N_("House number"), "number|huisnummer|nummer|huisnr|numéro"),
        _field("addition", N_("House number suffix"), "house number addition|suffix|toevoeging|huisnummertoevoeging|complément"),
        _field("postal_code", N_("Postcode"), "zip|zip code|postcode|postal code|code postal"),
        _field("city", N_("Town"), "town|plaats|woonplaats|stad|ville"),
        _field("country", N_("Country"), "land|pays"),
        _field("status", N_("Status"), "order status|statut"),
        _field("priority", N_("Priority"), "prioriteit|priorité"),
        _field("notes", N_("Notes"), "note|remarks|notitie|notities|opmerking|opmerkingen|remarque|remarques"),
        _field("article", N_("Article"), SKU),
        _field("description", N_("Description"), "product|omschrijving|beschrijving|désignation|produit"),
        _field("quantity", N_("Quantity"), "qty|aantal|quantité"),
        _field("unit_price", N_("Price"), PRICE),
        _field("discount", N_("Discount"), "line discount|korting|regelkorting|remise|rabais"),
        _field("tax_code", N_("Tax"), "tax|vat|btw|btw-code|tva|taxe"),
        _field("currency", N_("Currency"), "valuta|munt|devise"),
    ),
    ImportKind.ARTICLES: (
        _field("sku", N_("Number"), f"{SKU}|number|nummer", is_needed=True),
        _field("name", N_("Name"), "description|naam|omschrijving|nom|désignation", is_needed=True),
        _field("unit_price", N_("Price"), PRICE),
        _field("tax_code", N_("Tax"), "tax|vat|btw|btw-code|tva|taxe"),
        _field("active", N_("Switched on"), "is active|switched on|on|actief|ingeschakeld|actif|activé"),
        _field("currency", N_("Currency"), "valuta|munt|devise"),
    ),
    ImportKind.PRICES: (
        _field("sku", N_("Article"), f"{SKU}|number|nummer", is_needed=True),
        _field("unit_price", N_("Price"), PRICE, is_needed=True),
        _field("valid_from", N_("Valid from"), "from|start|geldig vanaf|vanaf|ingangsdatum|valable à partir du|début",
               is_needed=True),
        _field("valid_until", N_("Valid before"),
               "valid before|until before|until|valid to|end|geldig tot|tot|einddatum|valable jusqu'au|fin"),
        _field("currency", N_("Currency"), "valuta|munt|devise"),
    ),
}  # fmt: skip


def choose_columns(kind: ImportKind, heads: Sequence[str]) -> list[str]:
    """Return the key of a field for each column, "" for a column that matches no field. A field is used only once, for the
    first column that matches."""
    taken: set[str] = set()
    columns = []
    for head in heads:
        folded = fold(head)
        found = next((one for one in FIELDS[kind] if folded == fold(one.key)), None)
        found = found or next((one for one in FIELDS[kind] if folded in one.heads and one.key not in taken), None)
        key = found.key if found is not None and found.key not in taken else ""
        taken.add(key)
        columns.append(key)
    return columns


def missing_fields(kind: ImportKind, columns: Sequence[str]) -> list[Field]:
    """Return the required fields that no column has. `columns` has the field keys of the columns."""
    return [one for one in FIELDS[kind] if one.is_needed and one.key not in columns]
