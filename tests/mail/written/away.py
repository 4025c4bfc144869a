"""Absences and receipts: what answers by itself to a mail of ours."""

from __future__ import annotations

from tests.mail.corpus_tools import Headers, crlf
from tests.mail.written.dice import Dice

AWAY = {
    "nl": (
        "Bedankt voor uw bericht. Ik ben afwezig tot en met {day}. Uw mail wordt niet doorgestuurd. Bij spoed: {phone}.\n\nGroet, {name}\n",
        "Beste lezer,\n\nMomenteel ben ik met vakantie. Vanaf {day} ben ik weer bereikbaar en beantwoord ik uw mail.\n\n{name}\n",
        "Ik werk niet op vrijdag. Op {day} lees ik mijn e-mail weer. Neem voor dringende zaken contact op met {name}, {mail}.\n",
        "Hallo,\n\nIk ben niet op kantoor en heb beperkt toegang tot mijn mail. Ik ben {day} terug.\n",
    ),
    "en": (
        "Thank you for your email. I am out of the office until {day} with limited access to email. For urgent matters call {phone}.\n",
        "I'm on annual leave and will be back on {day}. I will reply to your message on my return.\n\nKind regards\n{name}\n",
        "Hello, I am currently away and will get back to you after {day}. If it is urgent please contact {mail}.\n",
    ),
    "fr": (
        "Bonjour,\n\nJe suis absent(e) jusqu'au {day} inclus. En cas d'urgence, contactez {name} au {phone}.\n\nCordialement\n",
        "Je suis actuellement en congés, de retour le {day}. Votre message sera traité à mon retour.\n",
    ),
    "de": (
        "Sehr geehrte Damen und Herren,\n\nich bin bis {day} nicht im Büro. Ihre E-Mail wird nicht weitergeleitet.\n\n{name}\n",
        "Vielen Dank für Ihre Nachricht. Ich befinde mich derzeit im Urlaub und bin ab {day} wieder erreichbar.\n",
    ),
    "es": ("Gracias por su mensaje. Estoy fuera de la oficina hasta el {day}. Para asuntos urgentes: {mail}.\n",),
    "it": ("Grazie per il messaggio. Sono fuori ufficio fino al {day}. Per urgenze contattare {mail}.\n",),
    "pl": ("Dziękuję za wiadomość. Jestem poza biurem do {day}. W pilnych sprawach proszę o kontakt: {mail}.\n",),
    "sv": ("Tack för ditt mejl. Jag är inte på kontoret förrän {day}. Vid brådskande ärenden kontakta {mail}.\n",),
    "pt": ("Obrigado pela mensagem. Estou ausente do escritório até {day}. Em caso de urgência contacte {mail}.\n",),
    "da": ("Tak for din mail. Jeg er ikke på kontoret før {day}. Ved hastende henvendelser kontakt {mail}.\n",),
}
OUTLOOK = {
    "nl": "Automatisch antwoord: ",
    "en": "Automatic reply: ",
    "fr": "Réponse automatique : ",
    "de": "Automatische Antwort: ",
    "es": "Respuesta automática: ",
    "it": "Risposta automatica: ",
    "pl": "Odpowiedź automatyczna: ",
    "sv": "Automatiskt svar: ",
    "pt": "Resposta automática: ",
    "da": "Automatisk svar: ",
}
EVERYWHERE = ("nl", "nl", "en", "fr", "de", "es", "it", "pl", "sv", "pt", "da")
OWN_SUBJECTS = {
    "nl": ("Afwezig", "Vakantie", "Ik ben afwezig t/m {day}", "Afwezigheidsbericht", "Niet aanwezig"),
    "en": ("Out of office", "On holiday until {day}", "Away from my desk", "Annual leave"),
    "fr": ("Absence", "Absent du bureau", "En congés jusqu'au {day}"),
    "de": ("Abwesenheit", "Im Urlaub bis {day}", "Bin nicht im Büro"),
}


def _person(d: Dice, subject: str, *extra: tuple[str, str], answers: bool = True) -> Headers:
    name = d.name()
    return [*d.base(subject, sender=d.sender(name, d.address(name))), *(d.answer() if answers else []), *extra]


def outlook_exchange(d: Dice) -> bytes:
    d.language(*EVERYWHERE)
    extra = [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All"), ("X-MS-Exchange-Organization-SCL", "-1")]
    if d.random() < 0.5:
        extra.append(("X-MS-Exchange-Generated-Message-Source", "Mailbox Rules Agent"))
    return d.body(_person(d, OUTLOOK[d.lang] + d.our_subject(), *extra), d.said(**AWAY))


def outlook_stripped_by_a_gateway(d: Dice) -> bytes:
    """Only its mark before the subject is left."""
    d.language(*EVERYWHERE)
    return d.body(_person(d, OUTLOOK[d.lang] + d.our_subject(), answers=d.random() < 0.6), d.said(**AWAY))


def gmail(d: Dice) -> bytes:
    d.language()
    subject = d.said(**OWN_SUBJECTS) + d.choice([" Re: " + d.our_subject(), ""])
    extra = [("Precedence", "bulk"), ("X-Autoreply", "yes"), ("Auto-Submitted", "auto-replied")]
    return d.body(_person(d, subject, *extra[d.choice([0, 0, 1]) :]), d.said(**AWAY))


def sieve(d: Dice) -> bytes:
    d.language(*EVERYWHERE)
    said = d.choice(["auto-replied (vacation)", "auto-replied", "auto-replied; type=vacation", "Auto-Replied (Vacation)"])
    extra = [
        ("X-Sieve", "Pigeonhole Sieve 0.5.21"),
        ("Precedence", "bulk"),
        ("X-Auto-Response-Suppress", "All"),
        ("Auto-Submitted", said),
    ]
    return d.body(_person(d, d.choice(["Auto: ", "Automated reply: ", "", "Re: "]) + d.our_subject(), *extra), d.said(**AWAY))


def unix_vacation(d: Dice) -> bytes:
    d.language("en", "nl", "de")
    return d.body(_person(d, "away from my mail", ("Precedence", d.choice(["bulk", "junk"]))), d.said(**AWAY))


def zimbra(d: Dice) -> bytes:
    d.language()
    extra = [("Auto-Submitted", "auto-replied (zimbra; vacation)"), ("Precedence", "bulk")]
    return d.body(_person(d, "Re: " + d.our_subject(), *extra), d.said(**AWAY))


def lotus_notes(d: Dice) -> bytes:
    """Domino says who is out in the subject, and nothing in its headers."""
    d.language("en", "nl", "de", "fr")
    subject = d.said(
        en="{name} is out of the office (returning {day})",
        nl=("{name} is niet op kantoor (terug op {day}).", "{name} is afwezig."),
        de="{name} ist außer Haus.",
        fr="{name} est absent(e) du bureau.",
    )
    text = d.said(
        en="I will be out of the office starting 01-12-2026 and will not return until {day}.\n\nI will respond to your message when I return.\n",
        nl="Ik ben afwezig vanaf 01-12-2026 en kom terug op {day}.\n\nIk zal uw bericht na terugkomst beantwoorden.\n",
        de="Ich werde ab 01.12.2026 nicht im Büro sein. Ich kehre zurück am {day}.\n",
        fr="Je serai absent(e) du 01/12/2026 au {day}.\n\nJe répondrai à votre message dès mon retour.\n",
    )
    return d.body(
        _person(d, subject, ("X-Mailer", "Lotus Domino Release 9")),
        text + "\nNote: This is an automated response to your message.\n" if d.random() < 0.5 else text,
    )


def cpanel(d: Dice) -> bytes:
    d.language()
    extra: Headers = d.choice(
        [
            [("X-Autorespond", d.our_subject()), ("Auto-Submitted", "auto-replied")],
            [("Precedence", "auto_reply"), ("X-Precedence", "auto_reply")],
            [("X-Mail-Autoreply", "yes")],
            [("X-Autogenerated", "Reply")],
            [("X-AutoReply-From", d.address())],
            [("Delivered-To", f"autoresponder:{d.address()}")],
        ]
    )
    return d.body(_person(d, d.said(**OWN_SUBJECTS), *extra, answers=d.random() < 0.5), d.said(**AWAY))


def own_words_as_an_answer(d: Dice) -> bytes:
    """A web host's absence: nothing but its subject, that it answers, and what it says."""
    d.language()
    return d.body(_person(d, d.said(**OWN_SUBJECTS)), d.said(**AWAY))


def bare_subject(d: Dice) -> bytes:
    """Not even the mail it answers is named."""
    d.language()
    subject = d.said(
        nl=(
            "Automatisch bericht: {subject}",
            "Afwezigheidsmelding",
            "Automatische reactie: {subject}",
            "[Automatisch antwoord] {subject}",
        ),
        en=("Auto-reply: {subject}", "Out of Office: {subject}", "Autoreply: {subject}", "Automated response"),
        fr=("Réponse automatique", "Message d'absence : {subject}", "Réponse automatique d'absence"),
        de=("Abwesenheitsnotiz: {subject}", "Abwesenheitsnotiz", "Automatische Antwort"),
    )
    return d.body(_person(d, subject, answers=False), d.said(**AWAY))


def answers_with_re(d: Dice) -> bytes:
    """A rule of a mail program: "Re:" as a person would have it, and a text that says what it is."""
    d.language()
    says = d.said(
        nl=("Dit is een automatisch antwoord. ", "Dit is een automatisch gegenereerd bericht, u kunt hierop niet antwoorden. "),
        en=("This is an automatic reply. ", "This is an automated response, please do not reply. "),
        fr="Ceci est une réponse automatique. ",
        de="Dies ist eine automatisch generierte Antwort. ",
    )
    return d.body(_person(d, "Re: " + d.our_subject()), says + d.said(**AWAY))


def damaged(d: Dice) -> bytes:
    d.language()
    line = d.choice(
        [
            "Auto-Submitted : auto-replied",
            "AUTO-SUBMITTED:auto-replied",
            "auto-submitted:\t auto-replied ;",
            "Auto-Submitted:\n auto-replied",
            'Auto-Submitted: "auto-replied"',
            "X-Autoreply:yes",
            "Precedence : Auto_Reply",
            "Auto-submitted: Auto-generated(out-of-office)",
        ]
    )
    rows = [f"{name}: {value}" for name, value in _person(d, d.said(**OWN_SUBJECTS))]
    rows.insert(d.randint(0, len(rows)), line)
    if d.random() < 0.4:
        rows.insert(0, "From mailer Sat Nov 21 10:00:00 2026")
    if d.random() < 0.4:
        rows.insert(len(rows) - 1, "this line is no header at all")
    return crlf("\n".join(rows).encode() + b"\n\n" + d.said(**AWAY).encode())


RECEIVED = {
    "nl": (
        "Bedankt voor uw bericht. Wij hebben uw aanvraag in goede orde ontvangen onder nummer {number} en reageren binnen 2 werkdagen.\n",
        "Beste,\n\nUw e-mail is ontvangen en geregistreerd als melding {number}. U ontvangt zo spoedig mogelijk een reactie.\n\n"
        "Dit is een automatisch gegenereerd bericht.\n",
    ),
    "en": (
        "Your request ({number}) has been received and is being reviewed by our support staff.\n\nTo add comments, reply to this email.\n",
        "Thank you for contacting us. This is an automated response confirming the receipt of your ticket. We reply within 24 hours.\n",
    ),
    "fr": ("Nous avons bien reçu votre demande ({number}). Ceci est un message automatique, merci de ne pas y répondre.\n",),
    "de": ("Vielen Dank für Ihre Anfrage. Ihre Ticketnummer lautet {number}. Dies ist eine automatisch generierte Nachricht.\n",),
}
RECEIPT_SUBJECTS = {
    "nl": (
        "[#{number}] Ontvangstbevestiging: {subject}",
        "Wij hebben uw bericht ontvangen",
        "Ontvangstbevestiging",
        "Bedankt voor uw bericht",
        "Uw melding {number} is ontvangen",
    ),
    "en": (
        "[Request received] {subject}",
        "Ticket Received - {subject}",
        "[##{number}##] We have received your request",
        "Thank you for contacting us",
    ),
    "fr": ("Accusé de réception : {subject}", "[Ticket#{number}] Votre demande a été reçue"),
    "de": ("[Ticket#{number}] Eingangsbestätigung", "Eingangsbestätigung Ihrer Anfrage"),
}


def ticket_system(d: Dice) -> bytes:
    d.language()
    domain = d.domain()
    extra: Headers = d.choice(
        [
            [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All"), ("X-Mailer", "Zendesk Mailer")],
            [("Auto-Submitted", "auto-replied"), ("X-Powered-By", "OTRS"), ("Precedence", "bulk"), ("X-OTRS-Loop", "yes")],
            [
                ("X-RT-Loop-Prevention", domain),
                ("RT-Ticket", f"{domain} #12"),
                ("Precedence", "bulk"),
                ("X-RT-Originator", "root@localhost"),
            ],
            [("X-JIRA-FingerPrint", "ab12"), ("Auto-Submitted", "auto-generated")],
            [("X-Autoreply", "true"), ("X-osTicket", "1.18")],
            [
                ("X-Auto-Response-Suppress", "DR, RN, NRN, OOF, AutoReply"),
                ("X-TOPdesk", "1"),
                ("Auto-Submitted", "auto-generated"),
            ],
            [("X-FC-MachineGenerated", "true"), ("X-Freshdesk", "1")],
        ]
    )
    headers = d.base(d.said(**RECEIPT_SUBJECTS), sender=("From", f"Support <support@{domain}>"))
    return d.body([*headers, *d.answer(), *extra], d.said(**RECEIVED))


def ticket_receipt_without_marks(d: Dice) -> bytes:
    """A small help desk: no header says so; the subject and the words do, and it answers ours."""
    d.language()
    local = d.choice(["support", "helpdesk", "info", "klantenservice", "servicedesk", "contact"])
    headers = d.base(d.said(**RECEIPT_SUBJECTS), sender=("From", f"Team <{local}@{d.domain()}>"))
    return d.body([*headers, *d.answer()], d.said(**RECEIVED))


def challenge(d: Dice) -> bytes:
    """Prove that you are human."""
    d.language()
    subject = d.said(
        nl="Bevestig uw e-mail aan {name}",
        en=(
            "Please confirm your message to {name}",
            "{name}, your email requires verification verify#{number}",
            "Your message to {mail} awaits confirmation",
        ),
        fr="Confirmez votre message à {name}",
        de="Bitte bestätigen Sie Ihre Nachricht",
    )
    extra: Headers = d.choice(
        [
            [("X-Delivery-Agent", "TMDA/1.1.12"), ("Precedence", "bulk")],
            [("Auto-Submitted", "auto-replied"), ("X-Boxbe", "1")],
            [("Return-Path", "<>"), ("X-Mailer", "ChoiceMail")],
            [("X-Auto-Response-Suppress", "All"), ("Auto-Submitted", "auto-generated")],
        ]
    )
    text = "The message you sent requires that you verify that you are a real live human being. Click the link below.\nhttps://verify.example/x\n"
    return d.body([*d.base(subject, sender=d.sender("Verify", f"verify@{d.domain()}")), *d.answer(), *extra], text)


SHAPES = (
    outlook_exchange,
    outlook_stripped_by_a_gateway,
    gmail,
    sieve,
    unix_vacation,
    zimbra,
    lotus_notes,
    cpanel,
    own_words_as_an_answer,
    bare_subject,
    answers_with_re,
    damaged,
    ticket_system,
    ticket_receipt_without_marks,
    challenge,
)
