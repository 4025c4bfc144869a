"""Delivery reports say which message, which recipient, what happened and why."""

from __future__ import annotations

import pytest

from app.contract.base import DeliveryStatus, InboundMessage
from app.mail.bounce_reasons import make_reason
from tests.mail.corpus_odd import odd_mails
from tests.mail.corpus_reports import LOST, SENT_ID, daemon, dsn, enclosed, recipient, report_mails
from tests.mail.corpus_tools import crlf, mail
from tests.mail.parsing import read

REPORTS = {name: raw for name, _, raw in report_mails()}
WITHOUT_STATUS = [
    "bounce_delayed.eml",
    "bounce_exim_warning_delayed.eml",
    "receipt_mdn_deleted_unread.eml",
    "complaint_arf.eml",
    "bounce_exchange_2003.eml",  # names no message
]


def statuses(message: InboundMessage) -> list[tuple[DeliveryStatus, str | None, str | None]]:
    return [(update.status, update.rfc822_message_id, update.recipient) for update in message.bounces]


@pytest.mark.parametrize("name", [name for name in REPORTS if name.startswith("bounce_") and name not in WITHOUT_STATUS])
def test_a_bounce_names_our_message_its_recipient_and_a_reason(name: str) -> None:
    message = read(REPORTS[name])
    assert (DeliveryStatus.BOUNCED, SENT_ID, LOST) in statuses(message)
    assert message.evidence is not None
    assert message.evidence.bounced_message_ids == (SENT_ID,)
    reason = message.bounces[0].reason
    assert reason is not None
    assert reason.title
    assert reason.advice


@pytest.mark.parametrize("name", WITHOUT_STATUS)
def test_a_delay_an_unread_receipt_and_a_complaint_change_no_status_but_are_noted(name: str) -> None:
    message = read(REPORTS[name])
    assert message.bounces == ()
    assert message.meta["report"]["outcomes"][0]["recipient"] == LOST


def test_of_two_recipients_one_bounces_and_one_is_delivered() -> None:
    message = read(REPORTS["bounce_partial_two_recipients_one_delivered.eml"])
    assert statuses(message) == [
        (DeliveryStatus.BOUNCED, SENT_ID, LOST),
        (DeliveryStatus.DELIVERED, SENT_ID, "bram@klant.example"),
    ]


def test_a_read_receipt_says_read_and_a_delivery_receipt_delivered() -> None:
    assert statuses(read(REPORTS["receipt_mdn_displayed.eml"])) == [(DeliveryStatus.READ, SENT_ID, LOST)]
    assert statuses(read(REPORTS["receipt_dsn_delivered.eml"])) == [(DeliveryStatus.DELIVERED, SENT_ID, LOST)]


def test_the_address_we_wrote_to_wins_over_the_one_it_was_forwarded_to() -> None:
    group = [("Original-Recipient", f"rfc822; {LOST}"), *recipient("failed", "5.1.1", address="elders@andere.example")]
    message = read(dsn(daemon("MAILER-DAEMON@x.example", "Undelivered"), "x\n", [group], last=enclosed()))
    assert message.bounces[0].recipient == LOST


def test_a_report_that_names_no_recipient_is_about_the_one_the_original_went_to() -> None:
    message = read(dsn(daemon("MAILER-DAEMON@x.example", "Undelivered"), "x\n", [[("Reporting-MTA", "dns; x")]], last=enclosed()))
    assert statuses(message) == [(DeliveryStatus.BOUNCED, SENT_ID, LOST)]


def test_a_server_answer_folded_without_blanks_does_not_hide_the_fields_after_it() -> None:
    group = [("Diagnostic-Code", "smtp; 550-first line\n550 second line without a blank"), *recipient("failed", "5.7.1")]
    message = read(dsn(daemon("MAILER-DAEMON@x.example", "Undelivered"), "x\n", [group], last=enclosed()))
    assert statuses(message) == [(DeliveryStatus.BOUNCED, SENT_ID, LOST)]


def test_a_bounce_without_a_copy_is_joined_by_what_it_answers() -> None:
    headers = daemon("MAILER-DAEMON@x.example", "Undelivered", ("References", f"<een@x.example> <{SENT_ID}>"))
    assert statuses(read(dsn(headers, "x\n", [recipient("failed", "5.1.1")]))) == [(DeliveryStatus.BOUNCED, SENT_ID, LOST)]


def test_a_person_who_forwards_a_bounce_reports_nothing() -> None:
    raw = mail(
        [
            ("From", "els@klant.example"),
            ("Subject", "Fwd: Undelivered Mail Returned to Sender"),
            ("Message-ID", "<1@klant.example>"),
        ],
        crlf(b"Kijk eens:\n\n" + enclosed()),
    )
    message = read(raw)
    assert (message.automatic, message.bounces) == (None, ())


def test_ordinary_mail_bounces_nothing() -> None:
    assert all(read(raw).bounces == () for raw in odd_mails().values())


@pytest.mark.parametrize(
    ("status", "diagnostic", "title"),
    [
        ("5.1.1", "", "The address does not exist"),
        ("5.1.10", "", "The address does not exist"),
        ("5.2.2", "", "The mailbox is full"),
        ("4.4.7", "", "The receiving server could not be reached in time"),
        ("", "550 User unknown", "The address does not exist"),
        ("5.0.0", "552 over quota", "The mailbox is full"),
        ("", "554 message blocked as spam", "The recipient's policy rejected the message"),
        ("", "", "The receiving server refused the message"),
        ("9.9.9", "", "The message could not be delivered"),
    ],
)
def test_status_codes_and_server_words_become_a_reason(status: str, diagnostic: str, title: str) -> None:
    assert make_reason(status, diagnostic).title == title
