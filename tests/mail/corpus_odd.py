"""Mails that are odd in one way each, named for it."""

from __future__ import annotations

import base64
from functools import cache

from tests.mail.corpus_calendar import calendar_mails
from tests.mail.corpus_tnef import make_tnef
from tests.mail.corpus_tools import DAY, PIXEL, US, crlf, file_part, mail, mail_of, multipart, person, text_part

KLANT = ("Fatima El Idrissi", "fatima@klant.example")
GROUP_TO = "undisclosed-recipients:;"
LONG_ID = "AM9PR04MB8505" + "C0FFEE" * 18 + "@AM9PR04MB8505.eurprd04.prod.outlook.example"


@cache
def odd_mails() -> dict[str, bytes]:
    """File name → bytes."""
    return {**_threading(), **_charsets(), **_structure(), **_files(), **_headers(), **_protected(), **calendar_mails()}


def _threading() -> dict[str, bytes]:
    references = " ".join(f"<ref{index:02d}.{'x' * 100}@outlook.example>" for index in range(24))
    reused = [header for header in person(*KLANT, "Offerte", number=7) if header[0] != "Message-ID"]
    same_id = [*reused, ("Message-ID", "<altijd-hetzelfde@kapotte-mailer.example>")]
    no_id = [header for header in person(*KLANT, "Zonder kenmerk") if header[0] != "Message-ID"]
    return {
        "references_24_ids_of_over_100_characters.eml": mail(
            [
                *person(*KLANT, "Re: [#1042] Afspraak"),
                ("References", references.replace(" ", "\n ")),
                ("In-Reply-To", f"<{LONG_ID}>"),
            ],
            "Prima.\n",
        ),
        "in_reply_to_as_encoded_words.eml": mail(
            [
                *person(*KLANT, "Re: Afspraak"),
                ("In-Reply-To", "=?utf-8?q?=3CAM9PR04MB8505C0FFEE=5Flang=5Fgenoeg=40outlook=2Eexample=3E?="),
            ],
            "Ja.\n",
        ),
        "in_reply_to_sloppy.eml": mail(
            [
                *person(*KLANT, "Antw: Re: Afspraak"),
                ("In-Reply-To", 'Your message of "Sat, 21 Nov 2026" <een@x.example> (comment) <twee zonder apenstaart> <>'),
                ("References", '"<drie@x.example>",<een@x.example>\n\t<gevouwen\n @x.example>'),
            ],
            "Ja.\n",
        ),
        "message_id_without_at_sign.eml": mail([*no_id, ("Message-ID", "<20261121101500.GA1234>")], "Hallo\n"),
        "message_id_without_brackets.eml": mail([*no_id, ("Message-ID", "kaal-kenmerk@oud.example")], "Hallo\n"),
        "message_id_empty.eml": mail([*no_id, ("Message-ID", "<>"), ("In-Reply-To", "<>"), ("References", "")], "Hallo\n"),
        "message_id_missing.eml": mail(no_id, "Geen kenmerk, wel een vraag.\n"),
        "message_id_of_1200_characters.eml": mail([*no_id, ("Message-ID", f"<{'a' * 1200}@lang.example>")], "Hallo\n"),
        "message_id_reused_first.eml": mail(same_id, "Het eerste bericht.\n"),
        "message_id_reused_second.eml": mail(same_id, "Een heel ander bericht.\n"),
        "plus_address_in_delivered_to.eml": mail(
            [("Delivered-To", "service+T.ABCDEFGH23@laadpunt.example"), *person(*KLANT, "Re: Afspraak")], "Via plus.\n"
        ),
    }


def _charsets() -> dict[str, bytes]:
    prices = "Prijs: € 1.250,– voor “laadpaal” … geïnstalleerd"
    cp1252 = prices.encode("cp1252")
    latin_header = [("Content-Type", "text/plain; charset=iso-8859-1"), ("Content-Transfer-Encoding", "8bit")]
    bare_subject = [header for header in person(*KLANT, "x") if header[0] != "Subject"]
    return {
        "cp1252_declared_as_iso_8859_1.eml": mail([*person(*KLANT, "Prijs"), *latin_header], cp1252 + b"\r\n"),
        "utf8_declared_as_iso_8859_1.eml": mail([*person(*KLANT, "Prijs"), *latin_header], prices.encode() + b"\r\n"),
        "utf8_without_declaration.eml": mail(person(*KLANT, "Café geïnstalleerd"), prices + "\n"),
        "latin1_declared_as_utf8.eml": mail(
            [*person(*KLANT, "Prijs"), ("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", "8bit")],
            "Geïnstalleerd in de hal, één meter hoog.\r\n".encode("latin-1"),
        ),
        "charset_that_does_not_exist.eml": mail(
            [*person(*KLANT, "Prijs"), ("Content-Type", "text/plain; charset=x-mars-8")], prices + "\n"
        ),
        "charset_unknown_8bit_in_subject.eml": mail([*bare_subject, ("Subject", "=?unknown-8bit?Q?Caf=E9_bon?=")], "x\n"),
        "charset_gb2312_with_gbk_characters.eml": mail(
            [*person(*KLANT, "中文"), ("Content-Type", "text/plain; charset=gb2312"), ("Content-Transfer-Encoding", "base64")],
            base64.encodebytes("充電樁 朱镕基".encode("gb18030")),
        ),
        "charset_ks_c_5601_1987.eml": mail(
            [
                *person(*KLANT, "x"),
                ("Content-Type", 'text/plain; charset="ks_c_5601-1987"'),
                ("Content-Transfer-Encoding", "8bit"),
            ],
            "안녕하세요 똠방각하\n".encode("cp949"),
        ),
        "charset_iso_2022_jp_undeclared.eml": mail(person(*KLANT, "x"), "充電について\n".encode("iso-2022-jp")),
        "charset_utf7.eml": mail([*person(*KLANT, "x"), ("Content-Type", "text/plain; charset=utf-7")], b"Prijs +IKw- 5\r\n"),
        "nul_in_subject_and_body.eml": mail(
            [("From", "x@klant.example"), ("To", US), ("Subject", "voor\x00achter"), ("Date", f"{DAY} 10:00:00 +0100")],
            b"een\x00twee\r\n",
        ),
        "subject_character_cut_between_encoded_words.eml": mail(
            [*bare_subject, ("Subject", "=?utf-8?B?4oKsIDEyNSDi?=\n =?utf-8?B?gqwgODA=?= =?utf-8?Q?_per_st=?= =?utf-8?Q?uk?=")],
            "x\n",
        ),
        "subject_with_broken_encoded_word.eml": mail(
            [*bare_subject, ("Subject", "=?utf-8?B?4oKsIDEyNS!!?= en =?utf-8?Q?=ZZ?= slot")], "x\n"
        ),
        "name_right_to_left_override.eml": mail(
            [
                ("From", '"\u202eexe.nod\u202c Bank" <x@klant.example>'),
                ("To", US),
                ("Subject", "שלום \u202eabc"),
                ("Date", f"{DAY} 10:00:00 +0100"),
            ],
            "مرحبا\n",
        ),
        "utf16_file_with_byte_order_mark.eml": b"\xff\xfe"
        + mail(person(*KLANT, "Café"), "Hallo één\n").decode().encode("utf-16-le"),
        "mac_line_ends.eml": mail(person(*KLANT, "Oude Mac"), "Regel een\nRegel twee\n").replace(b"\r\n", b"\r"),
    }


def _structure() -> dict[str, bytes]:
    head = person(*KLANT, "Opbouw")
    plain, rich = text_part("Hallo in tekst.\n"), text_part("<p>Hallo <b>in HTML</b>.</p>", kind="html")
    stub = text_part("Uw e-mailprogramma ondersteunt geen HTML. Bekijk dit bericht in uw browser.\n")
    long_html = text_part(
        "<h1>Aanbieding</h1>" + "<p>Vijf meter kabel en een laadpaal, nu samen voordelig.</p>" * 20, kind="html"
    )
    deep = text_part("Helemaal binnenin.\n")
    for level in range(40):
        deep = multipart("mixed", [deep], boundary=f"niveau-{level}-")
    forwarded = mail(person("Kees", "kees@elders.example", "Originele vraag", number=3), "De oorspronkelijke tekst.\n")
    return {
        "alternative_text_and_html.eml": mail_of(head, multipart("alternative", [plain, rich])),
        "alternative_with_view_in_browser_stub.eml": mail_of(head, multipart("alternative", [stub, long_html])),
        "alternative_with_empty_text.eml": mail_of(head, multipart("alternative", [text_part("\n \n"), rich])),
        "html_only.eml": mail_of(head, rich),
        "apple_mail_text_image_text.eml": mail_of(
            head,
            multipart(
                "mixed",
                [
                    text_part("Voor de foto.\n"),
                    file_part(PIXEL, "image/png; name=foto.png", "inline"),
                    text_part("Na de foto.\n"),
                ],
            ),
        ),
        "empty_body_with_attachment.eml": mail_of(
            head,
            multipart(
                "mixed",
                [text_part(""), file_part(b"%PDF-1.4 leeg", "application/octet-stream", "attachment; filename=offerte.pdf")],
            ),
        ),
        "empty_message.eml": mail(head),
        "headers_only_without_blank_line.eml": mail(head).rstrip(b"\r\n"),
        "inline_images_only.eml": mail_of(
            head, multipart("related", [file_part(PIXEL, "image/png", "inline", [("Content-ID", "<los@x>")])])
        ),
        "related_image_in_html.eml": mail_of(
            head,
            multipart(
                "related",
                [
                    text_part('<p>Meterkast: <img src="cid:meterkast%40x"></p>', kind="html"),
                    file_part(PIXEL, 'image/png; name="meterkast.png"', "inline", [("Content-ID", "<meterkast@x>")]),
                ],
                params='; type="text/html"',
            ),
        ),
        "forwarded_as_attachment.eml": mail_of(
            head, multipart("mixed", [plain, crlf(b"Content-Type: message/rfc822\n\n") + forwarded])
        ),
        "nested_40_deep.eml": mail_of(head, deep),
        "boundary_never_closed.eml": mail_of(head, multipart("mixed", [plain, rich])).rsplit(b"--=_grens_1--", 1)[0],
        "boundary_missing_in_header.eml": mail_of(head, multipart("mixed", [plain, rich])).replace(
            b'; boundary="=_grens_1"', b""
        ),
        "boundary_wrong_in_header.eml": mail_of(head, multipart("mixed", [plain, rich])).replace(
            b'boundary="=_grens_1"', b"boundary=anders"
        ),
        "multipart_without_parts.eml": mail([*head, ("Content-Type", "multipart/mixed; boundary=x")], "Geen enkel deel.\n"),
        "digest_of_two_mails.eml": mail_of(head, multipart("digest", [b"\r\n" + forwarded, b"\r\n" + forwarded])),
        "flowed_with_quotes.eml": mail(
            [*head, ("Content-Type", "text/plain; charset=utf-8; format=flowed; delsp=no")],
            "Dit is een lange \nalinea die doorloopt.\n> Dit is een \n> citaat.\n\n-- \nJan\n",
        ),
        "line_of_30000_characters.eml": mail(head, "woord " * 5000 + "\n"),
        "base64_body_damaged.eml": mail(
            [*head, ("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", "base64")],
            base64.encodebytes(b"Het begin is goed gebleven, en de rest ook.")[:-4] + b"\n*** afgekapt door virusscanner ***\n",
        ),
        "quoted_printable_damaged.eml": mail(
            [*head, ("Content-Transfer-Encoding", "quoted-printable")], "Prijs =E2=82=AC 5 =ZZ korting 10%= \nslot =\n"
        ),
        "transfer_encoding_unknown.eml": mail([*head, ("Content-Transfer-Encoding", "x-geheim")], "Gewoon leesbaar.\n"),
        "mbox_from_line_on_top.eml": b"From fatima@klant.example Sat Nov 21 10:15:00 2026\n" + mail(head, "Uit een mbox.\n"),
        "first_line_no_header.eml": mail(
            [*head[:2], ("Rommel zonder dubbele punt\nSubject", "Toch gelezen"), *head[3:]], "Tekst.\n"
        ),
    }


def _files() -> dict[str, bytes]:
    head = person(*KLANT, "Bijlagen")
    names = [
        "attachment; filename*=utf-8''offerte%20%E2%82%AC%20laadpaal.pdf",
        'attachment; filename="=?utf-8?Q?Factuur_=E2=82=AC.pdf?="',
        "attachment; filename*0*=utf-8''heel%20lange; filename*1*=%20naam; filename*2=.pdf",
        "attachment; filename=Offerte laadpaal zonder quotes.pdf",
        'attachment; filename="..\\..\\windows\\system32\\con.txt"',
        'attachment; filename="\u200b.htaccess"',
        'attachment; filename="factuur\u202efdp.exe"',
        f'attachment; filename="{"n" * 300}.pdf"',
        "attachment",
        'attachment; filename="onaf.pdf',
    ]
    parts = [file_part(b"%PDF-1.4 " + str(index).encode(), "application/octet-stream", name) for index, name in enumerate(names)]
    tnef = make_tnef({"bestek laadplein.txt": b"Bestek: 12 punten", "foto.png": PIXEL}, body="Zie bijlagen in Outlook.")
    return {
        "file_names_of_ten_kinds.eml": mail_of(head, multipart("mixed", [text_part("Tien bijlagen.\n"), *parts])),
        "winmail_dat.eml": mail_of(
            head,
            multipart(
                "mixed",
                [
                    text_part("Zie bijlage.\n"),
                    file_part(tnef, 'application/ms-tnef; name="winmail.dat"', "attachment; filename=winmail.dat"),
                ],
            ),
        ),
        "winmail_dat_with_the_only_text.eml": mail_of(head, file_part(tnef, "application/ms-tnef; name=winmail.dat", "")),
        "winmail_dat_damaged.eml": mail_of(
            head,
            multipart(
                "mixed", [text_part("Kapot.\n"), file_part(tnef[:90], "application/ms-tnef; name=winmail.dat", "attachment")]
            ),
        ),
        "same_content_id_twice.eml": mail_of(
            head,
            multipart(
                "related",
                [
                    text_part('<img src="cid:a@x">', kind="html"),
                    *[file_part(PIXEL, "image/png", "inline", [("Content-ID", "<a@x>")])] * 2,
                ],
            ),
        ),
    }


def _headers() -> dict[str, bytes]:
    def with_header(name: str, value: str | None) -> list[tuple[str, str]]:
        kept = [header for header in person(*KLANT, "Kop") if header[0] != name]
        return kept if value is None else [*kept, (name, value)]

    spoof = (
        "Authentication-Results",
        "spf=fail (sender IP is 203.0.113.9) smtp.mailfrom=klant.example; dkim=none; dmarc=fail action=quarantine",
    )
    forged = ("Authentication-Results", "mx.klant.example; dmarc=pass")
    return {
        "date_in_1970.eml": mail(with_header("Date", "Thu, 01 Jan 1970 00:00:00 +0000"), "x\n"),
        "date_in_the_future.eml": mail(with_header("Date", "Fri, 01 Jan 2038 00:00:00 +0000"), "x\n"),
        "date_impossible.eml": mail(with_header("Date", "Tue, 31 Feb 2026 25:61:00 +9900"), "x\n"),
        "date_missing.eml": mail(with_header("Date", None), "x\n"),
        "date_without_zone.eml": mail(with_header("Date", "21 Nov 2026 09:00:00"), "x\n"),
        "from_two_addresses.eml": mail(with_header("From", "Anna <anna@klant.example>, Bram <bram@klant.example>"), "Samen.\n"),
        "from_missing.eml": mail([*with_header("From", None), ("Return-Path", "<terug@klant.example>")], "Wie ben ik?\n"),
        "from_name_only.eml": mail(with_header("From", "Fatima"), "Geen adres.\n"),
        "from_encoded_with_address_inside_name.eml": mail(
            with_header(
                "From",
                "=?utf-8?Q?directie=40laadpunt=2Eexample_=3Cdirectie=40laadpunt=2Eexample=3E=2C?= <oplichter@kwaad.example>",
            ),
            "Betaal.\n",
        ),
        "from_old_style_comment.eml": mail(with_header("From", "fatima@klant.example (Fatima (van de) Berg)"), "x\n"),
        "to_undisclosed_recipients.eml": mail(with_header("To", GROUP_TO), "x\n"),
        "to_group_with_members.eml": mail(
            with_header("To", "Klanten: Anna <anna@klant.example>, bram@klant.example;, los@klant.example"), "x\n"
        ),
        "to_two_mailboxes_of_ours.eml": mail(with_header("To", f"{US}, sales@laadpunt.example"), "x\n"),
        "to_with_semicolons_and_broken_quotes.eml": mail(
            with_header("To", 'Jan "de" <jan@x.example>; "Piet, van <piet@x.example>'), "x\n"
        ),
        "subject_missing.eml": mail(with_header("Subject", None), "Geen onderwerp.\n"),
        "subject_of_5000_characters.eml": mail(with_header("Subject", "laadpaal " * 555), "x\n"),
        "subject_with_line_break_inside_encoded_word.eml": mail(
            with_header("Subject", "=?utf-8?Q?Hallo=0D=0ABcc:_x=40kwaad.example?="), "x\n"
        ),
        "dmarc_fail_spoof_of_known_customer.eml": mail(
            [spoof, forged, *person(*KLANT, "Nieuw rekeningnummer")], "Graag betalen op NL00BANK0123456789.\n"
        ),
        "from_one_of_our_own_mailboxes.eml": mail(with_header("From", US), "Een kopie uit Verzonden items.\n"),
        "no_header_at_all.eml": "Alleen maar tekst, geen kop, één alinea.\r\n".encode(),
    }


def _protected() -> dict[str, bytes]:
    head = person(*KLANT, "Beveiligd")
    signed = [
        text_part("Ondertekend door mij.\n"),
        file_part(b"\x30\x82handtekening", 'application/pkcs7-signature; name="smime.p7s"'),
    ]
    pgp = [
        crlf(b"Content-Type: application/pgp-encrypted\n\nVersion: 1\n"),
        crlf(
            b"Content-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP "
            b"MESSAGE-----\n\nhQEMA5x\n-----END PGP MESSAGE-----\n"
        ),
    ]
    return {
        "smime_encrypted.eml": mail_of(
            head, file_part(b"\x30\x82geheim", 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"')
        ),
        "smime_signed.eml": mail_of(
            head, multipart("signed", signed, params='; protocol="application/pkcs7-signature"; micalg=sha-256')
        ),
        "smime_opaque_signed.eml": mail_of(
            head, file_part(b"\x30\x82dicht", "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m")
        ),
        "pgp_encrypted.eml": mail_of(head, multipart("encrypted", pgp, params='; protocol="application/pgp-encrypted"')),
        "pgp_inline.eml": mail(head, "-----BEGIN PGP MESSAGE-----\n\nhQEMA5x\n-----END PGP MESSAGE-----\n"),
    }
