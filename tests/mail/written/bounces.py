"""Reports: bounces and delays of mail servers, with and without their machine-readable part; read receipts; complaints."""

from __future__ import annotations

from tests.mail.corpus_tools import Headers, crlf, mail_of, multipart
from tests.mail.written.dice import US, Dice

CODES = (
    ("5.1.1", "550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table"),
    ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"),
    ("5.2.2", "552 5.2.2 The email account that you tried to reach is over quota"),
    ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied"),
    ("5.7.1", "554 5.7.1 Service unavailable; Client host blocked"),
    ("4.4.1", "451 4.4.1 Connection timed out"),
)


def original(d: Dice, to: str, *, headers_only: bool = False) -> bytes:
    rows = [
        f"From: Laadpunt <{US}>",
        f"To: <{to}>",
        f"Subject: {d.our_subject()}",
        f"Message-ID: {d.our_id()}",
        f"Date: {d.at()}",
    ]
    kind = "text/rfc822-headers" if headers_only else "message/rfc822"
    body = "" if headers_only else "\nBeste klant,\n\nBijgaand de offerte.\n"
    return crlf(f"Content-Type: {kind}\n\n".encode() + "\n".join(rows).encode() + b"\n" + body.encode())


def status(d: Dice, to: str, action: str, code: str, text: str, *, kind: str = "message/delivery-status") -> bytes:
    rows = [f"Reporting-MTA: dns; mx.{d.domain()}", f"Arrival-Date: {d.at()}", ""]
    rows += [
        f"Final-Recipient: rfc822; {to}",
        f"Action: {action}",
        f"Status: {code}",
        f"Diagnostic-Code: smtp; {text.format(to=to)}",
    ]
    if d.random() < 0.5:
        rows.insert(3, f"Original-Recipient: rfc822;{to}")
    return crlf(f"Content-Type: {kind}\n\n".encode() + "\n".join(rows).encode() + b"\n")


def _report(
    d: Dice, headers: Headers, text: str, action: str, *, sub: str = "report", params: str = "; report-type=delivery-status"
) -> bytes:
    to = d.address()
    code, said = (
        ("4.4.1", CODES[5][1])
        if action == "delayed"
        else ("2.0.0", "250 ok")
        if action in ("relayed", "delivered", "expanded")
        else d.choice(CODES[:5])
    )
    parts = [d.part(text.replace("{to}", to).replace("{said}", said.format(to=to)), "plain"), status(d, to, action, code, said)]
    if d.random() < 0.85:
        parts.append(original(d, to, headers_only=d.random() < 0.3))
    return mail_of(headers, multipart(sub, parts, boundary=f"{d.getrandbits(60):x}.bnd/mx", params=params))


def _from(d: Dice, sender: str, subject: str, *extra: tuple[str, str]) -> Headers:
    return [*d.base(subject, sender=("From", sender)), *extra]


def exchange(d: Dice) -> bytes:
    d.language()
    subject = {"nl": "Onbestelbaar: ", "en": "Undeliverable: ", "fr": "Non remis : ", "de": "Unzustellbar: "}[
        d.lang
    ] + d.our_subject()
    sender = f"Microsoft Outlook <MicrosoftExchange{d.getrandbits(128):032x}@{d.domain()}>"
    extra: Headers = [("Auto-Submitted", "auto-replied"), ("X-MS-Exchange-Message-Is-Ndr", "")][d.randint(0, 2) :]
    return _report(
        d, [*_from(d, sender, subject, *extra), *d.answer()], "Your message to {to} couldn't be delivered.\n\n{said}\n", "failed"
    )


def exchange_flattened(d: Dice) -> bytes:
    """A gateway made one text of it."""
    d.language()
    subject = {"nl": "Onbestelbaar: ", "en": "Undeliverable: ", "fr": "Non remis : ", "de": "Unzustellbar: "}[
        d.lang
    ] + d.our_subject()
    text = d.said(
        nl="Uw bericht aan {mail} kan niet worden bezorgd.\n\nDe geadresseerde is niet gevonden: 550 5.1.10\n",
        en="Your message to {mail} couldn't be delivered.\n\n{mail} wasn't found at the domain. Remote Server returned '550 5.1.10'\n",
        fr="Impossible de remettre votre message à {mail}.\n\n550 5.1.10 destinataire introuvable\n",
        de="Ihre Nachricht an {mail} konnte nicht zugestellt werden.\n\n550 5.1.10 Empfänger nicht gefunden\n",
    )
    sender = d.choice(
        [
            f"postmaster@{d.domain()}",
            f"Mail Delivery Subsystem <MAILER-DAEMON@{d.domain()}>",
            f"Systeembeheerder <postmaster@{d.domain()}>",
        ]
    )
    return d.body(_from(d, sender, subject), text)


def postfix(d: Dice) -> bytes:
    text = (
        "This is the mail system at host mx.example.\n\nI'm sorry to have to inform you that your message could not\nbe delivered to one or "
        "more recipients.\n\n<{to}>: host mx.example said: {said}\n"
    )
    headers = _from(
        d,
        f"MAILER-DAEMON@{d.domain()} (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        ("Auto-Submitted", "auto-replied"),
    )
    return _report(d, headers[: -1 if d.random() < 0.3 else None], text, "failed")


def postfix_delay(d: Dice) -> bytes:
    text = "####\n# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n####\n\nYour message could not be delivered for more than 4 hour(s).\n"
    sender = f"Mail Delivery System <MAILER-DAEMON@{d.domain()}>"
    return _report(d, _from(d, sender, "Delayed Mail (still being retried)", ("Auto-Submitted", "auto-replied")), text, "delayed")


def exim(d: Dice) -> bytes:
    to = d.address()
    text = (
        f"This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\n"
        f"recipients. This is a permanent error. The following address(es) failed:\n\n  {to}\n    {d.choice(CODES[:5])[1].format(to=to)}\n\n"
        f"------ This is a copy of the message, including all the headers. ------\n\nMessage-ID: {d.our_id()}\nTo: {to}\n"
    )
    extra: Headers = [("Auto-Submitted", "auto-replied"), ("X-Failed-Recipients", to), ("Return-Path", "<>")][d.randint(0, 3) :]
    return d.body(
        _from(
            d, f"Mail Delivery System <Mailer-Daemon@{d.domain()}>", "Mail delivery failed: returning message to sender", *extra
        ),
        text,
    )


def exim_warning(d: Dice) -> bytes:
    text = (
        "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its\n"
        "recipients after more than 24 hours on the queue.\n\nNo action is required on your part.\n"
    )
    subject = f"Warning: message {d.getrandbits(40):x} delayed 24 hours"
    return d.body(_from(d, f"Mail Delivery System <Mailer-Daemon@{d.domain()}>", subject), text)


def gmail(d: Dice) -> bytes:
    d.language("nl", "en")
    text = d.said(
        nl="Adres niet gevonden\n\nJe bericht is niet bezorgd aan {mail}.\n",
        en="Address not found\n\nYour message wasn't delivered to {mail}.\n",
    )
    headers = _from(d, "Mail Delivery Subsystem <mailer-daemon@googlemail.example>", "Delivery Status Notification (Failure)")
    headers += [("X-Failed-Recipients", d.address()), ("Auto-Submitted", "auto-replied")][d.randint(0, 2) :]
    return _report(d, [*headers, *d.answer()], text, "failed")


def gmail_delay(d: Dice) -> bytes:
    headers = _from(d, "Mail Delivery Subsystem <mailer-daemon@googlemail.example>", "Delivery Status Notification (Delay)")
    return _report(
        d, headers, "Delivery incomplete\n\nThere was a temporary problem delivering your message to {to}.\n", "delayed"
    )


def sendmail(d: Dice) -> bytes:
    subject = d.choice(
        [
            "Returned mail: see transcript for details",
            "Returned mail: User unknown",
            "Warning: could not send message for past 4 hours",
        ]
    )
    action = "delayed" if subject.startswith("Warning") else "failed"
    text = "The original message was received at Sat, 21 Nov 2026\n\n   ----- The following addresses had permanent fatal errors -----\n<{to}>\n"
    extra: Headers = [("Auto-Submitted", "auto-generated (failure)")] if d.random() < 0.6 else []
    return _report(d, _from(d, f"Mail Delivery Subsystem <MAILER-DAEMON@{d.domain()}>", subject, *extra), text, action)


def qmail(d: Dice) -> bytes:
    text = (
        "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n"
        f"This is a permanent error; I've given up. Sorry it didn't work out.\n\n<{d.address()}>:\nSorry, no mailbox here by that name. (#5.1.1)\n"
    )
    return d.body(
        _from(d, f"MAILER-DAEMON@{d.domain()}", "failure notice", *([("Return-Path", "<>")] if d.random() < 0.5 else [])), text
    )


def successful(d: Dice) -> bytes:
    """Relayed, delivered, expanded: the sender had asked for it."""
    action = d.choice(["relayed", "delivered", "expanded"])
    headers = _from(
        d,
        f"postmaster@{d.domain()}",
        d.choice(["Successful Mail Delivery Report", "Relayed: Offerte", "Bezorgd: Offerte", "Delivered: Invoice"]),
    )
    return _report(d, headers, "This is the mail delivery agent.\n\nYour message was {to}: 250 ok\n", action)


def damaged_report(d: Dice) -> bytes:
    """A report whose parts are labelled wrongly, or whose boundary is gone."""
    sender = d.choice([f"MAILER-DAEMON@{d.domain()}", f"postmaster@{d.domain()}"])
    raw = _report(
        d,
        _from(d, sender, d.choice(["Delivery failure", "Undeliverable mail", "Mail System Error - Returned Mail"])),
        "Delivery to {to} failed.\n{said}\n",
        "failed",
        params=d.choice(["", "; report-type=delivery-status"]),
    )
    harm = d.randint(0, 3)
    if harm == 0:
        return raw.replace(b"message/delivery-status", b"text/plain")
    if harm == 1:
        return raw[: int(len(raw) * 0.7)]
    return raw.replace(b"multipart/report", b"multipart/mixed") if harm == 2 else raw.replace(b"message/rfc822", b"text/plain")


def gateway_refusal(d: Dice) -> bytes:
    """Filters between us and them."""
    d.language()
    subject = d.choice(
        [
            "[Postmaster] Email Delivery Failure",
            "Message blocked",
            "Mail could not be delivered",
            "Undeliverable message",
            "Uw bericht is geweigerd",
        ]
    )
    text = f"Your message to {d.address()} was rejected by our mail filter.\n\nReason: 550 5.7.1 Message rejected due to content restrictions\n"
    extra: Headers = d.choice([[("Auto-Submitted", "auto-generated")], [("Return-Path", "<>")], [("Precedence", "bulk")], []])
    return d.body(_from(d, f"postmaster@{d.domain()}", subject, *extra), text)


def receipt(d: Dice) -> bytes:
    d.language()
    marks = {
        "nl": ("Gelezen: ", "Niet gelezen: "),
        "en": ("Read: ", "Not read: "),
        "fr": ("Lu : ", "Non lu : "),
        "de": ("Gelesen: ", "Ungelesen: "),
    }[d.lang]
    which = d.randint(0, 1)
    subject = d.choice([marks[which] + d.our_subject(), f"Return Receipt (displayed) - {d.our_subject()}"])
    did = ("manual-action/MDN-sent-manually; displayed", "automatic-action/MDN-sent-automatically; deleted")[which]
    to = d.address()
    fields = f"Reporting-UA: x; Outlook\nFinal-Recipient: RFC822; {to}\nOriginal-Message-ID: {d.our_id()}\nDisposition: {did}\n"
    parts = [
        d.part(f"Your message was read on {d.at()}.\n", "plain"),
        crlf(b"Content-Type: message/disposition-notification\n\n" + fields.encode()),
    ]
    headers = [*d.base(subject, sender=d.sender(d.name(), to)), *d.answer()]
    return mail_of(
        headers, multipart("report", parts, boundary=f"b{d.getrandbits(50):x}", params="; report-type=disposition-notification")
    )


def receipt_flattened(d: Dice) -> bytes:
    """Programs that make a plain mail of it, with Exchange's wish or a class in the header."""
    d.language()
    mark = {"nl": "Gelezen: ", "en": "Read: ", "fr": "Lu : ", "de": "Gelesen: "}[d.lang]
    text = d.said(
        nl="Uw bericht\n\n   Aan: {name}\n   Onderwerp: {subject}\n\nis gelezen op {day}.\n",
        en="Your message\n\n   To: {name}\n   Subject: {subject}\n\nwas read on {day}.\n",
        fr="Votre message\n\n   À : {name}\n   Objet : {subject}\n\na été lu le {day}.\n",
        de="Ihre Nachricht\n\n   An: {name}\n\nwurde am {day} gelesen.\n",
    )
    extra: Headers = d.choice(
        [
            [("X-Auto-Response-Suppress", "DR, RN, NRN, OOF, AutoReply")],
            [("Content-Class", "urn:content-classes:mdn")],
            [("X-MS-TNEF-Correlator", "<x>"), ("X-Message-Class", "REPORT.IPM.Note.IPNRN"), ("Auto-Submitted", "auto-generated")],
        ]
    )
    name = d.name()
    return d.body([*d.base(mark + d.our_subject(), sender=d.sender(name, d.address(name))), *d.answer(), *extra], text)


def complaint(d: Dice) -> bytes:
    fields = f"Feedback-Type: abuse\nUser-Agent: SomeGenerator/1.0\nVersion: 1\nOriginal-Rcpt-To: {d.address()}\n"
    parts = [
        d.part("This is an email abuse report for an email message.\n", "plain"),
        crlf(b"Content-Type: message/feedback-report\n\n" + fields.encode()),
        original(d, d.address()),
    ]
    headers = _from(
        d,
        f"Abuse <{d.choice(['abuse', 'fbl', 'feedbackloop', 'staff'])}@{d.domain()}>",
        d.choice(["FW: " + d.our_subject(), "complaint about message"]),
    )
    return mail_of(
        headers, multipart("report", parts, boundary=f"f{d.getrandbits(50):x}", params="; report-type=feedback-report")
    )


SHAPES = (
    exchange,
    exchange_flattened,
    postfix,
    postfix_delay,
    exim,
    exim_warning,
    gmail,
    gmail_delay,
    sendmail,
    qmail,
    successful,
    damaged_report,
    gateway_refusal,
    receipt,
    receipt_flattened,
    complaint,
)
