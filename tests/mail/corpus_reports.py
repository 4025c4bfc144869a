"""Delivery reports, receipts and complaints as the big mail systems write them."""

from __future__ import annotations

from tests.mail.corpus_tools import DAY, Headers, crlf, mail, mail_of, multipart, text_part

BOUNCE, RECEIPT, OTHER = "bounce", "receipt", "other"
SENT_ID = "t1042.m3xk9.0123456789abcdef@laadpunt.example"
LOST = "verdwenen@klant.example"
Entry = tuple[str, str, bytes]
Group = list[tuple[str, str]]


def original(to: str = LOST) -> bytes:
    headers: Headers = [
        ("From", "Installatie Service <service@laadpunt.example>"),
        ("To", to),
        ("Subject", "Uw afspraak"),
        ("Message-ID", f"<{SENT_ID}>"),
        ("Date", f"{DAY} 09:00:00 +0100"),
    ]
    return mail(headers, "Tot dinsdag.\n")


def daemon(address: str, subject: str, *extra: tuple[str, str], name: str = "Mail Delivery System") -> Headers:
    return [
        ("Return-Path", "<>"),
        ("From", f"{name} <{address}>"),
        ("To", "service@laadpunt.example"),
        ("Subject", subject),
        ("Date", f"{DAY} 09:00:05 +0100"),
        ("Message-ID", f"<bounce.{len(subject)}.{address}>"),
        ("MIME-Version", "1.0"),
        *extra,
    ]


def dsn(headers: Headers, text: str, groups: list[Group], *, last: bytes | None = None, boundary: str = "=_dsn_1") -> bytes:
    lines = "\n\n".join("\n".join(f"{name}: {value}" for name, value in group) for group in groups)
    parts = [text_part(text), crlf(f"Content-Type: message/delivery-status\n\n{lines}\n".encode())]
    if last is not None:
        parts.append(last)
    return mail_of(headers, multipart("report", parts, boundary=boundary, params="; report-type=delivery-status"))


def enclosed(content: bytes | None = None) -> bytes:
    return crlf(b"Content-Type: message/rfc822\n\n") + (content or original())


def recipient(action: str, status: str, diagnostic: str = "", address: str = LOST) -> Group:
    group = [("Final-Recipient", f"rfc822; {address}"), ("Action", action), ("Status", status)]
    return [*group, ("Diagnostic-Code", f"smtp; {diagnostic}")] if diagnostic else group


def report_mails() -> list[Entry]:
    return [*_standard(), *_plain(), *_receipts()]


def _standard() -> list[Entry]:
    mta: Group = [("Reporting-MTA", "dns; mx.provider.example"), ("Arrival-Date", f"{DAY} 09:00:00 +0100")]
    unknown = "550 5.1.1 <verdwenen@klant.example>: Recipient address rejected: User unknown"
    exchange = daemon(
        "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@laadpunt.example",
        "Onbestelbaar: Uw afspraak",
        ("Auto-Submitted", "auto-replied"),
        ("X-MS-Exchange-Message-Is-Ndr", ""),
        ("In-Reply-To", f"<{SENT_ID}>"),
        ("References", f"<{SENT_ID}>"),
        name="Microsoft Outlook",
    )
    headers_only = crlf(b"Content-Type: text/rfc822-headers\n\n") + original().split(b"\r\n\r\n")[0]
    return [
        (
            "bounce_postfix.eml",
            BOUNCE,
            dsn(
                daemon(
                    "MAILER-DAEMON@mx.provider.example", "Undelivered Mail Returned to Sender", ("Auto-Submitted", "auto-replied")
                ),
                "I'm sorry to have to inform you that your message could not be delivered.\n",
                [mta, recipient("failed", "5.1.1", unknown)],
                last=enclosed(),
            ),
        ),
        (
            "bounce_exchange_online_ndr.eml",
            BOUNCE,
            dsn(
                exchange,
                "Uw bericht kan niet worden bezorgd. Verdwenen is niet gevonden bij klant.example.\n",
                [mta, recipient("failed", "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found")],
            ),
        ),
        (
            "bounce_gmail.eml",
            BOUNCE,
            dsn(
                daemon(
                    "mailer-daemon@googlemail.example",
                    "Delivery Status Notification (Failure)",
                    ("X-Failed-Recipients", LOST),
                    ("Auto-Submitted", "auto-replied"),
                    name="Mail Delivery Subsystem",
                ),
                "** Adres niet gevonden **\n\nJe bericht is niet bezorgd aan verdwenen@klant.example.\n",
                [mta, recipient("failed", "5.1.1", "550-5.1.1 The email account that you tried to reach does not exist.")],
                last=enclosed(),
            ),
        ),
        (
            "bounce_mailbox_full_headers_only.eml",
            BOUNCE,
            dsn(
                daemon("postmaster@provider.example", "Mail delivery failed"),
                "The mailbox is full.\n",
                [mta, recipient("failed", "5.2.2", "552 5.2.2 Mailbox over quota")],
                last=headers_only,
            ),
        ),
        (
            "bounce_delayed.eml",
            BOUNCE,
            dsn(
                daemon("MAILER-DAEMON@mx.provider.example", "Delayed Mail (still being retried)"),
                "THIS IS A WARNING ONLY. YOU DO NOT NEED TO RESEND YOUR MESSAGE.\n",
                [mta, recipient("delayed", "4.4.1", "connect to mx.klant.example: Connection timed out")],
                last=headers_only,
            ),
        ),
        (
            "bounce_partial_two_recipients_one_delivered.eml",
            BOUNCE,
            dsn(
                daemon("MAILER-DAEMON@mx.provider.example", "Mail delivery report"),
                "One of two recipients failed.\n",
                [mta, recipient("failed", "5.1.1", unknown), recipient("delivered", "2.0.0", "250 OK", "bram@klant.example")],
                last=enclosed(original("verdwenen@klant.example, bram@klant.example")),
            ),
        ),
        (
            "bounce_sendmail_status_as_text_plain.eml",
            BOUNCE,
            dsn(
                daemon("MAILER-DAEMON@oud.example", "Returned mail: see transcript for details"),
                "----- The following addresses had permanent fatal errors -----\n",
                [mta, [("Original-Recipient", f"rfc822;{LOST}"), *recipient("failed", "5.0.0")]],
                last=enclosed(),
            ).replace(b"Content-Type: message/delivery-status", b"Content-Type: text/plain"),
        ),
        (
            "bounce_expired_after_days.eml",
            BOUNCE,
            dsn(
                daemon("MAILER-DAEMON@mx.provider.example", "Undelivered Mail Returned to Sender"),
                "Delivery expired.\n",
                [mta, recipient("failed", "4.4.7", "delivery temporarily suspended")],
                last=enclosed(),
            ),
        ),
        (
            "receipt_dsn_delivered.eml",
            RECEIPT,
            dsn(
                daemon("postmaster@mx.klant.example", "Bezorgd: Uw afspraak"),
                "Bezorgd.\n",
                [mta, recipient("delivered", "2.0.0")],
                last=headers_only,
            ),
        ),
    ]


def _plain() -> list[Entry]:
    copy = "\n".join(original().decode().splitlines())
    return [
        (
            "bounce_qmail.eml",
            BOUNCE,
            mail(
                daemon("MAILER-DAEMON@qmail.example", "failure notice"),
                "Hi. This is the qmail-send program at qmail.example.\nI'm afraid I wasn't able to deliver your "
                "message to the following addresses.\n"
                f"This is a permanent error; I've given up. Sorry it didn't work out.\n\n<{LOST}>:\nSorry, no mailbox "
                f"here by that name. (#5.1.1)\n\n"
                f"--- Below this line is a copy of the message.\n\n{copy}",
            ),
        ),
        (
            "bounce_exim.eml",
            BOUNCE,
            mail(
                daemon(
                    "Mailer-Daemon@exim.example",
                    "Mail delivery failed: returning message to sender",
                    ("X-Failed-Recipients", LOST),
                ),
                "This message was created automatically by mail delivery software.\n\nA message that you sent could "
                "not be delivered to one or more of its\n"
                f"recipients. This is a permanent error. The following address(es) failed:\n\n  {LOST}\n    host "
                f"mx.klant.example\n"
                "    SMTP error from remote mail server after RCPT TO:\n    550 User unknown\n\n"
                f"------ This is a copy of the message, including all the headers. ------\n\n{copy}",
            ),
        ),
        (
            "bounce_provider_nl_home_made.eml",
            BOUNCE,
            mail(
                daemon("postmaster@provider.example", "Uw bericht kon niet worden bezorgd"),
                f"Uw bericht aan {LOST} kon niet worden bezorgd: mailbox bestaat niet.\n\n----- Oorspronkelijk "
                f"bericht -----\n{copy}",
            ),
        ),
        (
            "bounce_exchange_2003.eml",
            BOUNCE,
            mail(
                daemon("postmaster@firma.example", "Undeliverable: Uw afspraak", name="System Administrator"),
                "Your message\n\n  To:      Verdwenen\n  Subject: Uw afspraak\n\ndid not reach the following recipient(s):\n\n"
                f"{LOST} on Sat, 21 Nov 2026\n    The e-mail account does not exist.\n    <mx.firma.example #5.1.1>\n",
            ),
        ),
        (
            "bounce_exim_warning_delayed.eml",
            BOUNCE,
            mail(
                daemon("Mailer-Daemon@exim.example", "Warning: message 1abc-00 delayed 24 hours"),
                "This message was created automatically by mail delivery software.\nA message that you sent has not "
                "yet been delivered to one or more of\n"
                f"its recipients after more than 24 hours on the queue.\n\n  {LOST}\n    Delay reason: Connection timed out\n\n"
                "No action is required on your part. Delivery attempts will continue for\nsome time.\n",
            ),
        ),
    ]


def _receipts() -> list[Entry]:
    def mdn(subject: str, disposition: str, text: str) -> bytes:
        fields = (
            "Reporting-UA: klant.example; Microsoft Outlook 16.0\nFinal-Recipient: rfc822;verdwenen@klant.example\n"
            f"Original-Message-ID: <{SENT_ID}>\nDisposition: {disposition}\n"
        )
        headers = [
            header for header in daemon("verdwenen@klant.example", subject, name="Verdwenen Klant") if header[0] != "Return-Path"
        ]
        parts = [text_part(text), crlf(b"Content-Type: message/disposition-notification\n\n" + fields.encode())]
        return mail_of(headers, multipart("report", parts, params="; report-type=disposition-notification"))

    complaint = crlf(
        b"Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: Provider/1.0\nVersion: "
        b"1\nOriginal-Rcpt-To: verdwenen@klant.example\n"
    )
    return [
        (
            "receipt_mdn_displayed.eml",
            RECEIPT,
            mdn("Gelezen: Uw afspraak", "manual-action/MDN-sent-manually; displayed", "Uw bericht is gelezen.\n"),
        ),
        (
            "receipt_mdn_deleted_unread.eml",
            RECEIPT,
            mdn(
                "Niet gelezen: Uw afspraak",
                "automatic-action/MDN-sent-automatically; deleted",
                "Uw bericht is verwijderd zonder te zijn gelezen.\n",
            ),
        ),
        (
            "complaint_arf.eml",
            OTHER,
            mail_of(
                daemon("fbl@provider.example", "FW: Uw afspraak"),
                multipart(
                    "report",
                    [text_part("This is an email abuse report.\n"), complaint, enclosed()],
                    params="; report-type=feedback-report",
                ),
            ),
        ),
    ]
