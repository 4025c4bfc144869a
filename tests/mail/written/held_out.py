"""Shapes that no rule was tuned by: written before the first measurement, only ever measured. Do not mend a rule by looking
here.
"""

from __future__ import annotations

from tests.mail.corpus_tools import Headers, crlf, mail_of, multipart
from tests.mail.written.bounces import original, status
from tests.mail.written.dice import Dice

_GONE = {
    "nl": (
        "Leuk dat u mailt! Wij zijn even dicht: van 24 december tot en met 1 januari genieten wij van een vrije week. Daarna pakken we uw mail op.\n",
        "Geachte heer, mevrouw, in verband met ouderschapsverlof ben ik tot {day} niet bereikbaar. {name} neemt mijn zaken waar ({mail}).\n",
        "Ik ben op cursus en lees mijn mailbox vanaf {day}. Mail die niet kan wachten mag naar {mail}.\n",
    ),
    "en": (
        "Hi there! I'm travelling this week and will be slow to respond. Expect to hear from me by {day}.\n",
        "Our office is closed for the holidays. We will reopen on {day} and answer all messages in the order received.\n",
        "I have left the company. Please direct future correspondence to {mail}.\n",
    ),
    "fr": (
        "Notre bureau est fermé jusqu'au {day}. Nous vous répondrons dès la réouverture.\n",
        "En formation jusqu'au {day}, je consulte peu mes mails.\n",
    ),
    "de": (
        "Unser Büro ist über die Feiertage geschlossen. Ab {day} sind wir wieder für Sie da.\n",
        "Ich bin in Elternzeit. Vertretung: {name}, {mail}.\n",
    ),
}
_CLOSED = {
    "nl": ("Kantoor gesloten", "Ik ben op cursus", "Met verlof tot {day}", "{name} - afwezig"),
    "en": ("Office closed", "Travelling until {day}", "No longer with the company", "Parental leave"),
    "fr": ("Fermeture annuelle", "Bureau fermé", "En formation"),
    "de": ("Betriebsferien", "Elternzeit", "Nicht erreichbar"),
}


def _to_us(d: Dice, subject: str, *extra: tuple[str, str]) -> Headers:
    name = d.name()
    return [*d.base(subject, sender=d.sender(name, d.address(name))), *d.answer(), *extra]


def closed_with_headers(d: Dice) -> bytes:
    d.language()
    extra = d.choice(
        [
            [("Auto-Submitted", "auto-replied")],
            [("Precedence", "bulk"), ("X-Vacation", "yes")],
            [("X-MDaemon-Deliver-Auto-Response", "1"), ("Auto-Submitted", "auto-replied")],
            [("X-Autoresponder", "hMailServer"), ("Auto-Submitted", "auto-replied")],
            [("Auto-Submitted", "auto-replied (fastmail)"), ("X-Mailer", "FastMail")],
            [("X-Amazon-Auto-Reply", "true"), ("Auto-Submitted", "auto-generated")],
        ]
    )
    return d.body(_to_us(d, d.said(**_CLOSED), *extra), d.said(**_GONE))


def outlook_in_other_tongues(d: Dice) -> bytes:
    subject = d.choice(
        [
            "Automatické odpovědi: Nabídka",
            "Automatisk svar: Tilbud",
            "Automaattinen vastaus: Tarjous",
            "Otomatik Yanıt: Teklif",
            "Automatikus válasz: Ajánlat",
            "Räspuns automat: Oferta",
            "Răspuns automat: Ofertă",
            "Αυτόματη απάντηση: Προσφορά",
            "自動応答: 見積り",
            "Автоматический ответ: Счёт",
            "Automatski odgovor: Ponuda",
            "Samodejni odgovor: Ponudba",
            "Automātiska atbilde: Piedāvājums",
        ]
    )
    return d.body(_to_us(d, subject, ("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")), "…\n")


def marked_subject_alone(d: Dice) -> bytes:
    d.language("nl", "en", "fr", "de")
    subject = d.said(
        nl=(
            "Automatisch antwoord: {subject}",
            "Afwezigheidsbericht: {subject}",
            "Automatisch antwoord op uw bericht",
            "AUTOMATISCH ANTWOORD",
        ),
        en=(
            "Automatic reply: {subject}",
            "[Auto-Reply] {subject}",
            "Out of Office Re: {subject}",
            "AutoReply: {subject}",
            "Out of Office AutoReply: {subject}",
        ),
        fr=("Réponse automatique : {subject}", "Absence du bureau : {subject}"),
        de=("Automatische Antwort: {subject}", "Abwesend: {subject}"),
    )
    return d.body(_to_us(d, subject), d.said(**_GONE))


def help_desks(d: Dice) -> bytes:
    d.language()
    extra = d.choice(
        [
            [("Auto-Submitted", "auto-generated")],
            [("X-Auto-Response-Suppress", "All"), ("Precedence", "bulk")],
            [("X-Autoreply", "1")],
            [("X-Zammad-Ticket", "1"), ("Auto-Submitted", "auto-generated")],
            [("X-Redmine-Host", "x"), ("Auto-Submitted", "auto-generated"), ("Precedence", "bulk")],
        ]
    )
    subject = d.said(
        nl=("Uw vraag is bij ons binnen ({number})", "Dossier {number}"),
        en=("Case {number} created", "We got your message!"),
        fr="Dossier {number} ouvert",
        de="Vorgang {number}",
    )
    return d.body([*d.base(subject, sender=("From", f"Desk <desk@{d.domain()}>")), *extra], "Case opened.\n")


def help_desk_without_headers(d: Dice) -> bytes:
    d.language("nl", "en", "de", "fr")
    subject = d.said(
        nl=("Uw aanvraag is geregistreerd: {number}", "Ontvangstbevestiging aanvraag {number}"),
        en=("Case {number}: we have received your enquiry", "Your ticket {number}"),
        fr="Confirmation de réception de votre demande",
        de="Wir haben Ihre Nachricht erhalten",
    )
    text = d.said(
        nl="Geachte klant,\n\nUw aanvraag is onder nummer {number} geregistreerd. Dit bericht is automatisch aangemaakt.\n",
        en="Dear customer,\n\nWe have logged your enquiry under {number}. This is an automated acknowledgement.\n",
        fr="Votre demande a été enregistrée sous le numéro {number}. Message automatique.\n",
        de="Ihre Anfrage wurde unter {number} erfasst. Automatische Nachricht.\n",
    )
    return d.body([*d.base(subject, sender=("From", f"Service <service@{d.domain()}>")), *d.answer()], text)


def cloud_bounce(d: Dice) -> bytes:
    to = d.address()
    sender = d.choice(
        [
            "MAILER-DAEMON@eu-west-1.amazonses.example",
            "postmaster@mailgun.example",
            "Mail Delivery System <mailer-daemon@mail.icloud.example>",
            "MAILER-DAEMON@yahoo.example",
            "Postmaster <postmaster@kpn.example>",
        ]
    )
    subject = d.choice(
        [
            "Delivery Status Notification (Failure)",
            "Undeliverable: Offerte",
            "Failure Notice",
            "Undelivered mail",
            "Mail niet bezorgd",
        ]
    )
    parts = [
        d.part(f"An error occurred while trying to deliver the mail to the following recipients:\n{to}\n", "plain"),
        status(d, to, "failed", "5.1.1", "550 no such user"),
        original(d, to),
    ]
    return mail_of(
        d.base(subject, sender=("From", sender)),
        multipart("report", parts, boundary=f"q{d.getrandbits(50):x}", params="; report-type=delivery-status"),
    )


def domino_bounce(d: Dice) -> bytes:
    to = d.address()
    parts = [
        d.part(f"Your message was not delivered to:\n{to}\n\nbecause: User not listed in public Name & Address Book\n", "plain"),
        status(d, to, "failed", "5.1.1", "X-Notes; User not listed"),
    ]
    headers = d.base(
        "DELIVERY FAILURE: User not listed in public Name & Address Book", sender=("From", f"Postmaster@{d.domain()}")
    )
    return mail_of(
        headers, multipart("report", parts, boundary=f"n{d.getrandbits(50):x}", params="; report-type=delivery-status")
    )


def text_bounce(d: Dice) -> bytes:
    d.language("nl", "en", "de", "fr")
    text = d.said(
        nl="Helaas kon uw e-mail niet worden afgeleverd bij {mail}: mailbox vol.\n",
        en="Delivery to the following recipient failed permanently:\n\n  {mail}\n\nmailbox unavailable\n",
        fr="Votre message n'a pas pu être livré à {mail} : boîte pleine.\n",
        de="Ihre E-Mail an {mail} konnte nicht zugestellt werden: Postfach voll.\n",
    )
    sender = d.choice(
        [f"mailer-daemon@{d.domain()}", f"postmaster@{d.domain()}", f"Mail Delivery Subsystem <daemon@{d.domain()}>"]
    )
    return d.body(
        d.base(
            d.choice(["Delivery failed", "Mail delivery failed", "Undelivered", "Niet bezorgd", "Undeliverable Mail"]),
            sender=("From", sender),
        ),
        text,
    )


def receipts(d: Dice) -> bytes:
    to = d.address()
    fields = f"Final-Recipient: rfc822;{to}\nOriginal-Message-ID: {d.our_id()}\nDisposition: automatic-action/MDN-sent-automatically; displayed\n"
    parts = [
        d.part("Dit is een ontvangstbevestiging.\n", "plain"),
        crlf(b"Content-Type: message/disposition-notification\n\n" + fields.encode()),
    ]
    headers = d.base(
        d.choice(["Leesbevestiging", "Disposition notification", "Lesebestätigung: Angebot"]), sender=d.sender(d.name(), to)
    )
    return mail_of(
        headers, multipart("report", parts, boundary=f"r{d.getrandbits(50):x}", params="; report-type=disposition-notification")
    )


def platforms(d: Dice) -> bytes:
    d.language()
    extra = d.choice(
        [
            [("List-Unsubscribe", "<https://p.example/u>")],
            [("X-GitLab-Project", "x"), ("Auto-Submitted", "auto-generated")],
            [("X-Entity-Ref-ID", "1"), ("Feedback-ID", "9:1:2:x")],
            [("Precedence", "junk")],
            [("X-Auto-Response-Suppress", "All"), ("Auto-Submitted", "auto-generated; x=1")],
        ]
    )
    return d.body(
        [
            *d.base(
                d.choice(["Pipeline failed", "Nieuwe reactie op uw advertentie", "Webinar morgen"]),
                sender=("From", f"Platform <hallo@{d.domain()}>"),
            ),
            *extra,
        ],
        "Bekijk online.\n",
    )


def no_reply_of_all_kinds(d: Dice) -> bytes:
    local = d.choice(
        [
            "noreply",
            "no-reply-facturatie",
            "noreply.klant",
            "DoNotReply",
            "no.reply",
            "geenantwoord",
            "niet-reageren",
            "do_not_reply",
            "no-responder",
            "auto-confirm-noreply",
        ]
    )
    return d.body(d.base("Bevestiging 4411", sender=("From", f"<{local}@{d.domain()}>")), "Zie uw account.\n")


AUTOMATIC = (
    closed_with_headers,
    outlook_in_other_tongues,
    marked_subject_alone,
    help_desks,
    help_desk_without_headers,
    cloud_bounce,
    domino_bounce,
    text_bounce,
    receipts,
    platforms,
    no_reply_of_all_kinds,
)
