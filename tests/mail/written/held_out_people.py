"""People no rule was tuned by: written before the first measurement, only ever measured. Do not mend a rule by looking here."""

from __future__ import annotations

from tests.mail.corpus_tools import Headers
from tests.mail.written.dice import Dice
from tests.mail.written.people import LANGUAGES, written


def plain(d: Dice) -> bytes:
    d.language("nl", "en", "fr", "de")
    text = d.said(
        nl=(
            "Kan de kabel ook 10 meter zijn?\n",
            "Er is iemand langs geweest maar de paal doet niets.\n",
            "Ik wil graag mijn contract opzeggen per {day}.\n",
        ),
        en=("Can the cable be 10 metres?\n", "Somebody came by, yet nothing works.\n"),
        fr="Le câble peut-il faire 10 mètres ?\n",
        de="Kann das Kabel 10 Meter lang sein?\n",
    )
    extra: Headers = d.choice(
        [
            [("X-Mailer", "Microsoft Outlook 16.0")],
            [("X-Mailer", "eM Client/9.2")],
            [("User-Agent", "Evolution 3.52")],
            [("X-Mailer", "Airmail (681)")],
            [("X-Mailer", "Canary")],
            [],
        ]
    )
    return written(d, *extra, text=text)


def notes_of_absence(d: Dice) -> bytes:
    d.language("nl", "en", "fr", "de")
    subject = d.said(
        nl=("Kantoor gesloten op {day}?", "Betreft: afwezigheid monteur", "Verlof", "Vakantiestand laadpaal"),
        en=("Closed between Christmas and New Year?", "Leave charger on while away", "Holiday mode"),
        fr=("Fermé le {day} ?", "Absence de réseau"),
        de=("Urlaubsmodus der Wallbox", "Abwesenheitsmodus", "Betriebsferien?"),
    )
    text = d.said(
        nl="Zijn jullie {day} open? Ik ben zelf die week afwezig, dus mail is het beste.\n",
        en="Are you open on {day}? I am away that week, so email is best.\n",
        fr="Êtes-vous ouverts le {day} ? Je suis absent cette semaine-là.\n",
        de="Haben Sie am {day} geöffnet? Ich bin dann im Urlaub.\n",
    )
    return written(d, subject=subject, text=text, is_reply=d.random() < 0.4)


def mentions_answers(d: Dice) -> bytes:
    d.language("nl", "en", "fr", "de")
    subject = d.said(
        nl=("Re: Automatisch antwoord: Offerte", "Ik krijg alleen automatische antwoorden", "Antw: Ontvangstbevestiging"),
        en=("Re: Automatic reply: Quote", "FW: Out of Office: visit", "Only auto replies"),
        fr=("RE: Réponse automatique : devis", "Toujours un message automatique"),
        de=("AW: Automatische Antwort: Angebot", "Nur automatische Antworten"),
    )
    text = d.said(
        nl="Al drie keer een automatisch bericht, graag een mens.\n",
        en="Three automatic messages already, a human please.\n",
        fr="Déjà trois messages automatiques.\n",
        de="Schon drei automatische Nachrichten.\n",
    )
    return written(d, subject=subject, text=text)


def suppliers(d: Dice) -> bytes:
    """Desks of suppliers that answer by hand, from systems that ask for no automatic answers."""
    d.language("nl", "en", "de")
    extra: Headers = d.choice(
        [
            [("X-Auto-Response-Suppress", "All")],
            [("X-Mailer", "AFAS Profit")],
            [("X-Exact", "1")],
            [("Feedback-ID", "i77aa:Fastmail")],
            [("X-Priority", "1")],
            [("Return-Receipt-To", "x@y.example")],
        ]
    )
    text = d.said(
        nl="Uw order {number} is vertraagd, levering nu {day}. Akkoord?\n",
        en="Order {number} is delayed until {day}. Do you agree?\n",
        de="Auftrag {number} verzögert sich bis {day}. Einverstanden?\n",
    )
    return written(
        d,
        *extra,
        subject=d.choice(["Order 4411 vertraagd", "Order status", "Lieferung"]),
        text=text,
        sender=d.sender("Verkoop", f"{d.choice(['sales', 'orders', 'verkoop', 'planning'])}@{d.domain()}"),
    )


def group_mail(d: Dice) -> bytes:
    d.language("nl", "en")
    domain = d.domain()
    group: Headers = [
        ("List-Id", f"VvE <vve.{domain}>"),
        ("List-Post", f"<mailto:vve@{domain}>"),
        ("Precedence", "list"),
        ("Sender", f"vve-bounces@{domain}"),
    ]
    return written(
        d,
        *group,
        *d.choice([[("X-Mailer", "iPhone Mail (23B85)")], [("User-Agent", "Mozilla Thunderbird")], [("Thread-Index", "AQ")]]),
    )


def reports_of_people(d: Dice) -> bytes:
    d.language("nl", "en")
    text = d.said(
        nl="Dit kreeg ik terug:\n\nYour message to service@laadpnt.example couldn't be delivered. 550 5.1.10\n\nTypefout van mij, hier nogmaals mijn vraag: kan het donderdag?\n",
        en="Sorry, typed your address wrong. It said: Delivery has failed to these recipients. My question: does Thursday work?\n",
    )
    return written(
        d, subject=d.choice(["FW: Undeliverable: Vraag", "Nogmaals: vraag", "Second try", "Mail kwam terug"]), text=text
    )


def tiny(d: Dice) -> bytes:
    return written(d, text=d.choice(["👍\n", "Akkoord\n", "ja\n", "?\n", "Thanks!\n", "Bel me\n", "Merci\n", "Passt.\n"]))


def forms(d: Dice) -> bytes:
    name = d.name()
    headers = d.base(
        "Inzending formulier",
        sender=(
            "From",
            f"{d.choice(['Gravity Forms', 'Jotform', 'Elementor'])} <noreply@{d.choice(['forms.example', 'site.example'])}>",
        ),
    )
    return d.body([*headers, ("Reply-To", d.address(name))], f"Naam: {name}\nVraag: Wat kost een laadpaal?\n")


def everyday(d: Dice) -> bytes:
    d.language(*LANGUAGES)
    return written(
        d,
        *d.choice(
            [
                [("X-Gm-Message-State", "A")],
                [("Thread-Index", "AQ"), ("Thread-Topic", "x")],
                [("X-Mailer", "iPhone Mail (23C1)")],
                [],
            ]
        ),
    )


PEOPLE = (plain, notes_of_absence, mentions_answers, suppliers, group_mail, reports_of_people, tiny, forms, everyday, everyday)
