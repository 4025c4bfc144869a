"""Conversations in the quoting style of many mail programs: customer and service answer each other, each quoting the other.

Styles were noted from mails of these programs in 2024–2026 and rebuilt with invented people.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from tests.mail.corpus_tools import Headers, mail, mail_of, multipart, text_part

CUSTOMER = ("Jan de Vries", "jan.devries@klant.example")
SERVICE = ("Installatie Service", "service@laadpunt.example")
TYPED = [
    "Goedemorgen,\n\nWat kost een laadpaal van 11 kW met installatie?\n\nGroet, Jan",
    "Beste Jan,\n\nRond 1.450 euro. Zullen we dinsdag komen kijken?\n\nVriendelijke groet,\nSanne",
    "Dinsdag is goed, liefst na tien uur.\n\nJan",
    "Genoteerd: dinsdag tussen tien en twaalf.\n\nSanne",
    "Top, tot dan!",
]
Author = tuple[str, str]


@dataclass(frozen=True)
class Chain:
    """`typed[i]` is all the author of `mails[i]` wrote himself."""

    name: str
    mails: list[bytes]
    typed: list[str]


@dataclass(frozen=True)
class Style:
    """How a program quotes: text, HTML ("" for programs that send text alone), and which threading headers it sets."""

    quote: Callable[[Author, int, str], str]
    markup: Callable[[Author, int, str], str] | None
    domain: str
    sets: tuple[str, ...] = ("In-Reply-To", "References")
    prefix: str = "Re: "


@cache
def chains() -> list[Chain]:
    return [_chain(name, style) for name, style in STYLES.items()]


def _chain(name: str, style: Style) -> Chain:
    mails: list[bytes] = []
    ids: list[str] = []
    text = ""
    for step, typed in enumerate(TYPED):
        author, reader = (CUSTOMER, SERVICE) if step % 2 == 0 else (SERVICE, CUSTOMER)
        quote = style.quote(reader, step, text) if step else ""
        text = f"{typed}\n{quote}" if step else f"{typed}\n"
        headers = _headers(name, style, step, author, reader, ids)
        mails.append(_body(headers, style, typed, quote, reader, step))
        ids.append(headers[4][1].strip("<>"))
    return Chain(name, mails, list(TYPED))


def _headers(name: str, style: Style, step: int, author: Author, reader: Author, ids: list[str]) -> Headers:
    headers: Headers = [
        ("From", f"{author[0]} <{author[1]}>"),
        ("To", f"{reader[0]} <{reader[1]}>"),
        ("Subject", f"{style.prefix * min(step, 1)}Laadpaal thuis"),
        ("Date", f"Sat, 21 Nov 2026 1{step}:15:00 +0100"),
        ("Message-ID", f"<{name}.{step}.{'0a1b2c' * 6}@{style.domain}>"),
        ("MIME-Version", "1.0"),
    ]
    if step and "In-Reply-To" in style.sets:
        headers.append(("In-Reply-To", f"<{ids[-1]}>"))
    if step and "References" in style.sets:
        headers.append(("References", "\n ".join(f"<{item}>" for item in ids)))
    return headers


def _body(headers: Headers, style: Style, typed: str, quote: str, quoted_author: Author, step: int) -> bytes:
    text = f"{typed}\n{quote}"
    if style.markup is None:
        return mail([*headers, ("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", "8bit")], text)
    own = "".join(f"<div>{html.escape(line) or '<br>'}</div>" for line in typed.splitlines())
    markup = own + (style.markup(quoted_author, step, TYPED[step - 1]) if step else "")
    page = f"<html><head><meta charset=utf-8></head><body>{markup}</body></html>"
    return mail_of(headers, multipart("alternative", [text_part(text), text_part(page, kind="html")]))


def _marked(text: str) -> str:
    return "\n".join(f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in text.rstrip("\n").splitlines())


def _attributed(line: str, *, gap: str = "\n\n") -> Callable[[Author, int, str], str]:
    """Styles of the kind "On …, X wrote:" with ">" before each line."""

    def quote(author: Author, step: int, text: str) -> str:
        return "\n" + line.format(name=author[0], address=author[1], hour=9 + step) + gap + _marked(text) + "\n"

    return quote


def _block(*labels: str, before: str = "", stars: bool = False) -> Callable[[Author, int, str], str]:
    """Styles of the kind "From: … Sent: … To: … Subject: …" with the text below unmarked."""

    def quote(author: Author, step: int, text: str) -> str:
        values = [
            f"{author[0]} <{author[1]}>",
            f"zaterdag 21 november 2026 {9 + step}:15",
            "de ander <ander@elders.example>",
            "Laadpaal thuis",
        ]
        names = [f"*{label}:*" if stars else f"{label}:" for label in labels]
        lines = [f"{label} {value}" for label, value in zip(names, values, strict=True)]
        return "\n" + before + "\n".join(lines) + "\n\n" + text.rstrip("\n") + "\n"

    return quote


def _gmail(line: str) -> Callable[[Author, int, str], str]:
    def markup(author: Author, step: int, text: str) -> str:
        told = html.escape(line.format(name=author[0], address=author[1], hour=9 + step).replace("\n", " "))
        quoted = html.escape(text).replace("\n", "<br>")
        return (
            f'<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{told}<br></div>'
            '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204)">'
            f"{quoted}</blockquote></div>"
        )

    return markup


def _outlook(*labels: str) -> Callable[[Author, int, str], str]:
    def markup(author: Author, step: int, text: str) -> str:
        values = (
            f"{author[0]} &lt;{author[1]}&gt;",
            f"zaterdag 21 november 2026 {9 + step}:15",
            "ander@elders.example",
            "Laadpaal thuis",
        )
        lines = "<br>".join(f"<b>{label}:</b> {value}" for label, value in zip(labels, values, strict=True))
        quoted = html.escape(text).replace("\n", "<br>")
        return (
            '<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">'
            f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif">{lines}</font><div>&nbsp;</div></div>'
            f"<div>{quoted}</div>"
        )

    return markup


def _cited(line: str) -> Callable[[Author, int, str], str]:
    def markup(author: Author, step: int, text: str) -> str:
        told = html.escape(line.format(name=author[0], address=author[1], hour=9 + step))
        quoted = html.escape(text).replace("\n", "<br>")
        return f'<div class="moz-cite-prefix">{told}<br></div><blockquote type="cite">{quoted}</blockquote>'

    return markup


_GMAIL_NL = "Op za 21 nov 2026 om {hour}:15 schreef {name} <{address}>:"
_GMAIL_EN = "On Sat, Nov 21, 2026 at {hour}:15 AM {name} <{address}>\nwrote:"
_GMAIL_DE = "Am Sa., 21. Nov. 2026 um {hour}:15 Uhr schrieb {name} <\n{address}>:"
_GMAIL_FR = "Le sam. 21 nov. 2026 à {hour}:15, {name} <{address}> a écrit :"
_LINE = "________________________________\n"
_EXCHANGE = "AM9PR04MB8505.eurprd04.prod.outlook.example"

STYLES: dict[str, Style] = {
    "gmail_nl": Style(_attributed(_GMAIL_NL), _gmail(_GMAIL_NL), "mail.gmail.example"),
    "gmail_en": Style(_attributed(_GMAIL_EN), _gmail(_GMAIL_EN), "mail.gmail.example"),
    "gmail_de": Style(_attributed(_GMAIL_DE), _gmail(_GMAIL_DE), "mail.gmail.example"),
    "gmail_fr": Style(_attributed(_GMAIL_FR), _gmail(_GMAIL_FR), "mail.gmail.example"),
    "outlook_nl": Style(
        _block("Van", "Verzonden", "Aan", "Onderwerp"), _outlook("Van", "Verzonden", "Aan", "Onderwerp"), _EXCHANGE, prefix="RE: "
    ),
    "outlook_en": Style(
        _block("From", "Sent", "To", "Subject"), _outlook("From", "Sent", "To", "Subject"), _EXCHANGE, prefix="RE: "
    ),
    "outlook_de": Style(
        _block("Von", "Gesendet", "An", "Betreff"), _outlook("Von", "Gesendet", "An", "Betreff"), _EXCHANGE, prefix="AW: "
    ),
    "outlook_fr": Style(_block("De", "Envoyé", "À", "Objet"), _outlook("De", "Envoyé", "À", "Objet"), _EXCHANGE, prefix="TR: "),
    "outlook_web_nl": Style(
        _block("Van", "Verzonden", "Aan", "Onderwerp", before=_LINE), _outlook("Van", "Verzonden", "Aan", "Onderwerp"), _EXCHANGE
    ),
    "outlook_mobile_nl": Style(
        _block("Van", "Datum", "Aan", "Onderwerp", before="\nOutlook voor iOS downloaden\n" + _LINE), None, _EXCHANGE
    ),
    "outlook_old_nl": Style(
        _block("Van", "Verzonden", "Aan", "Onderwerp", before="-----Oorspronkelijk bericht-----\n"),
        None,
        "pc.example",
        ("In-Reply-To",),
    ),
    "outlook_old_en": Style(
        _block("From", "Sent", "To", "Subject", before="-----Original Message-----\n"), None, "pc.example", ("In-Reply-To",)
    ),
    "outlook_stars_en": Style(_block("From", "Sent", "To", "Subject", stars=True), None, _EXCHANGE),
    "apple_nl": Style(
        _attributed("> Op 21 nov 2026, om {hour}:15 heeft {name} <{address}> het volgende geschreven:".removeprefix("> ")),
        _cited("Op 21 nov 2026, om {hour}:15 heeft {name} <{address}> het volgende geschreven:"),
        "klant.example",
    ),
    "apple_en": Style(_attributed("On 21 Nov 2026, at {hour}:15, {name} <{address}> wrote:"), None, "klant.example"),
    "iphone_nl": Style(
        _attributed(
            "Verstuurd vanaf mijn iPhone\n\nOp 21 nov. 2026 om {hour}:15 heeft {name} <{address}> het volgende geschreven:"
        ),
        None,
        "klant.example",
    ),
    "iphone_en": Style(
        _attributed("Sent from my iPhone\n\nOn 21 Nov 2026, at {hour}:15, {name} <{address}> wrote:"), None, "klant.example"
    ),
    "thunderbird_nl": Style(
        _attributed("Op 21-11-2026 om {hour}:15 schreef {name}:", gap="\n"),
        _cited("Op 21-11-2026 om {hour}:15 schreef {name}:"),
        "klant.example",
    ),
    "thunderbird_en": Style(
        _attributed("On 21/11/2026 {hour}:15, {name} wrote:", gap="\n"),
        _cited("On 21/11/2026 {hour}:15, {name} wrote:"),
        "klant.example",
    ),
    "thunderbird_old_nl": Style(_attributed("{name} schreef op 21-11-2026 {hour}:15:", gap="\n"), None, "klant.example"),
    "samsung_nl": Style(
        _block(
            "Van", "Datum", "Aan", "Onderwerp", before="Verzonden vanaf mijn Galaxy\n\n-------- Oorspronkelijk bericht --------\n"
        ),
        None,
        "email.samsung.example",
    ),
    "yahoo_nl": Style(
        _attributed("Op zaterdag 21 november 2026 om {hour}:15:00 CET schreef {name} <{address}>: "), None, "mail.yahoo.example"
    ),
    "proton_en": Style(
        _attributed("On Saturday, November 21st, 2026 at {hour}:15, {name} <{address}> wrote:"), None, "proton.example"
    ),
    "zimbra_nl": Style(
        _block("Van", "Verzonden", "Aan", "Onderwerp", before="----- Oorspronkelijk bericht -----\n"),
        None,
        "zimbra.example",
        ("References",),
    ),
    "kpn_webmail": Style(_attributed("Op 21-11-2026 {hour}:15 CET schreef {name} <{address}>:"), None, "kpnmail.example"),
}
