"""People, with the programs they use and what they write to an installer."""

from __future__ import annotations

from tests.mail.corpus_tools import Headers
from tests.mail.written.dice import Dice

TEXTS = {
    "nl": (
        "Goedemorgen,\n\nKunt u een offerte maken voor een laadpaal aan de {street}? Ik ben bereikbaar op {phone}.\n\nGroet, {name}\n",
        "Hallo, de laadpaal knippert rood sinds gisteren. Resetten helpt niet. Wanneer kan er iemand komen?\n",
        "Waar blijft mijn bestelling {number}? Er was mij {day} beloofd.\n",
        "Prima, {day} schikt. Tot dan!\n\nVerstuurd vanaf mijn iPhone\n",
        "Beste {name},\n\nBedankt voor uw bericht. Ik kom er na overleg met de VvE op terug.\n\nMet vriendelijke groet,\n{name}\n",
        "ok\n",
        "In de bijlage de foto's van de meterkast. Past er nog een groep bij?\n",
        "Ik heb de factuur betaald, maar kreeg toch een herinnering. Kunt u dat nakijken?\n",
        "Wij zijn niet tevreden over de installatie: de kabelgoot zit scheef en er is niet opgeruimd.\n",
    ),
    "en": (
        "Hi,\n\nCould you quote for a charger at {street}? You can call me on {phone}.\n\nBest, {name}\n",
        "The charger has been blinking red since yesterday. A reset does not help.\n",
        "Where is my order {number}? I was promised {day}.\n",
        "Yes, {day} works for us. See you then!\n",
        "Thanks, that solved it.\n\nSent from my Galaxy\n",
    ),
    "fr": (
        "Bonjour,\n\nPouvez-vous faire un devis pour une borne au {street} ?\n\nCordialement, {name}\n",
        "Où en est ma commande {number} ? On m'avait promis le {day}.\n",
        "La borne clignote en rouge depuis hier. Que faire ?\n",
        "D'accord pour le {day}. Merci !\n",
    ),
    "de": (
        "Guten Tag,\n\nkönnten Sie mir ein Angebot für eine Wallbox in der {street} machen?\n\nGruß, {name}\n",
        "Die Wallbox blinkt seit gestern rot. Was kann ich tun?\n",
        "Der Termin am {day} passt. Danke!\n",
    ),
    "es": ("Buenos días, ¿pueden hacer un presupuesto para un cargador en {street}?\n",),
    "pl": ("Dzień dobry, proszę o ofertę na ładowarkę, {street}. Pozdrawiam, {name}\n",),
}
SUBJECTS = {
    "nl": (
        "Offerte laadpaal",
        "Storing",
        "Bestelling {number}",
        "Vraag",
        "Foto's meterkast",
        "Klacht installatie",
        "",
        "Betr. factuur {number}",
    ),
    "en": ("Quote for a charger", "Charger offline", "Order {number}", "Question", "Hello"),
    "fr": ("Demande de devis", "Commande {number}", "Panne", "Question"),
    "de": ("Anfrage Wallbox", "Störung", "Termin"),
    "es": ("Presupuesto",),
    "pl": ("Oferta",),
}
LANGUAGES = ("nl", "nl", "nl", "nl", "en", "en", "fr", "fr", "de", "es", "pl")
REPLY = ("Re: ", "RE: ", "Antw: ", "AW: ", "Betr.: ", "SV: ")


def quoted(d: Dice, text: str) -> str:
    """`text` with what it answers under it, in one of the usual ways."""
    asked = d.choice(["Beste klant,\n\nWanneer schikt het?\n\nService", "Dear customer,\n\nWhich day suits you?\n\nService"])
    below = "\n".join(f"> {line}" for line in asked.splitlines())
    return text + d.choice(
        [
            f"\nOp ma 16 nov 2026 om 10:12 schreef Service <service@laadpunt.example>:\n\n{below}\n",
            f"\nOn Mon, 16 Nov 2026 at 10:12, Service <service@laadpunt.example> wrote:\n{below}\n",
            f"\n________________________________\nVan: Service <service@laadpunt.example>\nVerzonden: maandag 16 november 2026 10:12\nOnderwerp: Afspraak\n\n{asked}\n",
            f"\n-----Original Message-----\nFrom: Service\nSubject: Appointment\n\n{asked}\n",
            "\n",
        ]
    )


def written(
    d: Dice,
    *extra: tuple[str, str],
    text: str = "",
    subject: str | None = None,
    is_reply: bool | None = None,
    sender: tuple[str, str] | None = None,
) -> bytes:
    """A mail of a person with the headers of their program in `extra`."""
    is_reply = d.random() < 0.5 if is_reply is None else is_reply
    name = d.name()
    if subject is None:
        subject = d.choice(REPLY) + d.our_subject() if is_reply else d.said(**SUBJECTS)
    headers = d.base(subject, sender=sender or d.sender(name, d.address(name)))
    answer: Headers = d.answer() if is_reply else []
    text = text or d.said(**TEXTS)
    return d.body([*headers, *answer, *extra], quoted(d, text) if is_reply else text)


def gmail_web(d: Dice) -> bytes:
    d.language(*LANGUAGES)
    return written(
        d, ("X-Gm-Message-State", "AOJu0Yx"), ("X-Google-Smtp-Source", "AGHT+x"), ("DKIM-Signature", "v=1; d=gmail.example")
    )


def outlook_desktop(d: Dice) -> bytes:
    d.language(*LANGUAGES)
    extra: Headers = [
        ("Thread-Topic", "x"),
        ("Thread-Index", "AQHbPDx+klant=="),
        ("Accept-Language", "nl-NL, en-US"),
        ("X-MS-Has-Attach", ""),
    ]
    if d.random() < 0.4:
        extra += [
            ("X-MS-TNEF-Correlator", ""),
            ("X-Originating-IP", "[10.0.0.1]"),
            ("X-MS-Exchange-MessageSentRepresentingType", "1"),
        ]
    return written(d, *extra)


def outlook_that_asks_for_silence(d: Dice) -> bytes:
    """A transport rule, a ticket system's agent, a newsletter's sender who answers by hand: a wish, no proof."""
    d.language(*LANGUAGES)
    return written(
        d, ("X-Auto-Response-Suppress", d.choice(["All", "OOF, AutoReply", "DR, RN, NRN", "None"])), ("Thread-Topic", "x")
    )


def iphone(d: Dice) -> bytes:
    d.language(*LANGUAGES)
    return written(d, ("X-Mailer", "iPhone Mail (23B85)"), ("X-Universally-Unique-Identifier", "AB-12"))


def apple_mail(d: Dice) -> bytes:
    d.language(*LANGUAGES)
    return written(d, ("X-Mailer", "Apple Mail (2.3864.100.1.1.5)"))


def thunderbird(d: Dice) -> bytes:
    d.language(*LANGUAGES)
    return written(
        d, ("User-Agent", "Mozilla Thunderbird"), ("Content-Language", "nl"), ("X-Mozilla-Draft-Info", "internal/draft")
    )


def samsung(d: Dice) -> bytes:
    d.language(*LANGUAGES)
    return written(d, ("Importance", d.choice(["normal", "high"])), ("X-Mailer", "Samsung Email"))


def providers_webmail(d: Dice) -> bytes:
    d.language(*LANGUAGES)
    extra: Headers = d.choice(
        [
            [("X-Mailer", "Open-Xchange Mailer v7.10.6"), ("X-Priority", "3")],
            [("X-Ziggo-spambar", "/"), ("X-Ziggo-spamscore", "0.0"), ("X-Spam-Status", "No")],
            [("User-Agent", "Roundcube Webmail/1.6.9"), ("X-Sender", "jan@x.example")],
            [("X-Mailer", "WebService/1.1.22876 YMailNovation")],
            [("User-Agent", "SquirrelMail/1.5.2"), ("X-Priority", "3 (Normal)")],
            [("X-Mailer", "Zimbra 9.0.0_GA (ZimbraWebClient - GC130)"), ("Thread-Topic", "x")],
            [("X-Provags-ID", "V03:K1"), ("X-UI-Sender-Class", "724b4f7f")],
        ]
    )
    return written(d, *extra)


def stamped_by_the_provider(d: Dice) -> bytes:
    """Fastmail, Proton and Apple stamp a Feedback-ID on the mail of people."""
    d.language(*LANGUAGES)
    extra: Headers = d.choice(
        [
            [
                ("Feedback-ID", "i1d2e4:Fastmail"),
                ("X-ME-Proxy", "<xmx:abc>"),
                ("X-Mailer", "MessagingEngine.com Webmail Interface"),
            ],
            [("Feedback-ID", "15409873:user:proton"), ("X-Pm-Message-ID", "ab12")],
            [("Feedback-ID", "::1.eu-west-1.abc=:AmazonSES"), ("X-SES-Outgoing", "2026.11.21")],
            [("Feedback-ID", "i9a81:Fastmail"), ("User-Agent", "Cyrus-JMAP/3.11")],
        ]
    )
    return written(d, *extra)


def no_marks_at_all(d: Dice) -> bytes:
    d.language(*LANGUAGES)
    return written(d)


def over_a_relay(d: Dice) -> bytes:
    """Hidden addresses, market places, forwarders that rewrite the envelope."""
    d.language(*LANGUAGES)
    name = d.name()
    sender = d.choice(
        [
            ("From", f'"{d.address(name)} [via Relay]" <x{d.getrandbits(40):x}@relay.example>'),
            ("From", f"{d.coded(name)} <jan_at_x_y_{d.getrandbits(30):x}@privaterelay.example>"),
            ("From", f"Koper via Marktplaats <r.{d.getrandbits(40):x}@mail.marktplaats.example>"),
        ]
    )
    back = d.choice(
        [
            f"SRS0=ab12=CD={d.domain()}=jan@forward.example",
            f"bounces+77-ab-service=laadpunt.example@mg.{d.domain()}",
            f"prvs=12ab=jan@{d.domain()}",
            f"bounce-md_30.5-v1-ab@{d.domain()}",
            f"msprvs1=20000abc=bounces-240-1@{d.domain()}",
        ]
    )
    return written(d, ("Return-Path", f"<{back}>"), sender=sender, is_reply=False)


def from_their_crm(d: Dice) -> bytes:
    d.language(*LANGUAGES)
    extra: Headers = d.choice(
        [
            [("X-SFDC-User", "005"), ("X-SFDC-LK", "00D")],
            [("X-Mailer", "Teamleader")],
            [("X-HubSpot-Message-Source", "1to1")],
            [("X-Front-Version", "2")],
            [("X-Mailer", "PHPMailer 6.9.1")],
            [("Precedence", "normal")],
            [("Auto-Submitted", "no")],
            [("X-Precedence", "first-class")],
        ]
    )
    return written(d, *extra)


def with_an_odd_address(d: Dice) -> bytes:
    """Addresses of people and desks that look like those of machines."""
    d.language(*LANGUAGES)
    local = d.choice(
        [
            "info",
            "admin",
            "administratie",
            "auto",
            "automaat",
            "postma",
            "postkantoor",
            "r.daemon",
            "noordreply",
            "replay",
            "jan.noreplica",
            "vacation",
            "alarm",
            "system.integrator",
            "beheer",
            "webmaster",
            "office",
            "support",
            "mail",
            "robot.vandijk",
            "bouncer",
            "bounce.trampolines",
            "listerhof",
            "master.post",
            "automatisering",
            "meldkamer",
            "storing",
        ]
    )
    return written(d, *[("Thread-Topic", "x")][: d.randint(0, 1)], sender=d.sender(d.name(), f"{local}@{d.domain()}"))


SHAPES = (
    gmail_web,
    outlook_desktop,
    outlook_that_asks_for_silence,
    iphone,
    apple_mail,
    thunderbird,
    samsung,
    providers_webmail,
    stamped_by_the_provider,
    no_marks_at_all,
    over_a_relay,
    from_their_crm,
    with_an_odd_address,
)
