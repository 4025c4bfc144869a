"""What the reader makes of a mail of the corpus beside its truth."""

from __future__ import annotations

from app.domain.partners.order_mail.labels import ADDRESS, DATE, EMAIL, LINES, NAME, PHONE, REFERENCE, REQUIRED
from app.domain.partners.order_mail.lines import lines_of
from app.domain.partners.order_mail.reader import Hints, Reading, read_mail
from tests.domain.partners.order_mail.corpus import PRODUCTS, Mail

HINTS = Hints(frozenset({"alva.example"}), {}, frozenset(sku.casefold() for sku, _words in PRODUCTS))
OF_MISSING = {"name": NAME, "email": EMAIL, "phone": PHONE, "reference": REFERENCE, "address": ADDRESS}


def read(mail: Mail) -> Reading:
    return read_mail(lines_of(mail.text, mail.html, subject=mail.subject), subject=mail.subject, hints=HINTS)


def rights(mail: Mail, reading: Reading) -> dict[str, bool]:
    """For each field that was read, whether it is right. One that the mail does not have is wrong, whatever it is."""
    truth = mail.truth
    wanted = {
        REFERENCE: truth.reference,
        NAME: truth.name,
        EMAIL: truth.email,
        PHONE: truth.e164,
        LINES: [(sku, count) for sku, _words, count in truth.lines],
        DATE: truth.date,
        ADDRESS: (
            truth.street,
            truth.number.replace(" ", "").replace("-", "").casefold(),
            truth.code.replace(" ", ""),
            truth.city,
        ),
    }
    absent = OF_MISSING.get(truth.missing)
    found = {}
    for path, one in reading.fields.items():
        if path not in wanted:
            continue
        value = one.value
        if path == LINES:
            value = [(line["sku"], line["quantity"]) for line in value]
        elif path == ADDRESS:
            number = f"{value.house_number}{value.house_number_addition}".replace(" ", "").replace("-", "").casefold()
            value = (value.street, number, value.postal_code, value.city)
        is_in_subject = path == REFERENCE and one.value == truth.reference  # it still stands in the subject
        found[path] = value == wanted[path] and (path != absent or is_in_subject)
    return found


def is_right(mail: Mail, reading: Reading) -> bool:
    """Whether everything that is required is there and right."""
    found = rights(mail, reading)
    return all(found.get(path, False) for path in REQUIRED)
