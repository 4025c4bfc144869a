"""Dice that know people, companies, subjects and the ways in which programs write mail."""

from __future__ import annotations

import base64
import quopri
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime

from tests.mail.corpus_tools import Headers, crlf, mail_of, multipart

US = "service@laadpunt.example"
_SUBJECTS = {
    "nl": (
        "Uw offerte voor een laadpaal",
        "Afspraak voor de schouw",
        "Factuur 2026-0418",
        "Storing aan uw laadpunt",
        "Levering van de groepenkast",
        "Uw vraag over lastverdeling",
    ),
    "en": ("Your quote for a charger", "Appointment for the site visit", "Invoice 2026-0418", "Your charging station is offline"),
    "fr": ("Votre devis pour une borne", "Rendez-vous pour la visite", "Facture 2026-0418", "Panne de votre borne de recharge"),
    "de": ("Ihr Angebot für eine Wallbox", "Termin für die Besichtigung", "Rechnung 2026-0418", "Störung Ihrer Wallbox"),
    "es": ("Su presupuesto del cargador", "Cita para la visita", "Factura 2026-0418"),
    "it": ("Il vostro preventivo", "Appuntamento per il sopralluogo", "Fattura 2026-0418"),
    "pl": ("Oferta na ładowarkę", "Faktura 2026-0418"),
    "sv": ("Din offert på laddbox", "Faktura 2026-0418"),
    "pt": ("O seu orçamento", "Fatura 2026-0418"),
    "da": ("Dit tilbud på en ladestander", "Faktura 2026-0418"),
}
_NAMES = {
    "nl": (
        "Jan de Vries",
        "Fatima el Amrani",
        "Piet Jansen",
        "Anneke van der Berg",
        "Bram Dekkers",
        "Sanne Mulder",
        "Ömer Yıldız",
    ),
    "en": ("Grace Hall", "Tom O'Neill", "Priya Patel", "William Baker", "Chloe Adams"),
    "fr": ("Élodie Lefèvre", "Luc Moreau", "Amélie Dubois", "Hervé Petit", "Noémie Girard"),
    "de": ("Jürgen Müller", "Anke Schäfer", "Uwe Groß", "Sabine König", "Lukas Weiß"),
    "es": ("José Núñez", "Lucía Gómez"),
    "it": ("Giulia Rossi", "Marco D'Amico"),
    "pl": ("Łukasz Nowak", "Zofia Wójcik"),
    "sv": ("Åsa Lindqvist", "Björn Öberg"),
    "pt": ("João Gonçalves", "Inês Araújo"),
    "da": ("Søren Kjær", "Mette Østergaard"),
}
_DOMAINS = (
    "gmail.example",
    "hotmail.example",
    "ziggo.example",
    "bakker-bouw.example",
    "proximus.example",
    "vve-duin.example",
    "web.example",
    "orange.example",
    "installatie.example",
    "gemeente.example",
)
_CHARSETS = {"pl": ("utf-8", "iso-8859-2"), "nl": ("utf-8", "iso-8859-1", "windows-1252", "us-ascii")}
_START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)


class Dice(random.Random):
    """Seeded by the name of a shape and a number: one shape more changes no other mail."""

    def __init__(self, name: str, number: int) -> None:
        super().__init__(f"{name}/{number}")
        self.number = number
        self.lang = "nl"

    def language(self, *languages: str) -> str:
        self.lang = self.choice(languages or ("nl", "nl", "nl", "en", "fr", "de"))
        return self.lang

    def said(self, **texts: Sequence[str] | str) -> str:
        """One of the texts of the language that was thrown, English where there is none; blanks are filled in."""
        own = texts.get(self.lang) or texts["en"]
        text = own if isinstance(own, str) else self.choice(list(own))
        for name, value in self.words().items():
            text = text.replace("{" + name + "}", value)
        return text

    def words(self) -> dict[str, str]:
        return {
            "name": self.name(),
            "number": str(self.randint(1000, 99999)),
            "day": self.choice(["3 december", "ma 14-12", "21/12", "5 janvier", "January 4", "7. Januar"]),
            "street": self.choice(["Dorpsstraat 12", "Rue Haute 4", "High Street 9", "Lindenallee 3"]),
            "phone": self.choice(["06-12345678", "+32 470 12 34 56", "0900 1234", "+49 151 2345678"]),
            "subject": self.our_subject(),
            "mail": self.address(),
        }

    def name(self) -> str:
        return self.choice(_NAMES.get(self.lang, _NAMES["nl"]))

    def domain(self) -> str:
        return self.choice(_DOMAINS)

    def address(self, name: str = "") -> str:
        words = list("".join(c for c in (name or self.name()).lower() if c.isascii() and (c.isalpha() or c == " ")).split())
        local = self.choice([".".join(words), words[0], words[0][:1] + words[-1], f"{words[-1]}{self.randint(50, 99)}"])
        return f"{local or 'klant'}@{self.domain()}"

    def our_subject(self) -> str:
        return self.choice(_SUBJECTS.get(self.lang, _SUBJECTS["nl"]))

    def our_id(self) -> str:
        return f"<c{self.randint(1, 9000)}.m{self.getrandbits(60):x}.{self.getrandbits(40):x}@mail.laadpunt.example>"

    def message_id(self, domain: str = "") -> str:
        return self.choice(
            [
                f"<{self.getrandbits(120):x}@{domain or self.domain()}>",
                f"<CAF{self.getrandbits(90):x}=w@mail.gmail.example>",
                f"<AM0PR04MB{self.randint(1000, 9999)}{self.getrandbits(100):X}@AM0PR04MB1.eurprd04.prod.outlook.example>",
            ]
        )

    def at(self) -> str:
        return format_datetime(_START + timedelta(minutes=self.randint(0, 40_000)))

    def coded(self, text: str) -> str:
        """A header value as programs write it: in encoded words, or in bare UTF-8."""
        if text.isascii():
            return text
        how = self.random()
        return Header(text, "utf-8", maxlinelen=900).encode() if how < 0.5 else text if how < 0.6 else _words(text, how < 0.8)

    def sender(self, name: str, address: str) -> tuple[str, str]:
        shown = self.choice(
            [f"{self.coded(name)} <{address}>", f'"{name}" <{address}>' if name.isascii() else address, f"<{address}>"]
        )
        return ("From", shown)

    def base(self, subject: str, *, sender: tuple[str, str], to: str = US) -> Headers:
        """What every mail has, in one of the orders programs write it."""
        rows = [
            sender,
            ("To", self.choice([to, f"Laadpunt Service <{to}>"])),
            ("Subject", self.coded(subject)),
            ("Date", self.at()),
        ]
        rows += [("Message-ID", self.message_id()), ("MIME-Version", "1.0")]
        if self.random() < 0.3:
            self.shuffle(rows)
        return [*self.trace(), *rows]

    def trace(self) -> Headers:
        rows = [("Received", f"from mx{self.randint(1, 9)}.{self.domain()} by mail.laadpunt.example; {self.at()}")]
        rows += [("Received", f"from [10.0.0.{self.randint(2, 250)}] by relay.{self.domain()} with ESMTPS; {self.at()}")]
        rows += [("Authentication-Results", "mail.laadpunt.example; spf=pass; dkim=pass; dmarc=pass")]
        return rows[: self.randint(0, 3)]

    def answer(self) -> Headers:
        """The headers of an answer to a mail of ours."""
        own = self.our_id()
        return self.choice(
            [[("In-Reply-To", own), ("References", own)], [("In-Reply-To", own)], [("References", f"<a@b.example> {own}")]]
        )

    def body(self, headers: Headers, text: str) -> bytes:
        """The email with `text` as plain text, HTML or both, in some charset and encoding."""
        how = self.choice(["plain", "plain", "alternative", "alternative", "html", "bare"])
        if how == "bare":
            return crlf(_lines(headers) + b"\n" + text.encode("utf-8"))
        if how == "alternative":
            parts = [self.part(text, "plain"), self.part(_html(text), "html")]
            return mail_of(headers, multipart("alternative", parts, boundary=f"=_{self.getrandbits(60):x}"))
        return crlf(_lines(headers)) + self.part(_html(text) if how == "html" else text, how)

    def part(self, text: str, kind: str) -> bytes:
        charset = self.choice(_CHARSETS.get(self.lang, ("utf-8", "utf-8", "iso-8859-1")))
        try:
            data = text.encode(charset)
        except UnicodeEncodeError:
            charset, data = "utf-8", text.encode("utf-8")
        ways = {"quoted-printable": quopri.encodestring, "base64": base64.encodebytes, "8bit": bytes}
        way = self.choice(list(ways))
        return crlf(
            f"Content-Type: text/{kind}; charset={charset}\nContent-Transfer-Encoding: {way}\n\n".encode()
            + ways[way](data)
            + b"\n"
        )


def _lines(headers: Headers) -> bytes:
    return "".join(f"{name}: {value}\n" for name, value in headers).encode("utf-8", "surrogateescape")


def _html(text: str) -> str:
    rows = "".join(f"<p>{row}</p>" for row in text.replace("&", "&amp;").replace("<", "&lt;").splitlines() if row)
    return f"<html><body style='font-family:Calibri'>{rows}</body></html>"


def _words(text: str, q: bool) -> str:
    if q:
        return "=?utf-8?Q?" + "".join(f"={b:02X}" if b > 126 or chr(b) in "=?_ " else chr(b) for b in text.encode()) + "?="
    return "=?UTF-8?B?" + base64.b64encode(text.encode()).decode() + "?="
