"""Shapes written after the rules were done, measured once and left as they are: how the rules do on what they were not made
for.
"""

from __future__ import annotations

from tests.mail.corpus_tools import Headers, crlf, mail_of, multipart
from tests.mail.written.dice import Dice
from tests.mail.written.people import written


def _answer(d: Dice, subject: str, text: str, *extra: tuple[str, str], sender: str = "") -> bytes:
    name = d.name()
    who = ("From", sender) if sender else d.sender(name, d.address(name))
    return d.body([*d.base(subject, sender=who), *d.answer(), *extra], text)


def shop_hours(d: Dice) -> bytes:
    d.language("nl", "en", "fr", "de")
    text = d.said(
        nl="Hoi! Tof dat je ons mailt. We zijn ma t/m vr bereikbaar van 9 tot 17 uur en antwoorden meestal binnen een dag.\n",
        en="Hey! We're online Monday to Friday, 9 to 5, and usually answer within a day.\n",
        fr="Bonjour ! Nos conseillers répondent du lundi au vendredi, sous 24 h.\n",
        de="Hallo! Wir antworten montags bis freitags innerhalb eines Tages.\n",
    )
    return _answer(
        d,
        "Re: " + d.our_subject(),
        text,
        *d.choice([[("Auto-Submitted", "auto-replied")], [("X-Auto-Response-Suppress", "All"), ("Precedence", "bulk")]]),
    )


def municipality(d: Dice) -> bytes:
    text = "Geachte heer/mevrouw,\n\nUw e-mail is bij de gemeente binnengekomen. U krijgt uiterlijk binnen vijf werkdagen bericht.\n\nDit is een automatisch verzonden bericht.\n"
    return _answer(
        d,
        d.choice(["Ontvangstbevestiging gemeente", "Uw bericht aan de gemeente", "Bevestiging ontvangst"]),
        text,
        sender=f"Gemeente <gemeente@{d.domain()}>",
    )


def doctor(d: Dice) -> bytes:
    d.language("nl", "en", "de")
    text = d.said(
        nl="Let op: dit is een automatische reactie. Deze mailbox wordt niet gelezen. Bel {phone}.\n",
        en="Please note: this is an automated reply. This inbox is not monitored.\n",
        de="Achtung: dies ist eine automatische Antwort. Dieses Postfach wird nicht gelesen.\n",
    )
    return _answer(d, d.choice(["Praktijk", "Automatische reactie", "Auto response", "Automatische Antwort"]), text)


def gone_for_good(d: Dice) -> bytes:
    d.language("nl", "en", "fr")
    text = d.said(
        nl="Ik ben niet meer werkzaam bij dit bedrijf. U kunt contact opnemen met {mail}.\n",
        en="I no longer work here. Please contact {mail} instead.\n",
        fr="Je ne fais plus partie de l'entreprise. Contactez {mail}.\n",
    )
    mark = {"nl": "Automatisch antwoord: ", "en": "Automatic reply: ", "fr": "Réponse automatique : "}[d.lang]
    return _answer(d, mark + d.our_subject(), text, *d.choice([[], [("Auto-Submitted", "auto-generated")]]))


def vacation_with_odd_header_case(d: Dice) -> bytes:
    extra: Headers = d.choice(
        [
            [("AUTO-SUBMITTED", "AUTO-REPLIED")],
            [("x-autoreply", "YES")],
            [("PRECEDENCE", "BULK")],
            [("Auto-submitted", "auto-replied; owner=x")],
            [("x-loop", "yes")],
        ]
    )
    return _answer(d, "Vakantie", "Tot januari!\n", *extra)


def full_box(d: Dice) -> bytes:
    to = d.address()
    text = f"Delivery has failed to these recipients or groups:\n\n{to}\nThe recipient's mailbox is full and can't accept messages now.\n\nDiagnostic information for administrators:\n552 5.2.2\n"
    return d.body(d.base("Undeliverable: Invoice", sender=("From", f"Microsoft Outlook <postmaster@{d.domain()}>")), text)


def relay_report(d: Dice) -> bytes:
    group = f"Reporting-MTA: dns; gw\n\nFinal-Recipient: rfc822; {d.address()}\nAction: {d.choice(['failed', 'delayed', 'relayed'])}\nStatus: {d.choice(['5.0.0', '4.0.0'])}\n"
    parts = [d.part("Zie hieronder.\n", "plain"), crlf(b"Content-Type: message/delivery-status\n\n" + group.encode())]
    headers = d.base(d.choice(["Statusbericht", "Mail status", "DSN"]), sender=("From", f"gateway@{d.domain()}"))
    return mail_of(headers, multipart(d.choice(["report", "mixed"]), parts, boundary=f"z{d.getrandbits(50):x}"))


def shop_notice(d: Dice) -> bytes:
    d.language("nl", "en", "fr")
    text = d.said(
        nl="Je bestelling is geplaatst.\n\nJe kunt niet reageren op deze e-mail.\n",
        en="Your order is confirmed.\n\nThis email was sent automatically. Replies are not read.\n",
        fr="Votre commande est confirmée.\n\nCe message a été envoyé automatiquement.\n",
    )
    return d.body(
        d.base(
            d.said(nl="Bestelling geplaatst", en="Order confirmed", fr="Commande confirmée"),
            sender=("From", f"Shop <{d.choice(['noreply', 'shop', 'orders'])}@{d.domain()}>"),
        ),
        text,
    )


def campaign(d: Dice) -> bytes:
    extra: Headers = d.choice(
        [
            [("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"), ("List-Unsubscribe", "<https://u.example>")],
            [("Precedence", "bulk")],
            [("List-Id", "<a.b>"), ("List-Post", "NO")],
            [("Feedback-ID", "a:b:c:brevo")],
        ]
    )
    return d.body([*d.base("Black Friday", sender=("From", f"Team <team@{d.domain()}>")), *extra], "Alles moet weg!\n")


AUTOMATIC = (
    shop_hours,
    municipality,
    doctor,
    gone_for_good,
    vacation_with_odd_header_case,
    full_box,
    relay_report,
    shop_notice,
    campaign,
)


def asks_whether_read(d: Dice) -> bytes:
    d.language("nl", "en")
    return written(
        d,
        subject=d.said(nl=("Gelezen?", "Wordt deze mailbox gelezen?"), en=("Read this please", "Is this inbox monitored?")),
        text=d.said(
            nl="Ik kreeg op mijn vorige mail alleen een automatisch antwoord. Leest iemand dit?\n",
            en="All I get is automated replies. Is anybody there?\n",
        ),
    )


def tells_of_closing(d: Dice) -> bytes:
    d.language("nl", "fr", "de")
    return written(
        d,
        subject=d.said(
            nl="Kantoor gesloten op {day}, leveren kan niet", fr="Fermeture du chantier le {day}", de="Büro geschlossen am {day}"
        ),
        text=d.said(
            nl="Ons kantoor is {day} gesloten; kom dus een dag later met de kast. Laat u even weten of dat lukt?\n",
            fr="Le bureau est fermé le {day}, livrez le lendemain s'il vous plaît.\n",
            de="Unser Büro ist am {day} geschlossen, bitte liefern Sie später.\n",
        ),
    )


def hands_over(d: Dice) -> bytes:
    d.language("nl", "en")
    text = d.said(
        nl="Ik ga met verlof vanaf {day}. {name} neemt het van mij over, {mail}. Zie hieronder de stand.\n",
        en="I am on leave from {day}; {name} takes over ({mail}). Status below.\n",
    )
    return written(d, ("Thread-Index", "AQ"), subject=d.said(nl="Overdracht project", en="Handover"), text=text)


def short_replies(d: Dice) -> bytes:
    return written(
        d, text=d.choice(["Doe maar.\n", "Nee, 10 uur.\n", "Perfect 🙏\n", "Graag gebeld.\n", "Dat is goed zo.\n"]), is_reply=True
    )


def automatic_things(d: Dice) -> bytes:
    d.language("nl", "en", "fr", "de")
    text = d.said(
        nl="De paal schakelt automatisch uit. Dit is een automatische beveiliging, zei de monteur. Klopt dat?\n",
        en="The charger stops. The manual says: this is an automatic protection.\n",
        fr="La borne s'arrête, c'est une protection automatique selon le manuel.\n",
        de="Die Wallbox schaltet ab, das ist eine automatische Funktion, oder?\n",
    )
    return written(d, text=text)


def association(d: Dice) -> bytes:
    domain = d.domain()
    group: Headers = [
        ("List-Id", f"<leden.{domain}>"),
        ("List-Post", f"<mailto:leden@{domain}>"),
        ("Precedence", "list"),
        ("List-Archive", "<https://x.example>"),
    ]
    return written(d, *group, is_reply=True)


def sites(d: Dice) -> bytes:
    name = d.name()
    headers = d.base("Bericht via de site", sender=("From", f"Site <{d.choice(['info', 'noreply', 'site'])}@site.example>"))
    return d.body(
        [*headers, ("Reply-To", f"<{d.address(name)}>"), ("X-Mailer", "WPMailSMTP/Mailer/smtp 4.2")],
        f"{name} vraagt: wat kost een paal?\n\nDit bericht is verzonden via het formulier.\n",
    )


def privacy_people(d: Dice) -> bytes:
    return written(d, ("Feedback-ID", d.choice(["ab:Fastmail", "1:user:proton"])), ("X-Priority", "1"), ("Importance", "high"))


def with_disclaimers(d: Dice) -> bytes:
    d.language("nl", "en", "fr")
    small = d.said(
        nl="\n\nDit bericht is uitsluitend bestemd voor de geadresseerde. Indien u dit bericht ten onrechte ontvangt, neem dan contact op.\n",
        en="\n\nThis email is confidential. If you received it in error please contact the sender and delete it.\n",
        fr="\n\nCe message est confidentiel.\n",
    )
    return written(d, text=d.said(nl="Wanneer komt u?\n", en="When do you come?\n", fr="Quand venez-vous ?\n") + small)


PEOPLE = (
    asks_whether_read,
    tells_of_closing,
    hands_over,
    short_replies,
    automatic_things,
    association,
    sites,
    privacy_people,
    with_disclaimers,
)
