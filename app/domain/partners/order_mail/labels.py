"""Labels that precede values in order mails, in four languages. Data only. Corrections of a layout add further labels."""

from __future__ import annotations

from typing import Final

REFERENCE, NAME, EMAIL, PHONE = "partner_order_id", "customer.name", "customer.email", "customer.phone"
ADDRESS, LINES, DATE, NOTES = "address", "lines", "preferred_date", "notes"
STREET, NUMBER, ADDITION = "address.street", "address.house_number", "address.addition"
CODE, CITY = "address.postal_code", "address.city"
REQUIRED: Final = (REFERENCE, NAME, EMAIL, PHONE, ADDRESS, LINES)
PATHS: Final = (*REQUIRED, DATE, NOTES)
PARTS: Final = (STREET, NUMBER, ADDITION, CODE, CITY)

LABELS: Final[dict[str, tuple[str, ...]]] = {
    REFERENCE: (
        "ordernummer", "order nr", "ordernr", "opdrachtnummer", "opdrachtnr", "opdracht", "referentie", "onze referentie",
        "ons kenmerk", "kenmerk",
        "dossier", "dossiernummer", "order no", "order number", "order", "reference", "our reference", "po", "po number", "job",
        "job number",
        "n° de commande", "numéro de commande", "commande", "réf", "référence", "notre référence", "auftragsnummer",
        "bestellnummer", "auftrag", "referenz", "werkbon", "werkbonnummer", "bestelnummer",
    ),
    NAME: (
        "naam", "klant", "klantnaam", "naam klant", "contactpersoon", "t.n.v", "bewoner", "eindklant", "name", "customer",
        "customer name", "contact", "contact person", "end customer", "nom", "client", "nom du client", "nom et prénom", "kunde",
        "kundenname", "ansprechpartner", "endkunde",
    ),
    EMAIL: ("e-mail", "email", "mail", "mailadres", "e-mailadres", "emailadres", "e-mail klant", "courriel", "e-mail address",
            "email address", "adresse e-mail", "e-mail-adresse"),
    PHONE: ("telefoon", "telefoonnummer", "tel", "tel.nr", "mobiel", "gsm", "mobiel nummer", "phone", "mobile", "phone number",
            "telephone", "téléphone", "tél", "portable", "telefonnummer", "handy", "telefon", "telefoon klant"),
    ADDRESS: ("installatieadres", "adres", "uitvoeradres", "werkadres", "locatie", "installation address", "install address",
              "site address", "address", "site", "adresse d'installation", "adresse", "lieu d'installation",
              "installationsadresse", "montageadresse", "plaatsingsadres"),
    STREET: ("straat", "straatnaam", "street", "rue", "straße", "strasse"),
    NUMBER: ("huisnummer", "huisnr", "nummer", "house number", "number", "numéro", "hausnummer", "nr"),
    ADDITION: ("toev", "toevoeging", "huisnummertoevoeging", "addition", "suffix"),
    CODE: ("postcode", "postal code", "zip", "code postal", "plz", "postleitzahl"),
    CITY: ("woonplaats", "plaats", "stad", "city", "town", "ville", "ort", "stadt"),
    DATE: ("gewenste datum", "voorkeur", "voorkeursdatum", "gewenste installatiedatum", "preferred date", "requested date",
           "date souhaitée", "wunschtermin", "planning", "uiterlijk"),
    NOTES: ("opmerkingen", "opmerking", "bijzonderheden", "toelichting", "remarks", "notes", "comment", "comments", "remarques",
            "remarque", "bemerkungen", "bemerkung", "let op"),
}  # fmt: skip
# Addresses of other kinds: never where it is installed.
OTHERS: Final = ("factuuradres", "afleveradres", "billing address", "delivery address", "adresse de facturation",
                 "rechnungsadresse", "postadres", "kvk", "btw", "iban", "vat", "onderwerp", "kvk-nummer", "ean",
                 "ean-code")  # fmt: skip
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "sku": ("artikel", "artikelnummer", "artikelnr", "art.nr", "sku", "item", "code", "productcode", "article", "référence",
            "artikelcode", "part number"),
    "description": ("omschrijving", "product", "beschrijving", "description", "désignation", "bezeichnung", "beschreibung"),
    "quantity": ("aantal", "qty", "quantity", "quantité", "qté", "menge", "anzahl", "stuks"),
}  # fmt: skip
SKU_LABELS: Final = ("artikel", "artikelnummer", "artikelnr", "product", "productcode", "sku", "item", "article", "laadpaal")
QUANTITY_LABELS: Final = COLUMNS["quantity"]
CANCELS: Final = ("annuleer", "annuleren", "annulering", "geannuleerd", "cancel", "cancelled", "cancellation", "annuler",
                  "annulation", "annulée", "storno", "stornieren", "vervallen", "intrekken")  # fmt: skip
TOTALS: Final = ("totaal", "total", "subtotaal", "summe", "gesamt", "btw", "tva", "vat")


def folded(text: str) -> str:
    """Normalise a label for comparison: lower case, single spaces, without punctuation at both ends."""
    return " ".join(text.casefold().strip(" :*.•-–").split())


BY_LABEL: Final[dict[str, str]] = {label: path for path, labels in LABELS.items() for label in labels}
