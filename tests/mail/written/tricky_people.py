"""People who write what machines write too: the words, the subjects, the lists, the forwarded reports."""

from __future__ import annotations

from tests.mail.corpus_tools import Headers, crlf, mail_of, multipart
from tests.mail.written import bounces
from tests.mail.written.away import AWAY, OUTLOOK, RECEIVED
from tests.mail.written.dice import Dice
from tests.mail.written.people import LANGUAGES, REPLY, TEXTS, written

PROGRAMS: tuple[Headers, ...] = (
    [("X-Mailer", "iPhone Mail (23B85)")],
    [("Thread-Topic", "x"), ("Thread-Index", "AQHb")],
    [("User-Agent", "Mozilla Thunderbird")],
    [("X-Gm-Message-State", "AOJu0Yx")],
    [],
)


def quotes_an_absence(d: Dice) -> bytes:
    """An answer to our automatic answer, or to a colleague's, with its text underneath."""
    d.language("nl", "nl", "en", "fr", "de")
    text = d.said(
        nl="Dank voor het bericht van uw collega, maar ik zoek iemand die er wel is.\n",
        en="Your colleague seems to be away. Can somebody else help?\n",
        fr="Votre collègue est absent, qui peut m'aider ?\n",
        de="Ihr Kollege ist nicht da, wer kann mir helfen?\n",
    )
    below = "\n".join(f"> {line}" for line in d.said(**AWAY).splitlines())
    subject = d.choice(REPLY) + OUTLOOK[d.lang] + d.our_subject()
    return written(d, *d.choice(PROGRAMS), subject=subject, text=f"{text}\n{below}\n", is_reply=True)


def automatic_debit(d: Dice) -> bytes:
    d.language("nl", "nl", "en", "fr", "de")
    subject = d.said(
        nl=(
            "Automatische incasso stopzetten",
            "Automatisch incasso mislukt",
            "Automatische afschrijving",
            "Automatisch laden werkt niet",
            "automatische start laadpaal",
            "Automatisch antwoord - krijg ik nog een echt antwoord?",
            "Vraag over automatische incasso",
            "Automatische reactie gekregen, maar niemand belt",
        ),
        en=(
            "Automatic payment failed",
            "Automatic charging stops",
            "Auto start does not work",
            "Automatic gate and charger",
            "Automatic reply - is there a human too?",
        ),
        fr=("Prélèvement automatique", "Démarrage automatique de la borne", "Réponse automatique reçue, mais pas de rappel"),
        de=("Automatische Abbuchung", "Automatisches Laden geht nicht", "Automatische Abschaltung der Wallbox"),
    )
    text = d.said(
        nl="De automatische incasso van {day} klopt niet. Kunt u dit nakijken? Dit is geen automatisch bericht, graag een reactie.\n",
        en="The automatic payment of {day} is wrong. Please look into it.\n",
        fr="Le prélèvement automatique du {day} est incorrect.\n",
        de="Die automatische Abbuchung vom {day} stimmt nicht.\n",
    )
    return written(d, *d.choice(PROGRAMS), subject=subject, text=text, is_reply=d.random() < 0.3)


def absent_themselves(d: Dice) -> bytes:
    """Somebody tells us when they are not at home."""
    d.language("nl", "nl", "en", "fr", "de")
    subject = d.said(
        nl=(
            "Afwezig dinsdag, graag andere dag",
            "Vakantie van {day}",
            "Ik ben afwezig op {day}",
            "Niet aanwezig op afspraak",
            "Met vakantie vanaf {day}",
            "Afwezig",
        ),
        en=(
            "On holiday from {day}",
            "Away until {day}, can we move the visit?",
            "Out of office next week - other date?",
            "Vacation",
        ),
        fr=("Absence le {day}", "En vacances jusqu'au {day}", "Absent le jour du rendez-vous"),
        de=("Im Urlaub bis {day}", "Abwesenheit am {day}", "Bin nicht im Büro am {day}, anderer Termin?"),
    )
    text = d.said(
        nl=(
            "Hallo, ik ben {day} afwezig, dus de afspraak kan niet doorgaan. Kan het een week later? Bij spoed kunt u {phone} bellen.\n",
            "Wij zijn met vakantie tot {day}. Kunnen jullie de monteur daarna sturen? Mijn buurvrouw heeft de sleutel.\n",
        ),
        en=(
            "We are on holiday until {day}. Could the technician come afterwards? Call me on {phone} if urgent.\n",
            "I am away on {day}, can we move the appointment?\n",
        ),
        fr="Je suis absent le {day}, peut-on déplacer le rendez-vous ? En cas d'urgence, appelez-moi.\n",
        de="Ich bin bis {day} im Urlaub. Können Sie danach kommen?\n",
    )
    return written(d, *d.choice(PROGRAMS), subject=subject, text=text, is_reply=d.random() < 0.3)


def signs_with_hours(d: Dice) -> bytes:
    d.language("nl", "en", "fr")
    below = d.said(
        nl="\n-- \n{name}\nIk werk niet op vrijdag. Bij afwezigheid kunt u contact opnemen met {mail}.\n",
        en="\n-- \n{name}\nI am out of the office on Fridays. For urgent matters contact {mail}.\n",
        fr="\n-- \n{name}\nAbsente le mercredi. En cas d'urgence : {mail}\n",
    )
    return written(d, *d.choice(PROGRAMS), text=d.said(**TEXTS) + below, is_reply=d.random() < 0.6)


def over_a_discussion_list(d: Dice) -> bytes:
    """A group address at the customer's, an association's list: List-* headers around a person's mail."""
    d.language("nl", "en", "fr")
    domain = d.domain()
    group: Headers = d.choice(
        [
            [
                ("Precedence", "list"),
                ("Mailing-list", f"list info@{domain}; contact info+owners@{domain}"),
                ("List-ID", f"<info.{domain}>"),
                ("X-Google-Group-Id", "123456"),
                ("List-Post", f"<https://groups.example/a/info/post>, <mailto:info@{domain}>"),
                ("List-Help", "<https://support.example>"),
                ("List-Archive", "<https://groups.example/a/info>"),
                ("List-Unsubscribe", "<mailto:googlegroups-manage+1+unsubscribe@googlegroups.example>"),
            ],
            [
                ("List-Id", f"Bewoners <bewoners.{domain}>"),
                ("List-Post", f"<mailto:bewoners@{domain}>"),
                ("X-BeenThere", f"bewoners@{domain}"),
                ("X-Mailman-Version", "3.3.9"),
                ("Precedence", "list"),
                ("List-Unsubscribe", f"<mailto:bewoners-leave@{domain}>"),
                ("Errors-To", f"bewoners-bounces@{domain}"),
            ],
            [
                ("List-Id", f"<bestuur.{domain}>"),
                ("List-Post", f"<mailto:bestuur@{domain}>"),
                ("X-Loop", f"bestuur@{domain}"),
                ("X-Sequence", "41"),
                ("Precedence", "list"),
                ("List-Owner", f"<mailto:bestuur-request@{domain}>"),
            ],
        ]
    )
    return written(d, *d.choice(PROGRAMS[:4]), *group, is_reply=d.random() < 0.6)


def forwards_a_bounce(d: Dice) -> bytes:
    d.language("nl", "en", "fr")
    subject = d.choice(
        [
            "Fwd: Undeliverable: offerte",
            "FW: Onbestelbaar: Factuur",
            "Fwd: Delivery Status Notification (Failure)",
            "TR: Non remis : devis",
            "Fwd: failure notice",
            "Doorst: Undelivered Mail Returned to Sender",
        ]
    )
    below = (
        "---------- Forwarded message ---------\nFrom: Mail Delivery Subsystem <mailer-daemon@googlemail.example>\nSubject: Delivery Status Notification (Failure)\n\n"
        "Address not found. Your message wasn't delivered to servce@laadpunt.example. 550 5.1.1 User unknown\nMessage-ID: <abc@klant.example>\n"
    )
    text = d.said(
        nl="Ik kreeg dit terug toen ik jullie mailde. Klopt het adres?\n\n",
        en="I got this back when I wrote to you. Is the address right?\n\n",
        fr="J'ai reçu ceci en retour.\n\n",
    )
    return written(d, *d.choice(PROGRAMS), subject=subject, text=text + below, is_reply=False)


def attaches_a_bounce(d: Dice) -> bytes:
    d.language("nl", "en")
    own = crlf(
        f'Content-Type: message/rfc822\nContent-Disposition: attachment; filename="bericht.eml"\n\nFrom: MAILER-DAEMON@x.example\nSubject: {"Undeliverable: vraag"}\n'
        f"Auto-Submitted: auto-replied\nMessage-ID: {d.our_id()}\n\nUser unknown\n".encode()
    )
    text = d.said(nl="Mijn mail kwam terug, zie de bijlage.\n", en="My mail came back, see attached.\n")
    headers = d.base(
        d.choice(["Mail komt terug", "Fwd: Undeliverable: vraag", "Niet bezorgd?"]), sender=d.sender(d.name(), d.address())
    )
    return mail_of(
        [*headers, *d.choice(PROGRAMS)], multipart("mixed", [d.part(text, "plain"), own], boundary=f"m{d.getrandbits(50):x}")
    )


def attaches_a_whole_report(d: Dice) -> bytes:
    """The report as a file inside, with its own machine-readable part."""
    d.language("nl", "en")
    inner = crlf(b"Content-Type: message/rfc822\n\n") + bounces.postfix(d)
    headers = d.base("Fwd: Undelivered Mail Returned to Sender", sender=d.sender(d.name(), d.address()))
    return mail_of(
        [*headers, *d.choice(PROGRAMS)],
        multipart("mixed", [d.part("Wat betekent dit?\n", "plain"), inner], boundary=f"o{d.getrandbits(50):x}"),
    )


def writes_about_failures(d: Dice) -> bytes:
    d.language("nl", "en", "fr")
    subject = d.said(
        nl=(
            "Mail komt niet aan",
            "Bezorgd: verkeerde kabel",
            "Gelezen: handleiding, maar snap het niet",
            "Foutmelding 550 op de paal",
        ),
        en=(
            "Failure notice on the display",
            "Delivered: 3 cables instead of 4",
            "Returned mail?",
            "Read: your manual, still stuck",
            "Recall of the charger?",
        ),
        fr=("Non remis par le transporteur", "Lu : votre devis", "Retour de courrier"),
    )
    text = d.said(
        nl="Mijn mail aan jullie kon niet worden bezorgd (550 5.1.1). Op het pakket staat wel het goede adres.\n",
        en="The parcel was returned: could not be delivered. User unknown at this address, said the driver.\n",
        fr="Le colis n'a pas pu être remis.\n",
    )
    return written(d, *d.choice(PROGRAMS), subject=subject, text=text, is_reply=d.random() < 0.2)


def web_form(d: Dice) -> bytes:
    """A form that somebody filled in; the site's address sends it and Reply-To is the person."""
    d.language("nl", "en", "fr", "de")
    site = d.choice(["laadpunt-site.example", "mail.laadpunt-site.example"])
    local = d.choice(
        ["no-reply", "noreply", "wordpress", "website", "notifications-noreply", "mailer", "formulier", "do-not-reply"]
    )
    name = d.name()
    extra: Headers = d.choice(
        [
            [],
            [("X-Mailer", "PHPMailer 6.9.1 (https://github.example/PHPMailer)")],
            [("Return-Path", f"<bounce+ab.c=d@{site}>")],
            [("X-Mailer", "Drupal")],
            [("X-Auto-Response-Suppress", "All")],
            [("Feedback-ID", "::1.eu-west-1.x=:AmazonSES")],
        ]
    )
    headers = d.base(
        d.choice(["Contactformulier", "Nieuwe aanvraag via de website", "Offerte aanvraag", "New contact form submission"]),
        sender=("From", f"Website <{local}@{site}>"),
    )
    text = f"Naam: {name}\nTelefoon: 06-12345678\nBericht: {d.said(**TEXTS)}"
    return d.body([*headers, ("Reply-To", f"{d.coded(name)} <{d.address(name)}>"), *extra], text)


def answers_our_receipt(d: Dice) -> bytes:
    d.language("nl", "en", "fr", "de")
    below = "\n".join(f"> {line}" for line in d.said(**RECEIVED).splitlines())
    subject = d.choice(REPLY) + d.said(
        nl=("Wij hebben uw bericht ontvangen", "Ontvangstbevestiging", "Bedankt voor uw bericht"),
        en="We have received your request",
        fr="Accusé de réception",
        de="Eingangsbestätigung",
    )
    return written(d, *d.choice(PROGRAMS), subject=subject, text=f"{d.said(**TEXTS)}\n{below}\n", is_reply=True)


def thanks_in_the_subject(d: Dice) -> bytes:
    """Subjects of receipts as people use them, in a new mail."""
    d.language("nl", "en", "fr", "de")
    subject = d.said(
        nl=(
            "Bedankt voor uw bericht van gisteren",
            "Ontvangstbevestiging gevraagd",
            "We hebben uw mail ontvangen maar hebben nog een vraag",
        ),
        en=("Thank you for your message", "We've received your quote", "Thank you for contacting me so quickly"),
        fr="Accusé de réception de votre colis",
        de="Eingangsbestätigung fehlt noch",
    )
    text = d.said(
        nl="Dank! Wij hebben uw offerte ontvangen en besproken. Kunt u {day} komen?\n",
        en="Thanks! We have received your quote and would like to go ahead. When?\n",
        fr="Nous avons bien reçu votre colis, merci. Il manque un câble.\n",
        de="Wir haben Ihr Angebot erhalten und möchten es annehmen.\n",
    )
    return written(d, *d.choice(PROGRAMS), subject=subject, text=text, is_reply=d.random() < 0.3)


def invitation_or_note(d: Dice) -> bytes:
    """Invites us, or answers an invitation with words of their own."""
    d.language("nl", "en")
    method = d.choice(["REQUEST", "REPLY", "COUNTER"])
    ics = f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:{d.getrandbits(60):x}\r\nSUMMARY:Schouw\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    part = f"Content-Type: text/calendar; method={method}; charset=UTF-8\r\n\r\n{ics}".encode()
    text = d.said(
        nl="Helaas, {day} lukt niet. Kan het een dag later, rond tien uur?\n",
        en="Sorry, that day does not work. Could we make it a day later, around ten?\n",
    )
    headers = d.base(
        d.choice(["Declined: Schouw", "Afspraak schouw", "Geaccepteerd: Schouw"]), sender=d.sender(d.name(), d.address())
    )
    return mail_of(
        [*headers, *d.choice(PROGRAMS)],
        multipart("alternative", [d.part(text, "plain"), part], boundary=f"i{d.getrandbits(50):x}"),
    )


def about_order_status(d: Dice) -> bytes:
    d.language("nl", "en", "fr")
    subject = d.said(
        nl=(
            "Statuswijziging bestelling {number}?",
            "Uw order {number}",
            "Melding {number} nog steeds open",
            "[#{number}] nog geen antwoord",
        ),
        en=("Your order {number}", "Re: [##{number}##] We have received your request", "Status update please"),
        fr="Votre commande {number}",
    )
    return written(d, *d.choice(PROGRAMS), subject=subject, is_reply=d.random() < 0.5)


def damaged(d: Dice) -> bytes:
    """Old programs and home-made ones: no date, no id, no charset, odd lines."""
    d.language(*LANGUAGES)
    rows = [
        f"From: {d.address()}",
        f"Subject: {d.choice(['Vraag', 'vraag over laadpaal', '', 'dringend!!!'])}",
        f"To: {d.choice(['service@laadpunt.example', 'undisclosed-recipients:;'])}",
    ]
    if d.random() < 0.5:
        rows.append("this is no header")
    if d.random() < 0.5:
        rows.insert(0, "From - Sat Nov 21 10:00:00 2026")
    return crlf("\n".join(rows).encode() + b"\n\n" + d.said(**TEXTS).encode(d.choice(["utf-8", "latin-1"]), "replace"))


def signed_or_encrypted(d: Dice) -> bytes:
    d.language(*LANGUAGES)
    headers = d.base(d.choice(["Akte", "Vertrouwelijk", "Contract"]), sender=d.sender(d.name(), d.address()))
    part = crlf(b"Content-Type: application/pkcs7-signature; name=smime.p7s\n\nabc\n")
    return mail_of(
        [*headers, *d.choice(PROGRAMS)],
        multipart("signed", [d.part(d.said(**TEXTS), "plain"), part], boundary=f"s{d.getrandbits(50):x}"),
    )


def pastes_a_machines_words(d: Dice) -> bytes:
    """Copies what a web shop wrote, "do not reply" included, and asks about it."""
    d.language("nl", "en", "fr", "de")
    text = d.said(
        nl="Ik kreeg onderstaande mail. Klopt dat?\n\nUw order {number} is verwerkt. Dit is een automatisch gegenereerd bericht. U kunt hierop niet antwoorden.\n",
        en="I got this from you, is it right?\n\nYour order {number} was processed. This is an automatically generated email, please do not reply.\n",
        fr="J'ai reçu ceci :\n\nCeci est un message automatique, merci de ne pas y répondre.\n",
        de="Ich bekam das hier:\n\nDiese E-Mail wurde automatisch generiert. Bitte antworten Sie nicht auf diese Nachricht.\n",
    )
    subject = d.choice(["Fwd: Uw order", "Vraag over uw mail", "Re: Uw order 4411", "FW: Delivery tomorrow", "Klopt dit?"])
    return written(d, *d.choice(PROGRAMS), subject=subject, text=text, is_reply=subject.startswith("Re"))


SHAPES = (
    quotes_an_absence,
    automatic_debit,
    absent_themselves,
    signs_with_hours,
    over_a_discussion_list,
    forwards_a_bounce,
    attaches_a_bounce,
    attaches_a_whole_report,
    writes_about_failures,
    web_form,
    answers_our_receipt,
    thanks_in_the_subject,
    invitation_or_note,
    about_order_status,
    damaged,
    signed_or_encrypted,
    pastes_a_machines_words,
)
