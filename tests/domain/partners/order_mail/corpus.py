"""Order emails with their truth: the order first, then the email from it, in the layouts of twelve senders.

Shares no code with the reader. `KNOWN` layouts are those the reader was built and counted on; nothing was made for those that are
`UNSEEN`. People are invented, addresses are of the `example` domains.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

FIRST = ("Jan", "Marit", "Olaf", "Hanna", "Sem", "Noor", "Tygo", "Lieke", "Bas", "Aylin", "Zoë", "Jörg", "Chloé", "Piet-Hein")
LAST = ("Janssen", "de Groot", "van den Berg", "Vos", "El Amrani", "O'Connor", "Mol", "Kuiper", "Jänssen", "van 't Hoff", "Smit")
STREETS = ("Kerkstraat", "Molenweg", "Dorpsstraat", "Burg. Jansenlaan", "Plein 1944", "Lange Voorhout", "Wilhelminapark")
CITIES = (("1234", "Amsterdam"), ("3511", "Utrecht"), ("2011", "Haarlem"), ("6511", "Nijmegen"), ("2514", "Den Haag"))
PRODUCTS = (
    ("ALV-LP11-S", "Laadpaal 11 kW, socket"), ("ALV-KBL-05", "Meerwerk kabel"), ("ALV-INST-1F", "Installatie 1-fase"),
    ("ALVA-EVE-11", "Alfen Eve Single"), ("LP22D", "Laadpaal dubbel"),
)  # fmt: skip
SIGNATURES = (
    "Met vriendelijke groet,\nTeam Orders, Alva Energie\nKvK 34112233 · 088 – 220 11 00\norders@alva.example",
    "Kind regards,\nThe planning desk\nphone +31 88 220 1100 · planning@alva.example\nVAT NL001234567B01",
    "Cordialement,\nService commandes\ntél. +32 2 555 12 12",
)


@dataclass(frozen=True)
class Truth:
    """An order as it is meant."""

    reference: str
    name: str
    email: str
    phone: str
    street: str
    number: str
    code: str
    city: str
    lines: tuple[tuple[str, str, int], ...]
    date: date | None
    note: str
    missing: str = ""

    @property
    def e164(self) -> str:
        return "+31" + "".join(sign for sign in self.phone if sign.isdigit()).removeprefix("0031").removeprefix(
            "31"
        ).removeprefix("0")

    @property
    def address(self) -> str:
        return f"{self.street} {self.number}, {self.code} {self.city}"


@dataclass(frozen=True)
class Mail:
    layout: str
    subject: str
    truth: Truth
    text: str = ""
    html: str = field(default="", repr=False)


def make_truth(dice: random.Random, number: int) -> Truth:
    name = f"{dice.choice(FIRST)} {dice.choice(LAST)}"
    digits = f"6{dice.randrange(10_000_000, 99_999_999)}"
    phone = dice.choice(
        (f"0{digits}", f"+31 {digits[0]} {digits[1:5]} {digits[5:]}", f"06 - {digits[1:5]} {digits[5:]}", f"0031{digits}")
    )
    code, city = dice.choice(CITIES)
    spaced = dice.choice((" ", ""))
    lines = tuple((sku, words, dice.choice((1, 1, 1, 2, 12))) for sku, words in dice.sample(PRODUCTS, dice.choice((1, 1, 2, 3))))
    day = date(2026, 12, 1) + timedelta(days=dice.randrange(60)) if dice.random() < 0.6 else None
    note = dice.choice(("", "", "Meterkast zit in de kelder", "Hond loopt los; eerst bellen", "Garage via de achterom"))
    missing = dice.choice(("name", "email", "phone", "reference", "address")) if dice.random() < 0.12 else ""
    mailbox = name.split()[0].lower().encode("ascii", "ignore").decode()
    return Truth(
        f"ALV-{number}", name, f"{mailbox}.{number}@{dice.choice(('example.nl', 'mail.example.com'))}", phone,
        dice.choice(STREETS), dice.choice(("12", "7A", "100-2", "4 bis", "31")),
        f"{code}{spaced}{dice.choice(('AB', 'CD', 'GX'))}", city, lines, day, note, missing,
    )  # fmt: skip


def _rows(truth: Truth, words: dict[str, str], day: str) -> list[tuple[str, str]]:
    values = {
        "reference": truth.reference, "name": truth.name, "phone": truth.phone, "email": truth.email, "address": truth.address,
        "date": day, "note": truth.note,
    }  # fmt: skip
    return [(words[key], value) for key, value in values.items() if key in words and value and key != truth.missing]


NL = {"reference": "Opdrachtnummer", "name": "Naam", "phone": "Telefoon", "email": "E-mail", "address": "Installatieadres",
      "date": "Gewenste datum", "note": "Opmerkingen"}  # fmt: skip
NL2 = {"reference": "Ordernummer", "name": "Klant", "phone": "Tel", "email": "E-mailadres", "address": "Adres", "note": "Let op"}
EN = {"reference": "Order no", "name": "Customer", "phone": "Phone", "email": "E-mail", "address": "Installation address",
      "date": "Preferred date", "note": "Remarks"}  # fmt: skip
FR = {"reference": "N° de commande", "name": "Nom", "phone": "Téléphone", "email": "Courriel",
      "address": "Adresse d'installation", "date": "Date souhaitée", "note": "Remarques"}  # fmt: skip
DE = {"reference": "Auftragsnummer", "name": "Kunde", "phone": "Telefon", "email": "E-Mail", "address": "Montageadresse",
      "note": "Bemerkungen"}  # fmt: skip
UK = {"reference": "Job number", "name": "Contact person", "phone": "Mobile", "email": "Email", "address": "Site address"}


def _html_rows(rows: list[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><td><b>{label}</b></td><td>{value}</td></tr>" for label, value in rows)
    return f'<table border="1">{cells}</table>'


def _html_lines(truth: Truth, heads: tuple[str, str, str]) -> str:
    head = "".join(f"<th>{one}</th>" for one in heads)
    body = "".join(f"<tr><td>{sku}</td><td>{words}</td><td>{count}</td></tr>" for sku, words, count in truth.lines)
    return f"<table><tr>{head}</tr>{body}</table>"


def _break(text: str) -> str:
    return text.replace("\n", "<br>")


def alva_table(truth: Truth, dice: random.Random) -> Mail:
    day = truth.date.strftime("%d-%m-%Y") if truth.date else ""
    billing = [("Factuuradres", "Alva Energie, Postbus 220, 3800 AE Amersfoort")]
    html = (
        f"<p>Beste ChargeCars,</p><p>Hierbij een nieuwe installatieopdracht.</p>{_html_rows([*_rows(truth, NL, day), *billing])}"
        f"<br>{_html_lines(truth, ('Artikel', 'Omschrijving', 'Aantal'))}<p>{_break(SIGNATURES[0])}</p>"
    )
    return Mail("alva_table", f"Nieuwe opdracht {truth.reference} – laadpaal {truth.city}", truth, html=html)


def colon_nl(truth: Truth, dice: random.Random) -> Mail:
    rows = "\n".join(f"{label}: {value}" for label, value in _rows(truth, NL2, ""))
    lines = "\n".join(f"{count}x {sku} {words}" for sku, words, count in truth.lines)
    return Mail(
        "colon_nl",
        f"Order {truth.reference}",
        truth,
        text=f"Hallo,\n\nGraag inplannen:\n\n{rows}\n\n{lines}\n\n{SIGNATURES[0]}\n",
    )


def parts_nl(truth: Truth, dice: random.Random) -> Mail:
    rows = [*_rows(truth, {**NL, "address": "x"}, truth.date.isoformat() if truth.date else "")]
    rows = [row for row in rows if row[0] != "x"]
    if truth.missing != "address":
        rows += [("Straat", truth.street), ("Huisnummer", truth.number), ("Postcode", truth.code), ("Woonplaats", truth.city)]
    lines = "\n".join(f"Artikel: {sku}\nAantal: {count}" for sku, _words, count in truth.lines)
    body = "\n".join(f"{label}: {value}" for label, value in rows)
    return Mail("parts_nl", f"Opdracht {truth.reference} {truth.name}", truth, text=f"{body}\n{lines}\n")


def english_table(truth: Truth, dice: random.Random) -> Mail:
    day = f"{truth.date.day} {truth.date:%B} {truth.date.year}" if truth.date else ""
    html = (
        f"<div>Dear team,</div><div>please plan this installation.</div>{_html_rows(_rows(truth, EN, day))}"
        f"{_html_lines(truth, ('SKU', 'Description', 'Qty'))}<div>{_break(SIGNATURES[1])}</div>"
        '<div style="display:none">Order no: EVIL-1 quantity 100</div>'
    )
    return Mail("english_table", f"New installation {truth.reference}", truth, html=html)


def french_colon(truth: Truth, dice: random.Random) -> Mail:
    rows = "\n".join(
        f"{label} : {value}" for label, value in _rows(truth, FR, truth.date.strftime("%d/%m/%Y") if truth.date else "")
    )
    lines = "\n".join(f"- {count} x {sku} {words}" for sku, words, count in truth.lines)
    return Mail("french_colon", f"Commande {truth.reference}", truth, text=f"Bonjour,\n\n{rows}\n\n{lines}\n\n{SIGNATURES[2]}")


def forwarded(truth: Truth, dice: random.Random) -> Mail:
    head = "Van: Alva Orders <orders@alva.example>\nVerzonden: maandag 23 november 2026 14:28\nAan: Team <team@alva.example>\n"
    head += f"Onderwerp: Opdracht {truth.reference}\n"
    rows = "\n".join(
        f"{label}\t{value}" for label, value in _rows(truth, NL, truth.date.strftime("%d.%m.%Y") if truth.date else "")
    )
    lines = "Artikel\tOmschrijving\tAantal\n" + "\n".join(f"{sku}\t{words}\t{count}" for sku, words, count in truth.lines)
    text = f"Zie onder, graag oppakken.\n\n{SIGNATURES[0]}\n\n{head}\n{rows}\n\n{lines}\n"
    return Mail("forwarded", f"FW: Opdracht {truth.reference}", truth, text=text)


def divs(truth: Truth, dice: random.Random) -> Mail:
    rows = "".join(f"<div><span>{label}:</span> {value}</div>" for label, value in _rows(truth, NL2, ""))
    lines = "".join(f"<div>{count} st. {sku} {words}</div>" for sku, words, count in truth.lines)
    return Mail("divs", f"Bestelling {truth.reference}", truth, html=f"<div>Goedemorgen,</div>{rows}<div><br></div>{lines}")


def german_table(truth: Truth, dice: random.Random) -> Mail:
    html = f"<p>Guten Tag,</p>{_html_rows(_rows(truth, DE, ''))}{_html_lines(truth, ('Artikelnummer', 'Bezeichnung', 'Menge'))}"
    return Mail(
        "german_table", f"Auftrag {truth.reference}", truth, html=f"{html}<p>Mit freundlichen Grüßen<br>Alva · 0800 1234567</p>"
    )


def prose(truth: Truth, dice: random.Random) -> Mail:
    count, sku = truth.lines[0][2], truth.lines[0][0]
    text = (
        f"Goedemiddag,\n\nWillen jullie bij {truth.name} langsgaan? Het gaat om {count} keer {sku}.\n"
        f"Het adres is {truth.address}.\n"
        f"De klant is bereikbaar op {truth.phone} of via {truth.email}.\n\nOns nummer is {truth.reference}.\n\n{SIGNATURES[0]}"
    )
    return Mail("prose", "Nieuwe klus", truth, text=text)


def stacked(truth: Truth, dice: random.Random) -> Mail:
    rows = "\n".join(f"{label.upper()}\n{value}\n" for label, value in _rows(truth, NL, ""))
    lines = "\n".join(f"{sku} ({count})" for sku, _words, count in truth.lines)
    return Mail("stacked", f"{truth.reference}", truth, text=f"{rows}\nPRODUCTEN\n{lines}\n")


def across(truth: Truth, dice: random.Random) -> Mail:
    rows = _rows(truth, NL, "")
    html = "<table><tr>" + "".join(f"<th>{label}</th>" for label, _value in rows) + "</tr><tr>"
    html += "".join(f"<td>{value}</td>" for _label, value in rows) + "</tr></table>"
    return Mail("across", f"Opdracht {truth.reference}", truth, html=html + _html_lines(truth, ("Code", "Product", "Stuks")))


def nested(truth: Truth, dice: random.Random) -> Mail:
    inner, lines = _html_rows(_rows(truth, UK, "")), _html_lines(truth, ("Item", "Description", "Quantity"))
    return Mail(
        "nested", f"Job {truth.reference}", truth,
        html=f"<table><tr><td>Header</td></tr><tr><td>{inner}</td></tr><tr><td>{lines}</td></tr></table>",
    )  # fmt: skip


Make = Callable[[Truth, random.Random], Mail]
KNOWN: tuple[Make, ...] = (alva_table, colon_nl, parts_nl, english_table, french_colon, forwarded, divs, german_table)
UNSEEN: tuple[Make, ...] = (prose, stacked, across, nested)


def make_mails(seed: int, layouts: tuple[Make, ...], each: int) -> list[Mail]:
    """`each` mails of every layout."""
    dice = random.Random(seed)
    numbers = iter(dice.sample(range(10_000, 99_999), len(layouts) * each))
    return [make(make_truth(dice, next(numbers)), dice) for make in layouts for _ in range(each)]
