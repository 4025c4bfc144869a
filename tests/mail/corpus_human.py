"""Mail of people, with the headers of the programs they use. Many write in words that automatic mail uses too.

`human_mails()` gives name → bytes: every text of `TEXTS` written with one of `PROGRAMS`, in turn, and the special cases.
"""

from __future__ import annotations

from functools import cache

from tests.mail.corpus_human_texts import TEXTS
from tests.mail.corpus_reports import LOST, original
from tests.mail.corpus_tools import US, Headers, crlf, mail, mail_of, multipart, person, text_part

PROGRAMS: dict[str, Headers] = {
    "gmail": [("Received", "by mail-ed1-f41.google.example with SMTP id x"), ("X-Gm-Message-State", "AOJu0Yx")],
    "outlook": [
        ("Thread-Topic", "x"),
        ("Thread-Index", "AQHbPDx+klant=="),
        ("Accept-Language", "nl-NL, en-US"),
        ("X-MS-Has-Attach", ""),
        ("X-MS-Exchange-Organization-SCL", "-1"),
        ("X-MS-Exchange-CrossTenant-OriginalArrivalTime", "21 Nov 2026 09:15:00.0000 (UTC)"),
        (
            "Authentication-Results",
            "spf=pass smtp.mailfrom=klant.example; dkim=pass; dmarc=pass action=none; compauth=pass reason=100",
        ),
    ],
    "iphone": [("X-Mailer", "iPhone Mail (23B85)"), ("Content-Transfer-Encoding", "quoted-printable")],
    "apple": [("X-Mailer", "Apple Mail (2.3864.100.1.1.5)")],
    "thunderbird": [("User-Agent", "Mozilla Thunderbird"), ("Content-Language", "nl")],
    "kpn": [("X-Mailer", "Open-Xchange Mailer v7.10.6"), ("X-Originating-Client", "open-xchange-appsuite"), ("X-Priority", "3")],
    "ziggo": [("Received", "from smtp.ziggo.example by mx; "), ("X-Ziggo-spambar", "/"), ("X-Ziggo-spamscore", "0.0")],
    "samsung": [("Importance", "normal"), ("X-Mailer", "Samsung Email")],
    "yahoo": [("X-Mailer", "WebService/1.1.22876 YMailNovation"), ("References", "<1.ref@mail.yahoo.example>")],
    "proton": [("Feedback-ID", ""), ("X-Pm-Message-ID", "ab12")],
    "salesforce_agent": [("X-SFDC-User", "005"), ("X-Auto-Response-Suppress", "")],
    "exchange_asks_no_oof": [("X-Auto-Response-Suppress", "DR, OOF, AutoReply"), ("Thread-Topic", "x")],
}


@cache
def human_mails() -> dict[str, bytes]:
    names = list(PROGRAMS)
    return {
        **{
            f"{index:02d}_{names[index % len(names)]}.eml": _written(index, names[index % len(names)])
            for index in range(len(TEXTS))
        },
        **_special(),
    }


def _written(index: int, program: str) -> bytes:
    name, address, subject, text = TEXTS[index]
    headers = [
        *person(name, address, subject, number=index),
        *[header for header in PROGRAMS[program] if header[0] != "Content-Transfer-Encoding"],
    ]
    if index % 3 == 0:
        return mail([*headers, ("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", "8bit")], text)
    html = text_part("".join(f"<p>{line}</p>" for line in text.splitlines() if line), kind="html")
    return mail_of(headers, multipart("alternative", [text_part(text), html]))


def _special() -> dict[str, bytes]:
    form = "Naam: Bas\nTelefoon: 06-12345678\nBericht: Ik wil graag een offerte voor een laadpaal.\n"
    bas = ("Reply-To", "Bas Mulder <bas@thuis.example>")
    bounced = text_part("Ik kreeg dit terug toen ik jullie mailde. Klopt het adres wel?\n")
    return {
        "web_form_from_no_reply.eml": mail([*person("Website", "no-reply@laadpunt-site.example", "Contactformulier"), bas], form),
        "web_form_from_wordpress.eml": mail(
            [*person("WordPress", "wordpress@laadpunt-site.example", "Nieuw bericht"), bas], form
        ),
        "web_form_over_amazon_ses.eml": mail(
            [
                *person("Site", "site@laadpunt-site.example", "Offerte"),
                bas,
                ("Feedback-ID", "::1.eu-west-1.x=:AmazonSES"),
                ("Return-Path", "<0102@eu.amazonses.example>"),
            ],
            form,
        ),
        "web_form_over_mailgun.eml": mail(
            [
                *person("Site", "site@laadpunt-site.example", "Aanvraag"),
                bas,
                ("Return-Path", "<bounce+f1e2.bas=thuis.example@mg.site.example>"),
            ],
            form,
        ),
        "form_service_no_reply.eml": mail(
            [*person("Formulieren", "notifications-noreply@formulier.example", "Inzending"), bas], form
        ),
        "newsletter_address_answered_by_a_person.eml": mail(
            [
                *person("Anja van de Groothandel", "nieuws@groothandel.example", "Re: Aanbieding"),
                ("X-Auto-Response-Suppress", "All"),
            ],
            "Die kabel is er weer.\n",
        ),
        "answers_with_a_new_subject_that_says_absent.eml": mail(
            [*person("Jan", "jan@klant.example", "Afwezig dinsdag"), ("In-Reply-To", "<1@laadpunt.example>")],
            "Ik ben dinsdag afwezig, kan woensdag ook?\n",
        ),
        "auto_submitted_no.eml": mail([*person("Jan", "jan@klant.example", "Vraag"), ("Auto-Submitted", "no")], "Vraagje.\n"),
        "precedence_normal.eml": mail([*person("Jan", "jan@klant.example", "Vraag"), ("Precedence", "normal")], "Vraagje.\n"),
        "forwards_a_bounce_as_attachment.eml": mail_of(
            person("Els", "els@klant.example", "Fwd: Undeliverable: vraag"),
            multipart("mixed", [bounced, crlf(b"Content-Type: message/rfc822\n\n") + original()]),
        ),
        "forwards_a_bounce_as_text.eml": mail(
            person("Els", "els@klant.example", "Fwd: Delivery Status Notification (Failure)"),
            f"Help?\n\n---------- Forwarded message ---------\nFrom: Mail Delivery System "
            f"<mailer-daemon@x.example>\n\n550 5.1.1 {LOST} user unknown\n",
        ),
        "office_address_admin_about_a_bounce.eml": mail(
            person("Administratie De Vries", "admin@devries.example", "Mail niet bezorgd?"),
            "Onze mail kon niet worden bezorgd (550 5.1.1). Klopt het adres?\n",
        ),
        "signed_by_a_person.eml": mail_of(
            person("Mr. Smit", "smit@notaris.example", "Akte"),
            multipart(
                "signed",
                [text_part("Bijgaand.\n"), crlf(b"Content-Type: application/pkcs7-signature\n\nabc\n")],
                params='; protocol="application/pkcs7-signature"',
            ),
        ),
        "invitation_of_a_customer.eml": mail_of(
            person("Jan", "jan@klant.example", "Afspraak schouw"),
            multipart(
                "alternative",
                [
                    text_part("Schikt dit?\n"),
                    text_part(
                        "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nSUMMARY:Schouw\nEND:VEVENT\nEND:VCALENDAR\n",
                        kind="calendar",
                        extra="; method=REQUEST",
                    ),
                ],
            ),
        ),
        "reply_to_our_automatic_mail.eml": mail(
            [*person("Jan", "jan@klant.example", f"Re: Automatisch antwoord: {US[:10]}")], "Fijn, dank.\n"
        ),
    }
