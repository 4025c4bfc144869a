"""Newsletters, mailing lists and notifications of systems, as they come; names and addresses are invented."""

from __future__ import annotations

from tests.mail.corpus_tools import DAY, Headers, mail, mail_of, multipart, person, text_part

BULK, OTHER = "bulk", "other"
Entry = tuple[str, str, bytes]


def newsletters() -> list[Entry]:
    html = text_part("<h1>Aanbieding</h1><p>Kabels nu goedkoper.</p>", kind="html")
    offer = multipart("alternative", [text_part("Kabels nu goedkoper.\n"), html])
    mailchimp: Headers = [
        ("List-ID", "Nieuws <42.nieuws.example>"),
        ("List-Unsubscribe", "<https://x.example/u>, <mailto:u@x.example>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("X-Mailer", "MailChimp Mailer - **CID1**"),
        ("Feedback-ID", "123:123.456:us1:mc"),
    ]
    return [
        (
            "newsletter_mailchimp.eml",
            BULK,
            mail_of([*person("Kabels", "nieuws@kabels.example", "Aanbieding"), *mailchimp], offer),
        ),
        (
            "newsletter_unsubscribe_header_only.eml",
            BULK,
            mail_of(
                [*person("Groothandel", "marketing@groothandel.example", "Nieuw"), ("List-Unsubscribe", "<mailto:u@x.example>")],
                offer,
            ),
        ),
        (
            "newsletter_precedence_bulk.eml",
            BULK,
            mail_of([*person("Branche", "info@branche.example", "Weekbericht"), ("Precedence", "bulk")], offer),
        ),
        (
            "newsletter_laposta_feedback_id.eml",
            BULK,
            mail_of(
                [*person("Vereniging", "bestuur@vereniging.example", "Nieuwsbrief"), ("Feedback-ID", "laposta:campagne:77")],
                offer,
            ),
        ),
        (
            "mailing_list_mailman.eml",
            BULK,
            mail(
                [
                    *person("Collega Installateur", "collega@elders.example", "[techniek] Vraag over lastverdeling"),
                    ("List-Id", "Techniek <techniek.lijst.example>"),
                    ("List-Post", "<mailto:techniek@lijst.example>"),
                    ("Precedence", "list"),
                    ("X-Mailman-Version", "2.1.39"),
                ],
                "Wie heeft ervaring met lastverdeling?\n",
            ),
        ),
        (
            "mailing_list_google_group.eml",
            BULK,
            mail(
                [
                    *person("Lid", "lid@gmail.example", "Vraag"),
                    ("List-ID", "<groep.googlegroups.example>"),
                    ("Mailing-list", "list groep@x"),
                ],
                "Vraag?\n",
            ),
        ),
        (
            "newsletter_linkedin.eml",
            BULK,
            mail_of(
                [
                    *person("LinkedIn", "messages-noreply@linkedin.example", "Je hebt 3 berichten"),
                    ("List-Unsubscribe", "<https://l.example/u>"),
                ],
                offer,
            ),
        ),
    ]


def systems() -> list[Entry]:
    def system(name: str, address: str, subject: str, *extra: tuple[str, str]) -> bytes:
        return mail([*person(name, address, subject), *extra], "Zie het systeem voor de bijzonderheden.\n")

    return [
        (
            "jira_cloud_comment.eml",
            BULK,
            system(
                "Bob (Jira)",
                "jira@team.atlassian.example",
                "[JIRA] (LAAD-12) Storing",
                ("Precedence", "bulk"),
                ("X-JIRA-FingerPrint", "ab12"),
            ),
        ),
        (
            "github_notification.eml",
            BULK,
            system(
                "bob",
                "notifications@github.example",
                "Re: [laad/app] Fout (#12)",
                ("List-ID", "laad/app <app.laad.example>"),
                ("X-GitHub-Reason", "mention"),
                ("Precedence", "list"),
                ("X-Auto-Response-Suppress", "All"),
            ),
        ),
        (
            "azure_devops.eml",
            OTHER,
            system(
                "Azure DevOps",
                "azuredevops@microsoft.example",
                "Bug 12",
                ("Auto-Submitted", "auto-generated"),
                ("X-Auto-Response-Suppress", "All"),
            ),
        ),
        (
            "cron_report.eml",
            OTHER,
            system(
                "Cron Daemon",
                "root@server.example",
                "Cron <root@server> backup",
                ("X-Cron-Env", "<SHELL=/bin/sh>"),
                ("Auto-Submitted", "auto-generated"),
            ),
        ),
        ("parcel_no_reply.eml", OTHER, system("Bezorgdienst", "noreply@pakket.example", "Uw pakket komt vandaag")),
        (
            "invoice_do_not_reply.eml",
            OTHER,
            system("Boekhouding Online", "do-not-reply@boekhouding.example", "Factuur 2026-118 staat klaar"),
        ),
        ("bank_niet_beantwoorden.eml", OTHER, system("Bank", "niet-beantwoorden@bank.example", "Er is geld bijgeschreven")),
        (
            "shop_no_reply_with_reply_to_same_company.eml",
            OTHER,
            system("Winkel", "no-reply@winkel.example", "Bestelling", ("Reply-To", "klantenservice@winkel.example")),
        ),
        (
            "teams_missed_activity.eml",
            OTHER,
            system("Teams", "noreply@email.teams.example", "U hebt berichten gemist", ("X-Auto-Response-Suppress", "All")),
        ),
        ("scanner_no_sender.eml", OTHER, system("Scanner", "scan@kantoor.example", "Scan", ("Return-Path", "<>"))),
        (
            "monitoring_auto_notified.eml",
            OTHER,
            system("Bewaking", "alarm@server.example", "PROBLEM", ("Auto-Submitted", "auto-notified; owner-email=x")),
        ),
        ("ticket_system_loop_header.eml", OTHER, system("RT", "rt@it.example", "[rt #12] Opgelost", ("X-Loop", "rt@it.example"))),
        (
            "exchange_rule_forward.eml",
            OTHER,
            system("Oud adres", "oud@laadpunt.example", "FW: Vraag", ("X-MS-Exchange-Inbox-Rules-Loop", "oud@laadpunt.example")),
        ),
        (
            "our_own_automatic_mail_bounced_around.eml",
            "loop",
            mail(
                [
                    ("From", "doorstuurder@elders.example"),
                    ("Subject", "Bevestiging"),
                    ("Date", f"{DAY} 09:00:00 +0100"),
                    ("X-Switchyard-Delivery", "0199-abc"),
                ],
                "x\n",
            ),
        ),
    ]
